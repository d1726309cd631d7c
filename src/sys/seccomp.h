/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * System call filters of our own roles: an allow-list compiled into a binary search. Containers'
 * profiles are runtime/confine's; both load with sys_seccomp_load() (sys/cred.h).
 */

struct sock_filter;

#define SYS_SECCOMP_MAX_CALLS	128
#define SYS_SECCOMP_MAX_PROGRAM 1024 /* instructions */
#define SYS_CALL_ABSENT		(-2) /* in a list: this architecture has no such call */
#define SYS_CALL_END		(-1)

/** struct sys_seccomp_arg - a condition on the low 32 bits of one argument of an allowed call */
struct sys_seccomp_arg {
	int nr;
	unsigned int arg;
	uint32_t without;   /* no bit of it may be set; or, if 0, ... */
	uint32_t one_of[2]; /* ... the argument must be one of these */
};

/**
 * sys_seccomp_compile() - allow-list to BPF
 * @calls: numbers (SYS_read, ...) in any order, ended by SYS_CALL_END
 * @args:  conditions on calls of the list
 *
 * Everything else ends the process (the thread below Linux 4.14; roles have one), and so does
 * another architecture's or x32's system call entry.
 *
 * Return: instructions in @ret_prog; -E2BIG; -EINVAL condition on a call that is not in the list.
 */
int sys_seccomp_compile(struct sock_filter *ret_prog, size_t cap, const int *calls,
			const struct sys_seccomp_arg *args, size_t n_args);
