/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup v2. Spec: runtime-spec "Control groups"; Documentation/admin-guide/cgroup-v2.rst. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/fd.h"

/*
 * Hand the controllers that there are to the level below. A cgroup that holds processes refuses
 * (EBUSY, EOPNOTSUPP): then a limit that needs the controller fails by its file's name.
 */
static void enable_controllers(int dir_fd)
{
	static const char *const wanted[] = {"cpuset", "cpu", "io", "memory", "pids"};
	char have[256], on[256], line[64];
	struct cgroup_hierarchy at = {.fd = dir_fd};

	if (cgroup_read(dir_fd, "cgroup.controllers", have, sizeof(have)) <= 1 ||
	    cgroup_read(dir_fd, "cgroup.subtree_control", on, sizeof(on)) < 0)
		return;
	at.path = (char *)(uintptr_t) "";
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		if (!strstr(have, wanted[i]) || strstr(on, wanted[i]))
			continue;
		snprintf(line, sizeof(line), "+%s", wanted[i]);
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

static int write_max(const struct cgroup_hierarchy *h, const char *file, int64_t value,
		     struct err *e)
{
	return value < 0 ? cgroup_write(h, file, "max", e) : cgroup_write_num(h, file, value, e);
}

/* Without swap space there is nothing to limit: a kernel without the file keeps the promise. */
static bool no_swap_space(void)
{
	char text[256];

	return cgroup_read(AT_FDCWD, "/proc/swaps", text, sizeof(text)) >= 0 &&
	       (!strchr(text, '\n') || !strchr(text, '\n')[1]);
}

static int limit_memory(const struct cgroup_hierarchy *h, const struct oci_resources *r,
			struct err *e)
{
	int64_t swap = r->mem_swap.v;
	int ret = 0;

	if (r->mem_disable_oom)
		return err_text(
			e, -EOPNOTSUPP,
			"linux.resources.memory.disableOOMKiller does not exist in cgroup v2");
	if (r->mem_swap.set && swap > 0) {
		if (!r->mem_limit.set || r->mem_limit.v < 0)
			return err_text(e, -EINVAL, "memory.swap needs memory.limit");
		swap -= r->mem_limit.v;
	}
	if (r->mem_swap.set && r->mem_swap.v != 0) {
		ret = write_max(h, "memory.swap.max", swap, e);
		if (ret == -ENOENT && no_swap_space())
			ret = 0;
	}
	if (ret == 0 && r->mem_limit.set && r->mem_limit.v != 0)
		ret = write_max(h, "memory.max", r->mem_limit.v, e);
	if (ret == 0 && r->mem_reservation.set && r->mem_reservation.v != 0)
		ret = write_max(h, "memory.low", r->mem_reservation.v, e);
	return ret;
}

static int limit_cpu(const struct cgroup_hierarchy *h, const struct oci_resources *r, struct err *e)
{
	char text[64];
	int ret = 0;

	/* 2..262144 onto 1..10000: the conversion of the runtime-spec's peers */
	if (r->cpu_shares.set && r->cpu_shares.v > 0) {
		int64_t shares = r->cpu_shares.v < 2 ? 2 : r->cpu_shares.v;

		ret = cgroup_write_num(h, "cpu.weight", 1 + (shares - 2) * 9999 / 262142, e);
	}
	if (ret == 0 && (r->cpu_quota.set || r->cpu_period.set)) {
		int64_t period =
			r->cpu_period.set && r->cpu_period.v > 0 ? r->cpu_period.v : 100000;

		if (r->cpu_quota.set && r->cpu_quota.v > 0)
			snprintf(text, sizeof(text), "%" PRId64 " %" PRId64, r->cpu_quota.v,
				 period);
		else
			snprintf(text, sizeof(text), "max %" PRId64, period);
		ret = cgroup_write(h, "cpu.max", text, e);
	}
	if (ret == 0 && r->cpu_burst.set)
		ret = cgroup_write_num(h, "cpu.max.burst", r->cpu_burst.v, e);
	if (ret == 0 && r->cpu_idle.set)
		ret = cgroup_write_num(h, "cpu.idle", r->cpu_idle.v, e);
	if (ret == 0 && !str_empty(r->cpu_cpus))
		ret = cgroup_write(h, "cpuset.cpus", r->cpu_cpus, e);
	if (ret == 0 && !str_empty(r->cpu_mems))
		ret = cgroup_write(h, "cpuset.mems", r->cpu_mems, e);
	return ret;
}

static int limit(struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	const struct cgroup_hierarchy *h = &c->h[0];
	int ret;

	if (r->mem_swappiness.set)
		return err_text(e, -EOPNOTSUPP,
				"linux.resources.memory.swappiness does not exist in cgroup v2");
	enable_ancestors(h);
	ret = cgroup_v2_devices(h, r, e);
	if (ret == 0)
		ret = limit_memory(h, r, e);
	if (ret == 0)
		ret = limit_cpu(h, r, e);
	if (ret == 0 && r->pids_limit.set && r->pids_limit.v != 0)
		ret = write_max(h, "pids.max", r->pids_limit.v, e);
	for (size_t i = 0; i < r->unified.n && ret == 0; i++)
		ret = cgroup_write(h, r->unified.v[i].key, r->unified.v[i].value, e);
	return ret;
}

const struct cgroup_ops cgroup_v2_ops = {.name = "v2", .limit = limit};
