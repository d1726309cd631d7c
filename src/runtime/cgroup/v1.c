/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup v1, one hierarchy a controller or a few, and the hybrid layout with v2 beside them. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/fd.h"

/* A new cpuset is empty and takes no process until it has CPUs and memory nodes: those of its parent. */
static int inherit_cpuset(const struct cgroup_hierarchy *h, const char *file, struct err *e)
{
	char value[1024], up[64];
	ssize_t n = cgroup_read(h->fd, file, value, sizeof(value));

	if (n < 0)
		return err_set(e, (int)n, "cgroup: read %s", file);
	if (*value && *value != '\n')
		return 0;
	snprintf(up, sizeof(up), "../%s", file);
	n = cgroup_read(h->fd, up, value, sizeof(value));
	if (n < 0)
		return err_set(e, (int)n, "cgroup: read %s", up);
	return cgroup_write(h, file, value, e);
}

static int prepare(struct cgroup *c, struct cgroup_hierarchy *h, struct err *e)
{
	const struct cgroup_hierarchy *cpuset = cgroup_with(c, "cpuset");
	int r;

	if (!cpuset || !str_eq(cpuset->mount, h->mount))
		return 0;
	r = inherit_cpuset(h, "cpuset.cpus", e);
	return r < 0 ? r : inherit_cpuset(h, "cpuset.mems", e);
}

static const struct cgroup_hierarchy *of(const struct cgroup *c, const char *file, struct err *e)
{
	const struct cgroup_hierarchy *h;
	char controller[32];

	str_copy_n(controller, sizeof(controller), file, strcspn(file, "."));
	h = cgroup_with(c, controller);
	if (!h)
		err_text(e, -EOPNOTSUPP, "cgroup v1: no %s controller here, %s is asked for",
			 controller, file);
	return h;
}

/* The kernel keeps memory <= memory+swap at every step, so growing and shrinking differ in order. */
static int limit_size(const struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	struct cgroup_setting limit = {"memory.limit_in_bytes", r->mem_limit},
			      both = {"memory.memsw.limit_in_bytes", cgroup_memsw(r)};
	const struct cgroup_hierarchy *h;

	limit.n.set = limit.n.set && limit.n.v != 0;
	if (!limit.n.set && !both.n.set)
		return 0;
	h = of(c, limit.file, e);
	if (!h)
		return -EOPNOTSUPP;
	/* swapaccount=0: without swap space, or when no limit is meant, the promise holds by itself */
	if (!cgroup_has(h, both.file) && (both.n.v < 0 || cgroup_no_swap()))
		both.n.set = false;
	return cgroup_write_pair(h, limit, both, e);
}

static int limit_cpu(const struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	struct cgroup_setting period = {"cpu.cfs_period_us", r->cpu_period},
			      quota = {"cpu.cfs_quota_us", r->cpu_quota},
			      burst = {"cpu.cfs_burst_us", r->cpu_burst},
			      rt_period = {"cpu.rt_period_us", r->cpu_rt_period},
			      rt_runtime = {"cpu.rt_runtime_us", r->cpu_rt_runtime};
	const struct cgroup_hierarchy *h;
	struct err early = {0};
	int ret;

	period.n.set = period.n.set && period.n.v;
	quota.n.set = quota.n.set && quota.n.v;
	rt_period.n.set = rt_period.n.set && rt_period.n.v;
	rt_runtime.n.set = rt_runtime.n.set && rt_runtime.n.v;
	if (!period.n.set && !quota.n.set && !burst.n.set && !rt_period.n.set && !rt_runtime.n.set)
		return 0;
	h = of(c, period.file, e);
	if (!h)
		return -EOPNOTSUPP;
	/* a smaller burst must be there before a smaller quota, a greater one after a greater quota */
	if (burst.n.set && cgroup_write_num(h, burst.file, burst.n.v, &early) == 0)
		burst.n.set = false;
	ret = cgroup_write_pair(h, period, quota, e);
	if (ret == 0 && burst.n.set)
		ret = cgroup_write_num(h, burst.file, burst.n.v, e);
	return ret < 0 ? ret : cgroup_write_pair(h, rt_period, rt_runtime, e);
}

