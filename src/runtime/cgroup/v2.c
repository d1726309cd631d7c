/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup v2. Spec: runtime-spec "Control groups"; Documentation/admin-guide/cgroup-v2.rst. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/str.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/fd.h"

/*
 * Hand all controllers that there are to the level below. A cgroup that holds processes refuses
 * (EBUSY, EOPNOTSUPP): then a limit that needs the controller fails by its file's name.
 */
static bool has_word(const char *text, struct span word)
{
	struct span rest = span_trim(span_of(text));
	bool more = true;

	while (more) {
		struct span w = span_cut(rest, ' ', &rest, &more);

		if (w.len == word.len && !memcmp(w.p, word.p, w.len))
			return true;
	}
	return false;
}

static void enable_controllers(int dir_fd)
{
	char have[256], on[256], line[64], empty[] = "";
	struct cgroup_hierarchy at = {.fd = dir_fd, .v2 = true, .path = empty};
	struct span rest;
	bool more = true;

	if (cgroup_read(dir_fd, "cgroup.controllers", have, sizeof(have)) <= 1 ||
	    cgroup_read(dir_fd, "cgroup.subtree_control", on, sizeof(on)) < 0)
		return;
	have[strcspn(have, "\n")] = on[strcspn(on, "\n")] = '\0';
	rest = span_of(have);
	while (more) {
		struct span w = span_cut(rest, ' ', &rest, &more);

		if (has_word(on, w))
			continue;
		snprintf(line, sizeof(line), "+%.*s", (int)w.len, w.p);
		cgroup_write(&at, "cgroup.subtree_control", line, NULL);
	}
}

/* From the root down to the parent of the container's cgroup; the root of a fresh mount has nothing to give. */
static void enable_ancestors(const struct cgroup_hierarchy *h)
{
	static char path[PATH_MAX];
	size_t len = strlen(h->mount);
	const char *end = strrchr(h->path, '/');

	while (end && len <= (size_t)(end - h->path)) {
		auto_close int fd = -1;

		if (str_copy_n(path, sizeof(path), h->path, len) < 0)
			return;
		fd = sys_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
		if (fd >= 0)
			enable_controllers(fd);
		len++;
		len += strcspn(h->path + len, "/");
	}
}

static const struct cgroup_hierarchy *of(const struct cgroup *c, const char *file, struct err *e)
{
	(void)file;
	(void)e;
	return &c->h[0];
}

/* v1 refuses a limit below what is in use, v2 kills: who wants to know asks for this check. */
static int check_usage(const struct cgroup_hierarchy *h, const struct oci_resources *r,
		       struct err *e)
{
	char text[32];
	uint64_t usage;

	if (!r->mem_check_before_update.v ||
	    cgroup_read(h->fd, "memory.current", text, sizeof(text)) < 0 ||
	    num_u64((struct span){text, strcspn(text, "\n")}, UINT64_MAX, &usage) < 0)
		return 0;
	if (r->mem_swap.v > 0 && (uint64_t)r->mem_swap.v <= usage)
		return err_text(e, -EBUSY,
				"rejecting memory+swap limit %" PRId64 " <= usage %" PRIu64,
				r->mem_swap.v, usage);
	if (r->mem_limit.v > 0 && (uint64_t)r->mem_limit.v <= usage)
		return err_text(e, -EBUSY, "rejecting memory limit %" PRId64 " <= usage %" PRIu64,
				r->mem_limit.v, usage);
	return 0;
}

/* The document has memory and swap together, as v1; v2 limits swap alone. */
static int limit_swap(const struct cgroup_hierarchy *h, const struct oci_resources *r,
		      struct err *e)
{
	struct oci_num both = cgroup_memsw(r);

	/* a 0 that stands alone: no swap, as crun; with a limit of memory it is "not given", as runc */
	if (r->mem_swap.set && !r->mem_swap.v && !r->mem_limit.set)
		return cgroup_has(h, "memory.swap.max") || !cgroup_no_swap()
			       ? cgroup_write(h, "memory.swap.max", "0", e)
			       : 0;
	/* no memory at all in both cannot be meant: no swap */
	if (r->mem_swap.set && r->mem_swap.v == 0 && !r->mem_limit.set)
		return cgroup_has(h, "memory.swap.max")
			       ? cgroup_write_num(h, "memory.swap.max", 0, e)
			       : 0;
	if (!both.set)
		return 0;
	if (!cgroup_has(h, "memory.swap.max") &&
	    (both.v < 0 || both.v == r->mem_limit.v || cgroup_no_swap()))
		return 0;
	if (both.v < 0)
		return cgroup_write(h, "memory.swap.max", "max", e);
	if (!r->mem_limit.set || r->mem_limit.v <= 0)
		return err_text(e, -EINVAL, "a limit of swap needs one of memory in cgroup v2");
	if (both.v < r->mem_limit.v)
		return err_text(e, -EINVAL, "memory and swap together are less than memory alone");
	return cgroup_write_num(h, "memory.swap.max", both.v - r->mem_limit.v, e);
}

