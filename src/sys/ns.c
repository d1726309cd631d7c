/* SPDX-License-Identifier: Apache-2.0 */
/* Processes in namespaces: clone, unshare, setns, exec, and the signals around them. */
#include "sys/ns.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sys/proc.h"
#include "sys/ret.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

static pid_t clone3(const struct sys_clone *c, bool into_cgroup, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = c->flags | CLONE_PIDFD | (into_cgroup ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		/* a brother ends as we do */
		.exit_signal = c->flags & CLONE_PARENT ? 0 : SIGCHLD,
		.cgroup = into_cgroup ? (uint64_t)c->cgroup_fd : 0,
	};

	return SYS_RET(syscall(SYS_clone3, &args,
			       into_cgroup ? sizeof(args) : (size_t)CLONE_ARGS_SIZE_VER0));
}

static bool not_known(pid_t r)
{
	return r == -ENOSYS || r == -E2BIG || r == -EINVAL;
}

pid_t sys_clone(const struct sys_clone *c, int *ret_pidfd, bool *ret_in_cgroup)
{
	pid_t pid;

	*ret_pidfd = -1;
	*ret_in_cgroup = c->cgroup_fd >= 0;
	if (c->cgroup_fd >= 0) {
		pid = clone3(c, true, ret_pidfd);
		if (!not_known(pid))
			return pid;
		*ret_in_cgroup = false;
	}
	pid = clone3(c, false, ret_pidfd);
	if (pid != -ENOSYS)
		return pid;
	/* Linux < 5.3: the first three arguments of clone(2) are the same everywhere we run */
	pid = SYS_RET(syscall(SYS_clone, (unsigned long)c->flags | SIGCHLD, 0UL, NULL, NULL, NULL));
	if (pid > 0)
		*ret_pidfd = sys_pidfd_open(pid);
	if (pid > 0 && *ret_pidfd < 0)
		*ret_pidfd = -1;
	return pid;
}

int sys_unshare(int flags)
{
	return SYS_RET(unshare(flags));
}

int sys_setns(int fd, int kinds)
{
	return SYS_RET(setns(fd, kinds));
}

int sys_set_hostname(const char *name)
{
	return SYS_RET(sethostname(name, strlen(name)));
}

int sys_set_domainname(const char *name)
{
	return SYS_RET(syscall(SYS_setdomainname, name, strlen(name)));
}

int sys_setsid(void)
{
	return SYS_RET(setsid());
}

int sys_exec(const char *path, char *const *argv, char *const *envp)
{
	return SYS_RET(execve(path, argv, envp));
}

int sys_exec_fd(int fd, char *const *argv, char *const *envp)
{
	return SYS_RET(syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH));
}

/* What may have been ignored by whoever called us; nobody ignores real-time signals. Past libc, which keeps two for itself. */
void sys_signals_reset(void)
{
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} dfl = {0}, old;
	uint64_t none = 0;

	for (int sig = 1; sig < 32; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		/* most are at their default: asking is one call instead of two, and changes nothing */
		if (syscall(SYS_rt_sigaction, sig, NULL, &old, 8) == 0 && old.handler)
			syscall(SYS_rt_sigaction, sig, &dfl, NULL, 8);
	}
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
}

static void end(int sig)
{
	_exit(128 + sig);
}

void sys_signals_end(void)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGTERM};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		signal(signals[i], end);
}

void sys_signals_block_all(void)
{
	uint64_t all = ~UINT64_C(0);

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
}

int sys_signal_wait(int timeout_ms)
{
	struct timespec ts = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
	sigset_t all;
	int r;

	sigfillset(&all);
	do
		r = SYS_RET(timeout_ms < 0 ? sigwaitinfo(&all, NULL)
					   : sigtimedwait(&all, NULL, &ts));
	while (r == -EINTR);
	return r;
}

void sys_signal_ignore(int sig)
{
	signal(sig, SIG_IGN);
}
