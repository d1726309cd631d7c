/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/watch.h"

#define STATE_CAP (64 * 1024)

static int state_fd(const struct oci_state *state, enum oci_status status, struct err *e)
{
	static char text[STATE_CAP];
	auto_close int fd = -1;
	struct buf b;
	int r;

	buf_init(&b, text, sizeof(text));
	oci_state_print(&b, state, status);
	if (!buf_ok(&b))
		return err_text(e, -EFBIG, "the state for hooks is longer than %d bytes",
				STATE_CAP);
	fd = sys_memfd("state", 0);
	r = fd < 0 ? fd : sys_write_all(fd, b.p, b.len);
	return r < 0 ? err_set(e, r, "state for hooks") : take_fd(&fd);
}

/* Linux < 5.3 has nothing to wait on for a time. Return: the pid; 0 time is over */
static int wait_looking(pid_t pid, int timeout_ms, struct sys_exit *ret_exit)
{
	int64_t until = sys_now_ms() + timeout_ms;
	int r;

	while ((r = sys_wait(pid, WNOHANG, ret_exit)) == 0 && sys_now_ms() < until)
		sys_sleep_ms(10);
	return r;
}

static int wait_for(const struct oci_hook *h, pid_t pid, int pidfd, struct err *e)
{
	struct sys_exit x = {0};
	int ms = (int)(h->timeout_s.v > 86400 ? 86400 : h->timeout_s.v) * 1000;
	bool ended = false, late = false;
	int r = 1;

	if (h->timeout_s.set && pidfd >= 0)
		r = sys_poll_one(pidfd, POLLIN, ms);
	else if (h->timeout_s.set)
		ended = (r = wait_looking(pid, ms, &x)) > 0;
	if (r == 0) {
		late = true;
		sys_kill(pid, SIGKILL);
	}
	if (!ended)
		r = sys_wait(pid, 0, &x);
	if (r < 0)
		return err_set(e, r, "wait for %s", h->path);
	if (late)
		return err_text(e, -EIO, "%s: killed after its timeout of %d s", h->path,
				(int)h->timeout_s.v);
	if (x.signaled)
		return err_text(e, -EIO, "%s: killed by signal %d%s", h->path, x.code,
				x.code == SIGSYS ? " (bad system call)" : "");
	return x.code ? err_text(e, -EIO, "%s: exit status %d", h->path, x.code) : 0;
}

/*
 * The specification leaves open what a hook gets that names no environment. As with other runtimes it
 * is ours, where hooks look for PATH; the stage's, when its startContainer hooks run, is the container's.
 */
static const char *const *environment(const struct oci_hook *h)
{
	return (const char *const *)(h->env.v ? h->env.v : environ);
}

static int run_one(const struct oci_hook *h, int stdin_fd, struct err *e)
{
	const char *alone[] = {h->path, NULL};
	int fds[3] = {stdin_fd, 1, 2};
	struct sys_spawn spawn = {
		.path = h->path,
		.argv = h->args.n ? (const char *const *)h->args.v : alone,
		.envp = environment(h),
		.fds = fds,
		.n_fds = 3,
		.cgroup_fd = -1,
	};
	auto_close int pidfd = -1;
	pid_t pid;

	if (sys_seek(stdin_fd, 0, SEEK_SET) < 0)
		return err_set(e, -EIO, "state for hooks");
	pid = sys_spawn(&spawn, &pidfd);
	return pid < 0 ? err_set(e, pid, "%s", h->path) : wait_for(h, pid, pidfd, e);
}

int hooks_run(const struct oci_spec *s, enum oci_hook_kind kind, const struct oci_state *state,
	      enum oci_status status, struct err *e)
{
	const struct oci_hooks *hooks = &s->hooks[kind];
	auto_close int fd = -1;
	int r = 0;

	if (!hooks->n)
		return 0;
	fd = state_fd(state, status, e);
	if (fd < 0)
		return fd;
	for (size_t i = 0; i < hooks->n; i++) {
		r = run_one(&hooks->v[i], fd, e);
		if (r < 0)
			return err_wrap(e, "error running %s hook #%zu", oci_hook_names[kind], i);
	}
	return 0;
}