static int limit_cpuset(const struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	const struct cgroup_hierarchy *h;
	int ret = 0;

	if (str_empty(r->cpu_cpus) && str_empty(r->cpu_mems))
		return 0;
	h = of(c, "cpuset.cpus", e);
	if (!h)
		return -EOPNOTSUPP;
	if (!str_empty(r->cpu_cpus))
		ret = cgroup_write(h, "cpuset.cpus", r->cpu_cpus, e);
	if (ret == 0 && !str_empty(r->cpu_mems))
		ret = cgroup_write(h, "cpuset.mems", r->cpu_mems, e);
	return ret;
}

static int limit_net(const struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < r->n_net_prios && ret == 0; i++) {
		const struct cgroup_hierarchy *h = of(c, "net_prio.ifpriomap", e);
		char line[64];

		if (!h)
			return -EOPNOTSUPP;
		if (str_printf(line, sizeof(line), "%s %u", r->net_prios[i].name,
			       r->net_prios[i].priority) < 0)
			return err_text(e, -EINVAL, "there is no interface %.32s",
					r->net_prios[i].name);
		ret = cgroup_write(h, "net_prio.ifpriomap", line, e);
	}
	return ret;
}

/* Without rules in the document all but the usual devices are denied, if we can and may. */
static int limit_devices(const struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	struct err why = {0};
	const struct cgroup_hierarchy *h = of(c, "devices.allow", &why);
	int ret = h ? cgroup_v1_devices(h, r, &why) : -EOPNOTSUPP;

	if (!r->n_devices && (ret == -EPERM || ret == -EOPNOTSUPP))
		return 0;
	return ret < 0 ? err_text(e, ret, "%s", why.msg) : 0;
}

#define AT(member) (uint16_t) offsetof(struct oci_resources, member)

static int limit(struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	/* an idle cgroup takes no shares, so they come first, but after the end of being idle */
	static const struct cgroup_file idle[] = {{"cpu.idle", AT(cpu_idle), true, false}};
	static const struct cgroup_file files[] = {
		{"memory.use_hierarchy", AT(mem_use_hierarchy), true, false},
		{"memory.soft_limit_in_bytes", AT(mem_reservation), false, false},
		{"memory.swappiness", AT(mem_swappiness), true, false},
		{"memory.oom_control", AT(mem_disable_oom), false, false},
		{"cpu.shares", AT(cpu_shares), false, false},
		{"cpu.idle", AT(cpu_idle), false, false},
		{"pids.max", AT(pids_limit), false, true},
		{"blkio.leaf_weight", AT(io_leaf_weight), false, false},
		{"net_cls.classid", AT(net_class), false, false},
	};
	int ret;

	if (r->unified.n)
		return err_text(e, -EOPNOTSUPP,
				"invalid configuration: linux.resources.unified needs cgroup v2");
	ret = limit_size(c, r, e);
	if (ret == 0 && r->cpu_idle.set && !r->cpu_idle.v)
		ret = cgroup_limit(c, r, idle, 1, e);
	if (ret == 0)
		ret = cgroup_limit(c, r, files, ARRAY_LEN(files), e);
	if (ret == 0)
		ret = limit_cpu(c, r, e);
	if (ret == 0)
		ret = limit_cpuset(c, r, e);
	if (ret == 0)
		ret = cgroup_limit_lists(c, r, e);
	if (ret == 0)
		ret = limit_net(c, r, e);
	return ret < 0 || !c->devices ? ret : limit_devices(c, r, e);
}

const struct cgroup_ops cgroup_v1_ops = {
	.name = "v1", .prepare = prepare, .limit = limit, .of = of};
