/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "file/procfs.h"
#include "runtime/namespaces.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/proc.h"
#include "sys/sock.h"

#define MAX_WORDS (2 + 3 * OCI_MAX_IDMAPS)

struct map {
	const char *file, *tool;
	const struct oci_idmap *v;
	size_t n;
	uint32_t own; /* our id of this kind */
};

bool userns_needs_look(void)
{
	return sys_get_uid() != 0;
}

static int write_file(int *procfs, pid_t pid, const char *file, const void *text, size_t len,
		      struct err *e)
{
	char path[48];
	int r;

	snprintf(path, sizeof(path), "%d/%s", (int)pid, file);
	r = procfs_write(procfs, path, text, len);
	return r < 0 ? err_set(e, r, "write %s", file) : 0;
}

static int write_map(int *procfs, pid_t pid, const struct map *m, struct err *e)
{
	static char text[OCI_MAX_IDMAPS * 36];
	struct buf b;

	buf_init(&b, text, sizeof(text));
	for (size_t i = 0; i < m->n; i++)
		buf_printf(&b, "%u %u %u\n", m->v[i].container, m->v[i].host, m->v[i].size);
	return write_file(procfs, pid, m->file, b.p, b.len, e);
}

static int find_tool(const char *name, char *path, size_t cap)
{
	static const char *const dirs[] = {"/usr/bin", "/bin", "/usr/local/bin",
					   "/run/wrappers/bin"};
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		if (str_printf(path, cap, "%s/%s", dirs[i], name) > 0 &&
		    sys_statat(AT_FDCWD, path, &st, 0) == 0)
			return 0;
	return -ENOENT;
}

/* newuidmap PID inside outside count ... */
static int run_tool(pid_t pid, const struct map *m, struct err *e)
{
	static char numbers[MAX_WORDS][12], path[64];
	static const char *argv[MAX_WORDS + 1];
	const int fds[3] = {-1, -1, 2};
	struct sys_spawn s = {.path = path, .argv = argv, .fds = fds, .n_fds = 3, .cgroup_fd = -1};
	struct sys_exit x = {0};
	auto_close int pidfd = -1;
	size_t n = 0;
	int r = find_tool(m->tool, path, sizeof(path));

	if (r < 0)
		return err_text(e, r, "a map of more than our own id needs %s (package uidmap)",
				m->tool);
	argv[n++] = m->tool;
	snprintf(numbers[n], sizeof(numbers[n]), "%d", (int)pid);
	argv[n] = numbers[n];
	for (size_t i = 0; i < m->n; i++) {
		const uint32_t v[] = {m->v[i].container, m->v[i].host, m->v[i].size};

		for (size_t j = 0; j < 3; j++) {
			n++;
			snprintf(numbers[n], sizeof(numbers[n]), "%u", v[j]);
			argv[n] = numbers[n];
		}
	}
	argv[n + 1] = NULL;
	r = sys_spawn(&s, &pidfd);
	if (r >= 0)
		r = sys_wait(r, 0, &x);
	if (r < 0)
		return err_set(e, r, "%s", path);
	return sys_exit_code(x)
		       ? err_text(e, -EPERM, "%s ended with status %d", path, sys_exit_code(x))
		       : 0;
}

static int give(int *procfs, pid_t pid, const struct map *m, struct err *e)
{
	bool own = m->n == 1 && m->v[0].size == 1 && m->v[0].host == m->own;
	int r = 0;

	if (sys_get_uid() == 0)
		return write_map(procfs, pid, m, e);
	if (!own)
		return run_tool(pid, m, e);
	if (m->file[0] == 'g') /* else groups could be dropped that forbid something */
		r = write_file(procfs, pid, "setgroups", "deny", 4, e);
	return r < 0 ? r : write_map(procfs, pid, m, e);
}

int userns_write_maps(pid_t pid, const struct oci_idmaps *m, struct err *e)
{
	const struct map maps[] = {
		{"uid_map", "newuidmap", m->uid, m->n_uid, sys_get_uid()},
		{"gid_map", "newgidmap", m->gid, m->n_gid, sys_get_gid()},
	};
	auto_close int procfs = -1;
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(maps) && r == 0; i++)
		if (maps[i].n)
			r = give(&procfs, pid, &maps[i], e);
	return r;
}

int userns_open(const struct oci_idmaps *m, struct err *e)
{
	struct sys_clone how = {.flags = CLONE_NEWUSER, .cgroup_fd = -1};
	auto_close int pidfd = -1;
	auto_close int ours = -1;
	auto_close int theirs = -1;
	struct sys_exit ignored;
	int pair[2], fd = -1, r = sys_socketpair_seqpacket(pair);
	bool born;
	char end;
	pid_t pid;

	if (r < 0)
		return err_set(e, r, "socket pair");
	ours = pair[0];
	theirs = pair[1];
	pid = sys_clone(&how, &pidfd, &born);
	if (pid < 0)
		return err_set(e, pid, "new user namespace");
	if (pid == 0) { /* there until we are done, or gone */
		sys_close(ours);
		(void)!sys_read(theirs, &end, 1);
		sys_exit_now(0);
	}
	r = userns_write_maps(pid, m, e);
	if (r == 0)
		r = fd = ns_open_of(pid, OCI_NS_USER, e);
	sys_kill(pid, SIGKILL);
	sys_wait(pid, 0, &ignored);
	return r < 0 ? r : fd;
}
