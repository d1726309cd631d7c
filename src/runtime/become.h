/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "oci/spec.h"
#include "runtime/confine/filter.h"

/**
 * struct become - the last steps of a process inside the container: the same for its first process and for exec
 *
 * Order: become_prepare() as root in the new root; become_user() gives root up and ends under the filter;
 * become_exec() does not return unless it fails.
 */
struct become {
	const struct oci_process *process;
	const struct filter_program *filter;
	struct oci_num personality;
	int sync_fd; /* to whoever hands the filter's descriptor to the agent (stage_notify()) */
	const char *path; /* the executable, found by become_prepare() */
	char *const *env;
};

/**
 * become_raise() - hard limits of @pid (0: ours) to what its process will ask for
 *
 * Root of a user namespace may not raise them, the caller outside may. What cannot be raised is an error of
 * become_prepare(), which says which one it was.
 */
void become_raise(pid_t pid, const struct oci_process *p);

/** become_victim() - oom_score_adj, before the host's root and namespaces are left */
int become_victim(const struct oci_process *p, struct err *e);

/**
 * become_prepare() - working directory (made if missing), environment, executable, rlimits, scheduler,
 * I/O priority, umask, personality
 */
int become_prepare(struct become *b, struct err *e);

/**
 * become_placed() - processors it may run on, once it is in its cgroup
 * @list: NULL = all that the cgroup has, whatever we were started with; failing to is no error then
 */
int become_placed(const char *list, struct err *e);
int become_user(struct become *b, struct err *e);
int become_exec(struct become *b, struct err *e);

/** become_terminal() - @pts_fd becomes the controlling terminal and stdio */
int become_terminal(int pts_fd, const struct oci_process *p, struct err *e);
