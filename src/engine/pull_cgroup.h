/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "runtime/cgroup/cgroup.h"
#include "store/store.h"

/* The memory bound of a job's roles, CONFIG_PULL_MEMORY_KIB: of a pull, and of a push. */

struct pull_cgroup {
	struct cgroup cgroup;
	struct arena arena;
	char mem[4096];
	const char *procs[CGROUP_MAX_HIERARCHIES + 1]; /* for role_spawn(); all NULL: no cgroup */
	const char *dirs[CGROUP_MAX_HIERARCHIES + 1];
	size_t n;
};

/**
 * pull_cgroup_make() - @name below @parent; a machine without a memory controller is no failure: the limits of
 * roles[] hold there
 * @store: what the roles write to: if it is in memory, they are not bounded. NULL = they write nothing
 */
void pull_cgroup_make(struct pull_cgroup *g, const struct store *store, const char *parent,
		      const char *name);
void pull_cgroup_remove(struct pull_cgroup *g);

/** pull_cgroup_peak() - while the roles are there: what memory they have needed at most, in bytes */
uint64_t pull_cgroup_peak(const struct pull_cgroup *g, pid_t one, pid_t other);
