/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources as a table, for all that is the same for every number; and updates. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "oci/spec.h"

#define AT(member) (uint16_t) offsetof(struct oci_resources, member)
#define ANY	   INT64_MAX

/* Spec: runtime-spec "Control groups". Bounds: what the kernel or the specification says; 0 is "leave it" where the kernel has no 0. */
const struct oci_limit oci_limits[OCI_LIMIT_COUNT] = {
	{"memory", "limit", AT(mem_limit), false, -1, ANY},
	{"memory", "reservation", AT(mem_reservation), false, -1, ANY},
	{"memory", "swap", AT(mem_swap), false, -1, ANY},
	{"memory", "kernel", AT(mem_kernel), false, -1, ANY},
	{"memory", "kernelTCP", AT(mem_kernel_tcp), false, -1, ANY},
	{"memory", "swappiness", AT(mem_swappiness), false, 0, 200},
	{"memory", "disableOOMKiller", AT(mem_disable_oom), true, 0, 1},
	{"memory", "useHierarchy", AT(mem_use_hierarchy), true, 0, 1},
	{"memory", "checkBeforeUpdate", AT(mem_check_before_update), true, 0, 1},
	{"cpu", "shares", AT(cpu_shares), false, 0, 262144},
	{"cpu", "quota", AT(cpu_quota), false, -1, ANY},
	{"cpu", "period", AT(cpu_period), false, 0, 1000000},
	{"cpu", "burst", AT(cpu_burst), false, 0, ANY},
	{"cpu", "idle", AT(cpu_idle), false, 0, 1},
	{"cpu", "realtimeRuntime", AT(cpu_rt_runtime), false, -1, ANY},
	{"cpu", "realtimePeriod", AT(cpu_rt_period), false, 0, ANY},
	{"pids", "limit", AT(pids_limit), false, -1, ANY},
	{"blockIO", "weight", AT(io_weight), false, 0, 1000},
	{"blockIO", "leafWeight", AT(io_leaf_weight), false, 0, 1000},
	{"network", "classID", AT(net_class), false, 0, UINT32_MAX},
};

const char *const oci_throttle_names[OCI_THROTTLE_COUNT] = {
#define X(id, text) text,
	OCI_THROTTLES(X)
#undef X
};

static int merge_weights(struct oci_resources *r, const struct oci_resources *more, struct arena *a)
{
	size_t n = r->n_io_weights;
	struct oci_io_weight *v = arena_array(a, n + more->n_io_weights, sizeof(*v));

	if (!v)
		return -ENOMEM;
	if (n)
		memcpy(v, r->io_weights, n * sizeof(*v));
	for (size_t i = 0; i < more->n_io_weights; i++) {
		const struct oci_io_weight *w = &more->io_weights[i];
		size_t at = 0;

		while (at < n && (v[at].major != w->major || v[at].minor != w->minor))
			at++;
		if (at == n)
			v[n++] = *w;
		if (w->weight.set)
			v[at].weight = w->weight;
		if (w->leaf_weight.set)
			v[at].leaf_weight = w->leaf_weight;
	}
	r->io_weights = v;
	r->n_io_weights = n;
	return 0;
}

static int merge_rates(struct oci_io_rates *l, const struct oci_io_rates *more, struct arena *a)
{
	struct oci_io_rate *v = arena_array(a, l->n + more->n, sizeof(*v));
	size_t n = l->n;

	if (!v)
		return -ENOMEM;
	if (n)
		memcpy(v, l->v, n * sizeof(*v));
	for (size_t i = 0; i < more->n; i++) {
		size_t at = 0;

		while (at < n &&
		       (v[at].major != more->v[i].major || v[at].minor != more->v[i].minor))
			at++;
		v[at] = more->v[i];
		n += at == n;
	}
	*l = (struct oci_io_rates){v, n};
	return 0;
}

int oci_resources_merge(struct oci_resources *r, const struct oci_resources *more, struct arena *a)
{
	int ret = more->n_io_weights ? merge_weights(r, more, a) : 0;

	for (size_t k = 0; k < OCI_THROTTLE_COUNT && ret == 0; k++)
		if (more->io_rates[k].n)
			ret = merge_rates(&r->io_rates[k], &more->io_rates[k], a);
	for (size_t i = 0; i < OCI_LIMIT_COUNT; i++) {
		const struct oci_num *n = (const void *)((const char *)more + oci_limits[i].at);

		if (n->set)
			*oci_num_at(r, oci_limits[i].at) = *n;
	}
	if (!str_empty(more->cpu_cpus))
		r->cpu_cpus = more->cpu_cpus;
	if (!str_empty(more->cpu_mems))
		r->cpu_mems = more->cpu_mems;
	if (more->n_huge_pages) {
		r->huge_pages = more->huge_pages;
		r->n_huge_pages = more->n_huge_pages;
	}
	if (more->n_net_prios) {
		r->net_prios = more->net_prios;
		r->n_net_prios = more->n_net_prios;
	}
	if (more->n_rdma) {
		r->rdma = more->rdma;
		r->n_rdma = more->n_rdma;
	}
	if (more->unified.n)
		r->unified = more->unified;
	return ret;
}
