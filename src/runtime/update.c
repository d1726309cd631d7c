/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of a running container, changed. Only what is asked for is written, and beside it what the kernel
 * checks it against: memory with swap, quota with period. Invariant: resources.json in the state
 * directory holds what is in force after create and all updates that succeeded.
 */
#include <errno.h>
#include <string.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/rdt.h"
#include "runtime/runtime.h"
#include "runtime/statedir.h"
#include "runtime/systemd/systemd.h"
#include "sys/fd.h"

/* The document's @want, completed from @all for those that go together. */
static struct oci_resources with_partners(const struct oci_resources *want,
					  const struct oci_resources *all)
{
	struct oci_resources r = *want;

	if (want->mem_limit.set || want->mem_swap.set) {
		r.mem_limit = all->mem_limit;
		r.mem_swap = all->mem_swap;
	}
	if (want->cpu_quota.set || want->cpu_period.set) {
		r.cpu_quota = all->cpu_quota;
		r.cpu_period = all->cpu_period;
	}
	if (want->cpu_rt_runtime.set || want->cpu_rt_period.set) {
		r.cpu_rt_runtime = all->cpu_rt_runtime;
		r.cpu_rt_period = all->cpu_rt_period;
	}
	return r;
}

/* Of what was asked for, the numbers and sets that had a value before. */
static struct oci_resources before(const struct oci_resources *want,
				   const struct oci_resources *old)
{
	struct oci_resources r = {0};

	for (size_t i = 0; i < OCI_LIMIT_COUNT; i++) {
		size_t at = oci_limits[i].at;

		if (((const struct oci_num *)(const void *)((const char *)want + at))->set)
			*oci_num_at(&r, at) =
				*(const struct oci_num *)(const void *)((const char *)old + at);
	}
	r.cpu_cpus = want->cpu_cpus ? old->cpu_cpus : NULL;
	r.cpu_mems = want->cpu_mems ? old->cpu_mems : NULL;
	return r;
}

static int change(const struct found *f, const struct oci_resources *want,
		  const struct oci_resources *old, const struct oci_resources *all, struct arena *a,
		  struct err *e)
{
	struct oci_resources now = with_partners(want, all);
	struct cgroup c;
	int r = cgroup_reopen(&c, &f->state.cgroups, a, e);

	if (r < 0)
		return r;
	r = systemd_update(&f->state.unit, &now, e);
	if (r == 0)
		r = c.ops->limit(&c, &now, e);
	if (r < 0) {
		now = before(want, old);
		systemd_update(&f->state.unit, &now, NULL);
		c.ops->limit(&c, &now, NULL);
	}
	cgroup_close(&c);
	return r;
}

static int change_rdt(struct runtime *rt, const struct found *f, const char *l3_cache,
		      const char *mem_bw, struct err *e)
{
	static struct oci_spec spec;
	int r = statedir_load_config(rt, f->dir_fd, &spec, e);

	return r < 0 ? r : rdt_update(&spec.rdt, f->state.id, l3_cache, mem_bw, e);
}

int runtime_update(struct runtime *rt, const char *id, const struct oci_resources *want,
		   const char *l3_cache, const char *mem_bw, struct err *e)
{
	struct oci_resources old, all;
	struct found f;
	int r = statedir_find(rt, id, &f, e);

	if (r < 0)
		return r;
	if (f.status == OCI_STOPPED || f.status == OCI_CREATING)
		r = err_text(e, -EINVAL, "cannot update container %s: it is %s", id,
			     oci_status_name(f.status));
	if (r == 0)
		r = statedir_load_resources(rt, f.dir_fd, &old, e);
	if (r == 0) {
		all = old;
		r = oci_resources_merge(&all, want, &rt->arena);
		/* unlimited memory with an older limit of swap: lifted too, unless it is asked for */
		if (want->mem_limit.v < 0 && !want->mem_swap.set)
			all.mem_swap = (struct oci_num){0};
		if (r < 0)
			err_set(e, r, "resources");
	}
	if (r == 0)
		r = change(&f, want, &old, &all, &rt->arena, e);
	if (r == 0 && (l3_cache || mem_bw))
		r = change_rdt(rt, &f, l3_cache, mem_bw, e);
	if (r == 0)
		r = statedir_save_resources(f.dir_fd, &all, e);
	sys_close(f.dir_fd);
	return r;
}