static int limit_cpu(const struct cgroup_hierarchy *h, const struct oci_resources *r, struct err *e)
{
	bool quota = r->cpu_quota.set && r->cpu_quota.v != 0;
	bool period = r->cpu_period.set && r->cpu_period.v != 0;
	struct oci_num burst = r->cpu_burst;
	struct err early = {0};
	char text[64];
	int ret = 0;

	/* idle takes no weight, so it is the last to begin and the first to end */
	if (r->cpu_idle.set && !r->cpu_idle.v)
		ret = cgroup_write_num(h, "cpu.idle", 0, e);
	if (ret == 0 && r->cpu_shares.set && r->cpu_shares.v > 0)
		ret = cgroup_write_num(h, "cpu.weight", cgroup_weight(r->cpu_shares.v), e);
	if (ret == 0 && r->cpu_idle.v)
		ret = cgroup_write_num(h, "cpu.idle", 1, e);
	/* a smaller burst must be there before a smaller quota, a greater one after a greater quota */
	if (ret == 0 && burst.set && cgroup_write_num(h, "cpu.max.burst", burst.v, &early) == 0)
		burst.set = false;
	if (ret == 0 && (quota || period)) {
		int64_t us = period ? r->cpu_period.v : 100000; /* the kernel's default */

		if (quota && r->cpu_quota.v > 0)
			snprintf(text, sizeof(text), "%" PRId64 " %" PRId64, r->cpu_quota.v, us);
		else
			snprintf(text, sizeof(text), "max %" PRId64, us);
		ret = cgroup_write(h, "cpu.max", text, e);
	}
	if (ret == 0 && burst.set)
		ret = cgroup_write_num(h, "cpu.max.burst", burst.v, e);
	if (ret == 0 && !str_empty(r->cpu_cpus))
		ret = cgroup_write(h, "cpuset.cpus", r->cpu_cpus, e);
	if (ret == 0 && !str_empty(r->cpu_mems))
		ret = cgroup_write(h, "cpuset.mems", r->cpu_mems, e);
	return ret;
}

#define AT(member) (uint16_t) offsetof(struct oci_resources, member)

static int refuse_v1_only(const struct oci_resources *r, struct err *e)
{
	static const struct {
		uint16_t at;
		bool zero_too;
	} only[] = {
		{AT(mem_swappiness), true},  {AT(mem_disable_oom), false},
		{AT(io_leaf_weight), false}, {AT(cpu_rt_runtime), false},
		{AT(cpu_rt_period), false},  {AT(net_class), false},
	};

	for (size_t i = 0; i < ARRAY_LEN(only); i++) {
		const struct oci_num *n = (const void *)((const char *)r + only[i].at);

		if (!n->set || (!n->v && !only[i].zero_too))
			continue;
		for (size_t k = 0; k < OCI_LIMIT_COUNT; k++)
			if (oci_limits[k].at == only[i].at)
				return err_text(e, -EOPNOTSUPP,
						"linux.resources.%s.%s does not exist in cgroup v2",
						oci_limits[k].object, oci_limits[k].name);
	}
	if (r->mem_use_hierarchy.set && !r->mem_use_hierarchy.v)
		return err_text(e, -EOPNOTSUPP, "cgroup v2 always counts memory hierarchically");
	if (r->n_net_prios)
		return err_text(e, -EOPNOTSUPP,
				"linux.resources.network.priorities does not exist in cgroup v2");
	return 0;
}

/* Files like io.max take one device a write; a value has a line for each. */
static int write_lines(const struct cgroup_hierarchy *h, const char *file, const char *value,
		       struct err *e)
{
	char line[1024];
	int r;

	do {
		size_t n = strcspn(value, "\n");

		r = str_printf(line, sizeof(line), "%.*s", (int)n, value);
		r = r < 0 ? err_set(e, r, "cgroup v2: %s", file) : cgroup_write(h, file, line, e);
		value += n + (value[n] == '\n');
	} while (r >= 0 && *value);
	return r;
}

/* Last, because it wins over what was converted. Texts as crun's. */
static int limit_unified(const struct cgroup_hierarchy *h, const struct oci_kvs *files,
			 struct err *e)
{
	char have[256];

	for (size_t i = 0; i < files->n; i++) {
		const char *key = files->v[i].key;
		struct span controller = {key, strcspn(key, ".")};
		struct err why = {0};
		int r = write_lines(h, key, files->v[i].value, &why);

		if (r == -ENOENT && !span_eq(controller, "cgroup") &&
		    cgroup_read(h->fd, "cgroup.controllers", have, sizeof(have)) >= 0) {
			have[strcspn(have, "\n")] = '\0';
			if (!has_word(have, controller))
				return err_text(e, r,
						"cgroup v2: the requested cgroup controller `%.*s` "
						"is not available",
						(int)controller.len, controller.p);
		}
		if (r < 0)
			return err_text(e, r, "%s", why.msg);
	}
	return 0;
}

static int limit(struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	static const struct cgroup_file files[] = {
		{"memory.max", AT(mem_limit), false, true},
		{"memory.low", AT(mem_reservation), false, true},
		{"pids.max", AT(pids_limit), false, true},
	};
	const struct cgroup_hierarchy *h = &c->h[0];
	int ret = refuse_v1_only(r, e);

	if (ret < 0)
		return ret;
	enable_ancestors(h);
	ret = c->devices ? cgroup_v2_devices(h, r, e) : 0;
	if (ret == 0)
		ret = check_usage(h, r, e);
	if (ret == 0)
		ret = limit_swap(h, r, e);
	if (ret == 0)
		ret = cgroup_limit(c, r, files, ARRAY_LEN(files), e);
	if (ret == 0)
		ret = limit_cpu(h, r, e);
	if (ret == 0)
		ret = cgroup_limit_lists(c, r, e);
	return ret < 0 ? ret : limit_unified(h, &r->unified, e);
}

const struct cgroup_ops cgroup_v2_ops = {.name = "v2", .limit = limit, .of = of};
