/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_spawn(): the one place that forks. The child shares nothing but what is named: it resets
 * signals, moves its descriptors into place, closes the rest, enters its cgroups and executes. The
 * first failure travels as an errno through a close-on-exec pipe, so the parent knows the exec's
 * outcome when sys_spawn() returns. Between clone3 and exec the child makes plain system calls only:
 * libc has not been told about the new process.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/proc.h"
#include "sys/ret.h"

#define MAX_FDS 32

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

/* Every source is first moved above all targets, so that no target overwrites a source. */
static int place_fds(const struct sys_spawn *s, int *status_fd)
{
	int high[MAX_FDS], base = (int)s->n_fds;

	*status_fd = sys_dup(*status_fd, base);
	if (*status_fd < 0)
		return *status_fd;
	for (size_t i = 0; i < s->n_fds; i++) {
		int fd = s->fds[i] >= 0 ? s->fds[i] : sys_open(AT_FDCWD, "/dev/null", O_RDWR, 0);

		high[i] = fd < 0 ? fd : sys_dup(fd, base);
		if (high[i] < 0)
			return high[i];
	}
	for (int i = 0; i < base; i++) {
		int r = sys_dup_to(high[i], i);

		if (r < 0)
			return r;
	}
	return sys_close_from(base, status_fd, 1);
}

static int enter_cgroup_at(int dir_fd, const char *path)
{
	auto_close int fd = sys_open(dir_fd, path, O_WRONLY, 0);

	return fd < 0 ? fd : sys_write_all(fd, "0", 1);
}

static int enter_cgroups(const struct sys_spawn *s, bool born_there)
{
	int r = 0;

	if (s->cgroup_fd >= 0 && !born_there)
		r = enter_cgroup_at(s->cgroup_fd, "cgroup.procs");
	for (size_t i = 0; r == 0 && s->cgroup_procs && s->cgroup_procs[i]; i++)
		r = enter_cgroup_at(AT_FDCWD, s->cgroup_procs[i]);
	return r;
}

static int become(const struct sys_spawn *s, bool born_there, pid_t parent, int *status_fd)
{
	static const char *const no_environment[] = {NULL};
	int r;

	sys_signals_reset();
	r = enter_cgroups(s, born_there);
	if (r < 0)
		return r;
	if (s->new_session && setsid() < 0)
		return -errno;
	if (s->parent_death_signal) {
		r = sys_set_death_signal(s->parent_death_signal);
		if (r < 0)
			return r;
		if (getppid() != parent)
			return -ESRCH; /* the parent died before the signal was asked for */
	}
	r = place_fds(s, status_fd);
	if (r < 0)
		return r;
	execve(s->path, (char *const *)s->argv,
	       (char *const *)(s->envp ? s->envp : no_environment));
	return -errno;
}

static pid_t clone3_pidfd(int cgroup_fd, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};

	return SYS_RET(syscall(SYS_clone3, &args,
			       cgroup_fd >= 0 ? sizeof(args) : (size_t)CLONE_ARGS_SIZE_VER0));
}

/*
 * CLONE_INTO_CGROUP is Linux 5.7, clone3 5.3; container sandboxes answer ENOSYS or EPERM. Each step
 * down is decided by the errno. @ret_pidfd is only trusted in the parent.
 */
static pid_t start(const struct sys_spawn *s, int *ret_pidfd, bool *ret_born_there)
{
	pid_t pid = -ENOSYS;

	*ret_born_there = s->cgroup_fd >= 0;
	if (*ret_born_there)
		pid = clone3_pidfd(s->cgroup_fd, ret_pidfd);
	if (*ret_born_there && pid != -ENOSYS && pid != -EPERM && pid != -E2BIG && pid != -EINVAL)
		return pid;
	*ret_born_there = false;
	pid = clone3_pidfd(-1, ret_pidfd);
	if (pid != -ENOSYS && pid != -EPERM && pid != -EINVAL)
		return pid;
	*ret_pidfd = -1;
	pid = SYS_RET(fork());
	if (pid > 0)
		*ret_pidfd = sys_pidfd_open(pid);
	if (pid > 0 && *ret_pidfd < 0)
		*ret_pidfd = -1;
	return pid;
}

static int wait_for_exec(int fd)
{
	int r = 0;
	ssize_t n = sys_read_full(fd, &r, sizeof(r));

	if (n == 0)
		return 0; /* closed by exec */
	return n == (ssize_t)sizeof(r) && r < 0 ? r : -EIO;
}

pid_t sys_spawn(const struct sys_spawn *s, int *ret_pidfd)
{
	sigset_t all, old;
	int status[2], pidfd = -1, r;
	pid_t pid, parent = getpid();
	struct sys_exit ignored;
	bool born_there;

	if (s->n_fds < 3 || s->n_fds > MAX_FDS)
		return -EINVAL;
	r = sys_pipe(status, 0);
	if (r < 0)
		return r;
	/* no handler of ours may run in the child */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = start(s, &pidfd, &born_there);
	if (pid == 0) {
		r = become(s, born_there, parent, &status[1]);
		sys_write(status[1], &r, sizeof(r));
		_exit(127);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	sys_close(status[1]);
	r = pid < 0 ? pid : wait_for_exec(status[0]);
	sys_close(status[0]);
	if (r < 0) {
		if (pid > 0)
			sys_wait(pid, 0, &ignored);
		sys_close(pidfd);
		return r;
	}
	*ret_pidfd = pidfd;
	return pid;
}
