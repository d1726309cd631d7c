/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oldkernel CALL,... PROGRAM ARGS... - run a program, and all that it starts, on a kernel that does not
 * have these system calls: a filter answers ENOSYS. No privilege is given up for it, so that containers can
 * be made underneath; only "Seccomp:" of /proc/PID/status tells.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX 100

int main(int argc, char **argv)
{
	static struct sock_filter p[MAX * 2 + 4];
	struct sock_fprog prog = {.filter = p};
	unsigned short n = 0;

	if (argc < 3)
		return 98;
	p[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					      offsetof(struct seccomp_data, nr));
	for (char *name = strtok(argv[1], ","); name && n < MAX * 2; name = strtok(NULL, ",")) {
		int nr = seccomp_syscall_resolve_name(name);

		if (nr < 0) {
			fprintf(stderr, "oldkernel: no system call %s\n", name);
			return 98;
		}
		p[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)nr,
						      0, 1);
		p[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	}
	p[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog.len = n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog)) {
		perror("oldkernel: seccomp");
		return 98;
	}
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 98;
}
