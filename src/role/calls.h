/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/syscall.h>

#include "sys/seccomp.h"

/*
 * Numbers for the lists of src/roles.c. A call that some architecture lacks gets a number that the
 * filter compiler skips, so a list is written once: the 32-bit names beside the 64-bit ones, what
 * libc falls back to beside what it tries first.
 */

#ifndef SYS__llseek
#define SYS__llseek SYS_CALL_ABSENT
#endif
#ifndef SYS_clock_gettime
#define SYS_clock_gettime SYS_CALL_ABSENT
#endif
#ifndef SYS_clock_gettime64
#define SYS_clock_gettime64 SYS_CALL_ABSENT
#endif
#ifndef SYS_clock_nanosleep
#define SYS_clock_nanosleep SYS_CALL_ABSENT
#endif
#ifndef SYS_clock_nanosleep_time64
#define SYS_clock_nanosleep_time64 SYS_CALL_ABSENT
#endif
#ifndef SYS_epoll_wait
#define SYS_epoll_wait SYS_CALL_ABSENT
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 SYS_CALL_ABSENT
#endif
#ifndef SYS_fchown32
#define SYS_fchown32 SYS_CALL_ABSENT
#endif
#ifndef SYS_fcntl64
#define SYS_fcntl64 SYS_CALL_ABSENT
#endif
#ifndef SYS_fstat64
#define SYS_fstat64 SYS_CALL_ABSENT
#endif
#ifndef SYS_fstatat64
#define SYS_fstatat64 SYS_CALL_ABSENT
#endif
#ifndef SYS_fstatfs64
#define SYS_fstatfs64 SYS_CALL_ABSENT
#endif
#ifndef SYS_ftruncate64
#define SYS_ftruncate64 SYS_CALL_ABSENT
#endif
#ifndef SYS_gettimeofday
#define SYS_gettimeofday SYS_CALL_ABSENT
#endif
#ifndef SYS_lchown
#define SYS_lchown SYS_CALL_ABSENT
#endif
#ifndef SYS_lchown32
#define SYS_lchown32 SYS_CALL_ABSENT
#endif
#ifndef SYS_link
#define SYS_link SYS_CALL_ABSENT
#endif
#ifndef SYS_lstat
#define SYS_lstat SYS_CALL_ABSENT
#endif
#ifndef SYS_mkdir
#define SYS_mkdir SYS_CALL_ABSENT
#endif
#ifndef SYS_mknod
#define SYS_mknod SYS_CALL_ABSENT
#endif
#ifndef SYS_mmap
#define SYS_mmap SYS_CALL_ABSENT
#endif
#ifndef SYS_mmap2
#define SYS_mmap2 SYS_CALL_ABSENT
#endif
#ifndef SYS_newfstatat
#define SYS_newfstatat SYS_CALL_ABSENT
#endif
#ifndef SYS_open
#define SYS_open SYS_CALL_ABSENT
#endif
#ifndef SYS_poll
#define SYS_poll SYS_CALL_ABSENT
#endif
#ifndef SYS_ppoll_time64
#define SYS_ppoll_time64 SYS_CALL_ABSENT
#endif
#ifndef SYS_recv
#define SYS_recv SYS_CALL_ABSENT
#endif
#ifndef SYS_rename
#define SYS_rename SYS_CALL_ABSENT
#endif
#ifndef SYS_renameat
#define SYS_renameat SYS_CALL_ABSENT
#endif
#ifndef SYS_send
#define SYS_send SYS_CALL_ABSENT
#endif
#ifndef SYS_sigreturn
#define SYS_sigreturn SYS_CALL_ABSENT
#endif
#ifndef SYS_stat
#define SYS_stat SYS_CALL_ABSENT
#endif
#ifndef SYS_symlink
#define SYS_symlink SYS_CALL_ABSENT
#endif
#ifndef SYS_time
#define SYS_time SYS_CALL_ABSENT
#endif
#ifndef SYS_unlink
#define SYS_unlink SYS_CALL_ABSENT
#endif
#ifndef SYS_utimensat_time64
#define SYS_utimensat_time64 SYS_CALL_ABSENT
#endif

/* fstat(); where time_t is wider than the kernel's first struct stat, musl asks by statx() */
#if __SIZEOF_LONG__ == 4
#define CALLS_FSTAT SYS_fstat, SYS_fstat64, SYS_statx
#else
#define CALLS_FSTAT SYS_fstat
#endif

/* what any program does on descriptors it was given: memory, time, input, output, its end */
#define CALLS_BASE                                                                                 \
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_lseek,          \
		SYS__llseek, SYS_close, CALLS_FSTAT, SYS_fcntl, SYS_fcntl64, SYS_brk, SYS_mmap,    \
		SYS_mmap2, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_rt_sigaction,    \
		SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigreturn, SYS_clock_gettime,            \
		SYS_clock_gettime64, SYS_gettimeofday, SYS_time, SYS_nanosleep,                    \
		SYS_clock_nanosleep, SYS_clock_nanosleep_time64, SYS_getrandom, SYS_recvmsg,       \
		SYS_sendmsg, SYS_poll, SYS_ppoll, SYS_ppoll_time64, SYS_getpid, SYS_gettid,        \
		SYS_tkill, SYS_exit, SYS_exit_group, SYS_restart_syscall

/* an event loop */

/* a client of the network, and the resolver's two files */
#define CALLS_NET                                                                                  \
	SYS_socket, SYS_connect, SYS_bind, SYS_getsockname, SYS_getpeername, SYS_getsockopt,       \
		SYS_setsockopt, SYS_sendto, SYS_recvfrom, SYS_send, SYS_recv, SYS_shutdown,        \
		SYS_open, SYS_openat

/* making a tree of files */
#define CALLS_TREE                                                                                 \
	SYS_open, SYS_openat, SYS_openat2, SYS_mkdirat, SYS_mkdir, SYS_mknodat, SYS_mknod,         \
		SYS_symlinkat, SYS_symlink, SYS_linkat, SYS_link, SYS_unlinkat, SYS_unlink,        \
		SYS_renameat, SYS_renameat2, SYS_rename, SYS_readlinkat, SYS_fchmod, SYS_fchmodat, \
		SYS_fchmodat2, SYS_fchown, SYS_fchown32, SYS_fchownat, SYS_lchown, SYS_lchown32,   \
		SYS_utimensat, SYS_utimensat_time64, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr,   \
		SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr, SYS_flistxattr, SYS_removexattr,       \
		SYS_fremovexattr, SYS_newfstatat, SYS_fstatat64, SYS_statx, SYS_stat, SYS_lstat,   \
		SYS_fstatfs, SYS_fstatfs64, SYS_ftruncate, SYS_ftruncate64, SYS_fallocate,         \
		SYS_getdents64, SYS_fchdir, SYS_chdir, SYS_dup, SYS_dup3, SYS_umask, SYS_fsync,    \
		SYS_syncfs
