/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* When and where the calling process runs. */

/** struct sys_sched - as the kernel's struct sched_attr, without utilization clamps (SCHED_ATTR_SIZE_VER0) */
struct sys_sched {
	uint32_t size; /* filled in */
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

int sys_set_sched(struct sys_sched *s);

/** sys_set_io_priority() - @value: class << 13 | level */
int sys_set_io_priority(int value);

/** sys_set_cpus() - one bit per processor; those that do not exist or are not our cgroup's are left out. -EINVAL none remains */
int sys_set_cpus(const uint64_t *mask, size_t n_words);
