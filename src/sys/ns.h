/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

/** struct sys_clone - how a process is split off */
struct sys_clone {
	uint64_t flags; /* CLONE_NEW*, CLONE_PARENT */
	int cgroup_fd;	/* v2 directory to be born in, or -1 */
};

/**
 * sys_clone() - like fork(), into new namespaces
 * @ret_pidfd:    -1 on kernels without (< 5.2); only the parent's copy counts
 * @ret_in_cgroup: false if the kernel cannot (< 5.7): then the child has to enter by itself
 *
 * The child shares nothing with the parent; libc has not been told, so it makes plain calls only.
 *
 * Return: the pid; 0 in the child; -errno.
 */
pid_t sys_clone(const struct sys_clone *c, int *ret_pidfd, bool *ret_in_cgroup);

int sys_unshare(int flags);

/** sys_setns() - @fd: namespace file, or pidfd with several CLONE_NEW* in @kinds (Linux 5.8) */
int sys_setns(int fd, int kinds);
int sys_set_hostname(const char *name);
int sys_set_domainname(const char *name);
int sys_setsid(void);
int sys_exec(const char *path, char *const *argv, char *const *envp); /* only returns -errno */
int sys_exec_fd(int fd, char *const *argv, char *const *envp);

/** sys_signals_reset() - empty mask, default actions */
void sys_signals_reset(void);

/** sys_signals_end() - HUP, INT and TERM end us even as the first process of a pid namespace, until the exec */
void sys_signals_end(void);

/** sys_signals_block_all() - from then on only sys_signal_wait() sees them */
void sys_signals_block_all(void);

/** sys_signal_wait() - next blocked signal. @timeout_ms -1 = for ever. Return: number; -EAGAIN time is over */
int sys_signal_wait(int timeout_ms);
void sys_signal_ignore(int sig);
