#pragma once

/* for tests that execute themselves again, as a role or as a program that they play */
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEST_SANITIZED 1
#endif
#endif

/*
 * Reports the whole test as skipped and returns 1 under user-mode emulation, where the kernel cannot
 * execute a program of the foreign architecture and there are no seccomp filters.
 */
static inline int emulated_skip_all(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
		return 0;
	puts("1..0 # skip executes itself (user-mode emulation)");
	return 1;
}

/* Likewise where no role can run with everything that role_enter() applies. */
static inline int roles_skip_all(void)
{
#ifdef TEST_SANITIZED
	puts("1..0 # skip AddressSanitizer does not fit a role's address space");
	return 1;
#endif
	return emulated_skip_all();
}
