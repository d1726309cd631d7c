/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/sched.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "sys/ret.h"

#define WHO_PROCESS 1 /* IOPRIO_WHO_PROCESS */

int sys_set_sched(struct sys_sched *s)
{
	_Static_assert(sizeof(*s) == 48, "SCHED_ATTR_SIZE_VER0");

	s->size = sizeof(*s);
	return SYS_RET(syscall(SYS_sched_setattr, 0, s, 0));
}

int sys_set_io_priority(int value)
{
	return SYS_RET(syscall(SYS_ioprio_set, WHO_PROCESS, 0, value));
}

/* The kernel's mask is an array of long: on a big-endian 32-bit machine this would need its halves swapped. */
int sys_set_cpus(const uint64_t *mask, size_t n_words)
{
	_Static_assert(sizeof(long) == 8 || __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "mask");

	return SYS_RET(syscall(SYS_sched_setaffinity, 0, n_words * sizeof(*mask), mask));
}
