/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup v1, one hierarchy a controller or a few, and the hybrid layout with v2 beside them. */
#include <errno.h>
#include <fcntl.h>
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

static int need(struct cgroup *c, const char *controller, const struct cgroup_hierarchy **ret,
		struct err *e)
{
	*ret = cgroup_with(c, controller);
	if (*ret)
		return 0;
	return err_text(e, -EOPNOTSUPP,
			"a %s limit is asked for, but this machine has no %s cgroups", controller,
			controller);
}

/* The kernel keeps memory <= memory+swap at every step, so growing and shrinking differ in order. */
static int limit_size(const struct cgroup_hierarchy *h, const struct oci_resources *r,
		      struct err *e)
{
	bool limit = r->mem_limit.set && r->mem_limit.v != 0;
	bool swap = r->mem_swap.set && r->mem_swap.v != 0;
	int ret = 0;

	if (limit)
		ret = cgroup_write_num(h, "memory.limit_in_bytes", r->mem_limit.v, e);
	if (ret == 0 && swap)
		ret = cgroup_write_num(h, "memory.memsw.limit_in_bytes", r->mem_swap.v, e);
	if (ret == -EINVAL && limit && swap) {
		ret = cgroup_write_num(h, "memory.memsw.limit_in_bytes", r->mem_swap.v, e);
		if (ret == 0)
			ret = cgroup_write_num(h, "memory.limit_in_bytes", r->mem_limit.v, e);
	}
	return ret;
}

static bool swap_space(void)
{
	char text[256];

	return cgroup_read(AT_FDCWD, "/proc/swaps", text, sizeof(text)) < 0 ||
	       (strchr(text, '\n') && strchr(text, '\n')[1]);
}

static int limit_memory(struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	const struct cgroup_hierarchy *h;
	struct oci_resources want = *r;
	int ret;

	if (!r->mem_limit.set && !r->mem_swap.set && !r->mem_reservation.set &&
	    !r->mem_swappiness.set && !r->mem_disable_oom)
		return 0;
	ret = need(c, "memory", &h, e);
	if (ret == 0)
		ret = limit_size(h, &want, e);
	if (ret == -ENOENT && r->mem_swap.set && !swap_space()) {
		/* swapaccount=0, but there is no swap: the limit holds by itself */
		want.mem_swap.set = false;
		ret = limit_size(h, &want, e);
	}
	if (ret == 0 && r->mem_reservation.set && r->mem_reservation.v != 0)
		ret = cgroup_write_num(h, "memory.soft_limit_in_bytes", r->mem_reservation.v, e);
	if (ret == 0 && r->mem_swappiness.set)
		ret = cgroup_write_num(h, "memory.swappiness", r->mem_swappiness.v, e);
	if (ret == 0 && r->mem_disable_oom)
		ret = cgroup_write(h, "memory.oom_control", "1", e);
	return ret;
}

static int limit_cpu(struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	const struct cgroup_hierarchy *h;
	int ret;

	if (!r->cpu_shares.set && !r->cpu_quota.set && !r->cpu_period.set && !r->cpu_burst.set &&
	    !r->cpu_idle.set)
		return 0;
	ret = need(c, "cpu", &h, e);
	if (ret == 0 && r->cpu_shares.set && r->cpu_shares.v > 0)
		ret = cgroup_write_num(h, "cpu.shares", r->cpu_shares.v, e);
	if (ret == 0 && r->cpu_period.set && r->cpu_period.v > 0)
		ret = cgroup_write_num(h, "cpu.cfs_period_us", r->cpu_period.v, e);
	if (ret == 0 && r->cpu_quota.set && r->cpu_quota.v != 0)
		ret = cgroup_write_num(h, "cpu.cfs_quota_us", r->cpu_quota.v, e);
	if (ret == 0 && r->cpu_burst.set)
		ret = cgroup_write_num(h, "cpu.cfs_burst_us", r->cpu_burst.v, e);
	if (ret == 0 && r->cpu_idle.set)
		ret = cgroup_write_num(h, "cpu.idle", r->cpu_idle.v, e);
	return ret;
}

static int limit_cpuset(struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	const struct cgroup_hierarchy *h;
	int ret;

	if (str_empty(r->cpu_cpus) && str_empty(r->cpu_mems))
		return 0;
	ret = need(c, "cpuset", &h, e);
	if (ret == 0 && !str_empty(r->cpu_cpus))
		ret = cgroup_write(h, "cpuset.cpus", r->cpu_cpus, e);
	if (ret == 0 && !str_empty(r->cpu_mems))
		ret = cgroup_write(h, "cpuset.mems", r->cpu_mems, e);
	return ret;
}

static int limit_pids(struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	const struct cgroup_hierarchy *h;
	int ret;

	if (!r->pids_limit.set || r->pids_limit.v == 0)
		return 0;
	ret = need(c, "pids", &h, e);
	if (ret < 0)
		return ret;
	return r->pids_limit.v < 0 ? cgroup_write(h, "pids.max", "max", e)
				   : cgroup_write_num(h, "pids.max", r->pids_limit.v, e);
}

static int limit(struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	const struct cgroup_hierarchy *h;
	int ret;

	if (r->unified.n)
		return err_text(e, -EOPNOTSUPP, "linux.resources.unified needs cgroup v2");
	ret = limit_memory(c, r, e);
	if (ret == 0)
		ret = limit_cpu(c, r, e);
	if (ret == 0)
		ret = limit_cpuset(c, r, e);
	if (ret == 0)
		ret = limit_pids(c, r, e);
	if (ret < 0 || !r->n_devices)
		return ret;
	ret = need(c, "devices", &h, e);
	return ret < 0 ? ret : cgroup_v1_devices(h, r, e);
}

const struct cgroup_ops cgroup_v1_ops = {.name = "v1", .prepare = prepare, .limit = limit};
