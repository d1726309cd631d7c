/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** struct sys_exit - how a process ended */
struct sys_exit {
	bool signaled;
	int code; /* exit status, or the signal's number */
};

/** sys_exit_code() - Docker's number: the status, or 128 + signal */
static inline int sys_exit_code(struct sys_exit x)
{
	return x.signaled ? 128 + x.code : x.code;
}

/** struct sys_spawn - what sys_spawn() starts */
struct sys_spawn {
	const char *path;	 /* absolute; "/proc/self/exe" for ourselves */
	const char *const *argv; /* NULL-terminated */
	const char *const *envp; /* NULL-terminated; NULL = empty environment */
	const int *fds;		 /* fds[i] becomes descriptor i of the child; -1 = /dev/null */
	size_t n_fds;		 /* at least 3; everything else is closed */
	int cgroup_fd;		 /* v2 cgroup directory to be born in, or -1 */
	/*
	 * NULL or NULL-terminated list of cgroup.procs/tasks paths the child writes "0" to before
	 * exec (v1, or v2 without clone3)
	 */
	const char *const *cgroup_procs;
	bool new_session;	 /* setsid() */
	int parent_death_signal; /* 0 = none */
};

/**
 * sys_spawn() - start a process: clone3 with pidfd (fallback fork + pidfd_open), reset of signal mask and
 * dispositions, descriptors, exec
 *
 * Blocks until the exec has happened or failed, so a failing exec is this call's error. On kernels
 * without pidfd (< 5.3) *ret_pidfd is -1 and SIGCHLD by loop/ is the way to learn of the end.
 *
 * Return: the pid; -errno (ENOENT, EACCES, ... of exec as well).
 */
pid_t sys_spawn(const struct sys_spawn *s, int *ret_pidfd);

int sys_pidfd_open(pid_t pid);
int sys_pidfd_signal(int pidfd, int sig);

/** sys_signal_process() - by @pidfd; by number if that is -1 or the kernel cannot */
int sys_signal_process(pid_t pid, int pidfd, int sig);

/** sys_pidfd_getfd() - copy of another process's descriptor; -ENOSYS below Linux 5.6 */
int sys_pidfd_getfd(int pidfd, int number);
int sys_kill(pid_t pid, int sig);	   /* pid > 1 or -EINVAL */
int sys_kill_group(pid_t leader, int sig); /* all of its process group; leader > 1 or -EINVAL */

/** sys_wait() - reap @pid (or any child if -1). @flags: WNOHANG. Return: the pid; 0 none yet; -ECHILD */
pid_t sys_wait(pid_t pid, int flags, struct sys_exit *ret_exit);
int sys_set_subreaper(bool on);
int sys_set_death_signal(int sig);
int sys_set_name(const char *name);
int sys_set_oom_score_adj(int value);

pid_t sys_getpid(void);
pid_t sys_getppid(void);
_Noreturn void sys_exit_now(int status); /* without atexit handlers and stdio */

/** sys_has_call() - does the kernel have system call @nr? Asked with arguments that no call takes */
bool sys_has_call(long nr);

/** sys_proc_start_time() - field 22 of /proc/PID/stat in clock ticks: tells a reused pid. Return: 0; -ESRCH */
int sys_proc_start_time(pid_t pid, uint64_t *ret_ticks);

/** sys_proc_stat() - the same and field 3, the state: 'Z' has ended but nobody has asked for it */
int sys_proc_stat(pid_t pid, char *ret_state, uint64_t *ret_ticks);

int64_t sys_now_ms(void); /* CLOCK_MONOTONIC */
void sys_realtime(int64_t *ret_s, uint32_t *ret_ns);
int sys_set_realtime(int64_t s);
int sys_random(void *buf, size_t len); /* getrandom(2), blocks until the kernel's pool is ready */
