/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/readiness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/create.h"
#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/proc.h"
#include "sys/sock.h"
#include "sys/watch.h"

#define FOLDER	"notify"
#define LOOK_MS 100 /* how often is the process looked at */

static int add_mount(struct oci_spec *s, struct arena *a, char *source, char *destination)
{
	static const char *const options[] = {"bind", "nosuid", "noexec", "nodev", "ro", NULL};
	struct oci_mount *v = arena_array(a, s->n_mounts + 1, sizeof(*v));

	if (!v || !source || !destination)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_mounts; i++)
		v[i] = s->mounts[i];
	v[s->n_mounts] = (struct oci_mount){
		.destination = destination,
		.type = (char *)(uintptr_t) "bind",
		.source = source,
		.options = {(char **)(uintptr_t)options, ARRAY_LEN(options) - 1},
	};
	s->mounts = v;
	s->n_mounts++;
	return 0;
}

int readiness_offer(struct creation *c, struct err *e)
{
	struct arena *a = &c->rt->arena;
	const char *at = *c->o->notify_socket == '/' ? c->o->notify_socket : "/run/notify";
	char path[PATH_MAX / 2], link[32];
	int r = sys_mkdir(c->dir_fd, FOLDER, 0755);

	snprintf(link, sizeof(link), "/proc/self/fd/%d", c->dir_fd);
	if (r == 0)
		r = sys_readlink(AT_FDCWD, link, path, sizeof(path));
	if (r >= 0)
		r = add_mount(&c->spec, a, arena_printf(a, "%s/" FOLDER, path),
			      arena_strdup(a, at));
	if (r == 0)
		r = creation_add_env(c, arena_printf(a, "NOTIFY_SOCKET=%s/" FOLDER, at));
	/* before the program can say anything; create leaves it to start */
	if (r == 0 && !c->by_pipe)
		r = c->ready_fd = readiness_listen(c->dir_fd);
	return r < 0 ? err_set(e, r, "socket for NOTIFY_SOCKET") : 0;
}

int readiness_listen(int state_fd)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/" FOLDER "/" FOLDER, state_fd);
	return sys_listen_unix(path, 0777, SOCK_DGRAM);
}

static int tell(const char *host, struct span ready, pid_t pid)
{
	auto_close int fd = sys_connect_unix(host, SOCK_DGRAM);
	char text[32];
	int n = snprintf(text, sizeof(text), "MAINPID=%d", (int)pid);
	ssize_t r = fd < 0 ? fd : sys_write(fd, ready.p, ready.len);

	if (r >= 0)
		r = sys_write(fd, text, (size_t)n);
	return r < 0 ? (int)r : 0;
}

int readiness_pass(int fd, const char *host, pid_t pid)
{
	char text[2048], state;
	uint64_t ticks;

	for (;;) {
		int r = sys_poll_one(fd, POLLIN, LOOK_MS);
		ssize_t n = r > 0 ? sys_read(fd, text, sizeof(text)) : 0;
		struct span rest = {text, n > 0 ? (size_t)n : 0};
		bool more = rest.len;

		if (r < 0)
			return r;
		while (more) {
			struct span line = span_cut(rest, '\n', &rest, &more);

			if (line.len > 6 && !memcmp(line.p, "READY=", 6))
				return tell(host, line, pid);
		}
		if (r == 0 && (sys_proc_stat(pid, &state, &ticks) < 0 || state == 'Z'))
			return 0;
	}
}

int readiness_pass_beside(int fd, const char *host, pid_t pid)
{
	struct sys_clone how = {.cgroup_fd = -1};
	int pidfd = -1;
	bool ignored;
	pid_t child = sys_clone(&how, &pidfd, &ignored);

	if (child == 0) {
		sys_set_death_signal(SIGKILL);
		readiness_pass(fd, host, pid);
		sys_exit_now(0);
	}
	sys_close(pidfd);
	return child < 0 ? (int)child : 0;
}
