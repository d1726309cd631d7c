/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory bound of a pull or push: its roles are started inside one cgroup, which the kernel
 * bounds, the page cache of what they write included. Without a memory controller the address-space
 * limits of the role table still bound each role; the same where the store is in memory, because
 * there the image itself would count and not fit.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/statfs.h>

#include "base/num.h"
#include "engine/pull_job.h"
#include "file/durable.h"
#include "sys/fd.h"

static bool store_in_memory(const struct store *s)
{
	struct statfs fs;

	return sys_statfs(s->root_fd, &fs) == 0 &&
	       (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

void pull_cgroup_make(struct pull_cgroup *g, const struct store *store, const char *parent,
		      const char *name)
{
	struct oci_resources limits = {
		.mem_limit = {.set = true, .v = CONFIG_PULL_MEMORY_KIB * 1024LL},
	};
	const struct cgroup_hierarchy *memory;
	char path[128];

	g->n = 0;
	g->procs[0] = NULL;
	arena_init(&g->arena, g->mem, sizeof(g->mem));
	if (store && store_in_memory(store))
		return;
	if (str_printf(path, sizeof(path), "%s/%s", parent, name) < 0 ||
	    cgroup_find(&g->cgroup, path, name, &g->arena, NULL) < 0)
		return;
	/* of v1's hierarchies no other: a cgroup has the processor's time of one process, a pull is four */
	memory = cgroup_with(&g->cgroup, "memory");
	if (memory) {
		g->cgroup.h[0] = *memory;
		g->cgroup.n = 1;
	}
	if (cgroup_create(&g->cgroup, &limits, NULL) < 0)
		return;
	for (size_t i = 0; i < g->cgroup.n; i++) {
		g->dirs[i] = g->cgroup.h[i].path;
		g->procs[i] = arena_printf(&g->arena, "%s/cgroup.procs", g->cgroup.h[i].path);
		if (!g->procs[i])
			break;
		g->n = i + 1;
	}
	g->procs[g->n] = NULL;
	cgroup_close(&g->cgroup);
}

void pull_cgroup_remove(struct pull_cgroup *g)
{
	struct oci_strs dirs = {.v = (char **)(uintptr_t)g->dirs, .n = g->n};

	if (g->n)
		cgroup_remove(&dirs, NULL);
	g->n = 0;
	g->procs[0] = NULL;
}

int pull_cgroup_reclaim(const struct pull *p)
{
	static const char *const files[] = {"memory.reclaim", "memory.force_empty"};
	char path[512];
	int fd;

	for (size_t i = 0; i < p->cgroup.n; i++)
		for (size_t k = 0; k < ARRAY_LEN(files); k++) {
			if (str_printf(path, sizeof(path), "%s/%s", p->cgroup.dirs[i], files[k]) <
			    0)
				continue;
			fd = sys_open(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
			if (fd >= 0)
				return fd;
		}
	return -1;
}

/* "name   12 kB" of a process' status. Return: bytes; 0 it is gone */
static uint64_t resident_peak(pid_t pid)
{
	char path[64], text[2048], *at;
	struct span rest;
	uint64_t kib = 0;
	bool found;
	ssize_t n;

	str_printf(path, sizeof(path), "/proc/%d/status", (int)pid);
	n = pid > 0 ? file_read(AT_FDCWD, path, text, sizeof(text) - 1, NULL) : 0;
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, "VmHWM:");
	if (at)
		num_u64(span_cut(span_trim(span_of(at + 6)), ' ', &rest, &found), UINT64_MAX / 1024,
			&kib);
	return kib * 1024;
}

uint64_t pull_cgroup_peak(const struct pull_cgroup *g, pid_t one, pid_t other)
{
	static const char *const files[] = {"memory.peak", "memory.max_usage_in_bytes"};
	uint64_t peak = resident_peak(one) + resident_peak(other), v;
	char path[512], text[32];

	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; k < ARRAY_LEN(files); k++) {
			ssize_t n = -1;

			if (str_printf(path, sizeof(path), "%s/%s", g->dirs[i], files[k]) > 0)
				n = file_read(AT_FDCWD, path, text, sizeof(text), NULL);
			if (n > 1 &&
			    num_u64((struct span){text, (size_t)n - 1}, UINT64_MAX, &v) == 0)
				peak = v;
		}
	return peak;
}

void pull_note_peak(struct pull *p)
{
	uint64_t peak =
		pull_cgroup_peak(&p->cgroup, p->layer->inflate.proc.pid, p->layer->unpack.proc.pid);

	if (peak > p->result.peak_bytes)
		p->result.peak_bytes = peak;
}

static void sweep(const char *cgroup_parent, const char *name)
{
	static char mem[4096];
	struct arena arena;
	struct cgroup g;
	char *paths[CGROUP_MAX_HIERARCHIES + 1] = {NULL};
	struct oci_strs dirs = {.v = paths};
	char path[128];

	arena_init(&arena, mem, sizeof(mem));
	if (str_printf(path, sizeof(path), "%s/%s", cgroup_parent, name) < 0 ||
	    cgroup_find(&g, path, name, &arena, NULL) < 0)
		return;
	for (size_t i = 0; i < g.n; i++)
		paths[dirs.n++] = g.h[i].path;
	cgroup_signal_all(&dirs, SIGKILL, NULL);
	cgroup_remove(&dirs, NULL);
}

void pull_sweep(const char *cgroup_parent)
{
	sweep(cgroup_parent, "pull");
	sweep(cgroup_parent, "push");
}
