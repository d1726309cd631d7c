#pragma once

/* From then on these calls answer ENOSYS, as on a kernel that does not have them yet. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/*
 * Under user-mode emulation there are no filters, this program cannot execute itself as
 * /proc/self/exe, and some calls are not passed on as they are. Such tests skip().
 */
static inline bool emulated(void)
{
	unsigned int action = SECCOMP_RET_KILL_THREAD;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0;
}

/* false: no filters here (user-mode emulation) */
static inline bool old_kernel(const int *calls, size_t n)
{
	struct sock_filter p[64];
	struct sock_fprog prog = {.filter = p};
	unsigned short len = 0;

	p[len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n && len < 61; i++) {
		p[len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							(unsigned int)calls[i], 0, 1);
		p[len++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	}
	p[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog.len = len;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0;
}
