#pragma once

/* for tests that start real roles, with everything role_enter() applies */
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

/* Reports the whole test as skipped and returns 1 where no role can run. */
static inline int roles_skip_all(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

#ifdef TEST_SANITIZED
	puts("1..0 # skip AddressSanitizer does not fit a role's address space");
	return 1;
#endif
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0) {
		puts("1..0 # skip no seccomp filters here (user-mode emulation)");
		return 1;
	}
	return 0;
}
