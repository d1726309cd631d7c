/* SPDX-License-Identifier: Apache-2.0 */
/* update: limits of a running container, from options or as a resources object. */
#include <errno.h>
#include <stddef.h>

#include "base/num.h"
#include "base/str.h"
#include "cmd/oci_opts.h"
#include "cmd/oci_verbs.h"

#define AT(member) offsetof(struct oci_resources, member)

static const struct number {
	const char *option;
	size_t at;
	bool bytes; /* "64m" too */
} numbers[] = {
	{"blkio-weight", AT(io_weight), false},
	{"cpu-period", AT(cpu_period), false},
	{"cpu-quota", AT(cpu_quota), false},
	{"cpu-burst", AT(cpu_burst), false},
	{"cpu-share", AT(cpu_shares), false},
	{"cpu-shares", AT(cpu_shares), false}, /* crun's */
	{"cpu-rt-period", AT(cpu_rt_period), false},
	{"cpu-rt-runtime", AT(cpu_rt_runtime), false},
	{"cpu-idle", AT(cpu_idle), false},
	{"pids-limit", AT(pids_limit), false},
	{"memory", AT(mem_limit), true},
	{"memory-reservation", AT(mem_reservation), true},
	{"memory-swap", AT(mem_swap), true},
	{"kernel-memory", AT(mem_kernel), true},
	{"kernel-memory-tcp", AT(mem_kernel_tcp), true},
};

static int64_t bound(size_t at, bool max)
{
	for (size_t i = 0; i < OCI_LIMIT_COUNT; i++)
		if (oci_limits[i].at == at)
			return max ? oci_limits[i].max : oci_limits[i].min;
	return 0;
}

static int read_number(const struct number *n, const char *text, struct oci_resources *r,
		       struct err *e)
{
	int64_t v, min = bound(n->at, false), max = bound(n->at, true);
	int ret = num_i64(span_of(text), min, max, &v);

	if (ret < 0 && n->bytes) {
		uint64_t bytes = 0;

		ret = num_bytes(span_of(text), &bytes);
		v = (int64_t)bytes;
		if (bytes > INT64_MAX)
			ret = -ERANGE;
	}
	if (ret < 0)
		return err_text(e, -EINVAL, "invalid value for --%s: \"%.32s\"", n->option, text);
	*oci_num_at(r, n->at) = (struct oci_num){true, v};
	return 0;
}

int oci_update_main(struct oci_cmd *c, int argc, char **argv)
{
	static struct oci_resources want;
	const char *values[ARRAY_LEN(numbers)] = {NULL}, *file = NULL, *l3 = NULL, *mb = NULL;
	const char *cpus = NULL, *mems = NULL;
	struct oci_opt opts[ARRAY_LEN(numbers) + 6] = {
		{.name = "resources", .letter = 'r', .value = &file, .arg = "FILE|-"},
		{.name = "cpuset-cpus", .value = &cpus},
		{.name = "cpuset-mems", .value = &mems},
		{.name = "l3-cache-schema", .value = &l3},
		{.name = "mem-bw-schema", .value = &mb},
	};
	struct err e = {0};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		opts[i + 5] = (struct oci_opt){.name = numbers[i].option, .value = &values[i]};
	if (oci_words(c, argc, argv, opts, 1, 1) < 0)
		return c->status;
	r = runtime_open(&c->rt, c->root, false, &e);
	if (r == 0 && file)
		r = runtime_read_resources(&c->rt, file, &want, &e);
	for (size_t i = 0; i < ARRAY_LEN(numbers) && r == 0 && !file; i++)
		if (values[i])
			r = read_number(&numbers[i], values[i], &want, &e);
	if (!file) {
		want.cpu_cpus = (char *)(uintptr_t)cpus;
		want.cpu_mems = (char *)(uintptr_t)mems;
	}
	if (r == 0)
		r = runtime_update(&c->rt, argv[0], &want, l3, mb, &e);
	if (r == 0 && (want.mem_kernel.set || want.mem_kernel_tcp.set))
		oci_tell(c, "warning", "kernel memory limits are ignored");
	return r < 0 ? oci_fail(c, &e, 1) : 0;
}
