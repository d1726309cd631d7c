/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "oci/spec.h"
#include "oci/state.h"
#include "runtime/confine/filter.h"

/*
 * SCMP_ACT_NOTIFY: the process that loads the filter gets a descriptor, the agent behind
 * linux.seccomp.listenerPath answers the calls by it. The process cannot send it: from the load on each of its
 * calls may be one that waits for the agent. So it writes its number (that is why write cannot be
 * answered by an agent), and the runtime fetches the descriptor and hands it over. An ordinary user
 * may not look into a process that is not dumpable: there it is sent, and sendmsg is like write.
 */

/**
 * notify_connect() - to the agent, before there is anything to undo
 * @p: checked by filter_check(); gets p->sent
 *
 * Return: 0 and a socket, or -1 in @ret_fd if the profile notifies nobody; -errno.
 */
int notify_connect(const struct oci_seccomp *s, struct filter_program *p, int *ret_fd,
		   struct err *e);

/** struct notify_from - whose descriptor: @number of @pid, or what comes at @sync_fd when that is NOTIFY_SENT */
struct notify_from {
	int sync_fd, pidfd; /* of the process; pidfd may be -1 */
	pid_t pid;
	int number;
};
#define NOTIFY_SENT (-1)

/**
 * notify_forward() - the descriptor to the agent, with the container's state
 *
 * Return: 0; -ENOSYS Linux before 5.6; -EPERM not allowed to look into the process; -errno.
 * Spec:   runtime-spec "Container Process State".
 */
int notify_forward(int agent_fd, const struct notify_from *from, const struct oci_seccomp *s,
		   const struct oci_state *state, enum oci_status status, struct err *e);
