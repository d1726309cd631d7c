/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Who a process is and what it may do. All act on the calling thread's process; there is one thread. */

int sys_set_groups(const gid_t *groups, size_t n);
int sys_set_gid(gid_t gid); /* real, effective, saved */
int sys_set_uid(uid_t uid);
uid_t sys_get_uid(void); /* effective */
gid_t sys_get_gid(void);

/** struct sys_caps - bit n = capability n */
struct sys_caps {
	uint64_t effective, permitted, inheritable;
};
int sys_get_caps(struct sys_caps *ret);
int sys_set_caps(const struct sys_caps *c);
int sys_drop_bounding(unsigned int cap); /* -EINVAL: the kernel does not know this capability */
int sys_ambient_clear(void);		 /* success on kernels without */
int sys_ambient_raise(unsigned int cap);
int sys_keep_caps(bool on); /* across a change from uid 0 */
int sys_set_no_new_privs(void);

/** sys_set_dumpable() - false: nobody without CAP_SYS_PTRACE over us may look at our memory, fds or /proc/PID/exe */
int sys_set_dumpable(bool on);
int sys_set_rlimit(int resource, uint64_t soft, uint64_t hard);

/** sys_raise_rlimit() - the hard limit of @pid (0: ours) to @hard if it is lower */
int sys_raise_rlimit(pid_t pid, int resource, uint64_t hard);
mode_t sys_set_umask(mode_t mask);
int sys_set_personality(unsigned long persona);

/**
 * sys_join_keyring() - a session keyring of this @name in our user namespace, made if there is none
 * @perm: KEY_POS_* and so on, or 0: as it is
 *
 * Return: 0; -ENOSYS a kernel without keys.
 */
int sys_join_keyring(const char *name, uint32_t perm);

struct sock_filter;
/**
 * sys_seccomp_load() - @flags: SECCOMP_FILTER_FLAG_*
 *
 * Return: 0, or with NEW_LISTENER the descriptor; -EACCES neither no_new_privs nor CAP_SYS_ADMIN; -EINVAL the
 * kernel does not know a flag; -EBUSY there is a listener already.
 */
int sys_seccomp_load(const struct sock_filter *program, size_t n, unsigned int flags);

/** sys_seccomp_flag() - does this kernel know @flag? */
bool sys_seccomp_flag(unsigned int flag);
