/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"
#include "sys/tty.h"

/**
 * struct terminal - how the caller's terminal becomes the process's, for run and exec in the foreground
 *
 * The process sends the master of its terminal as it would to a console socket; peer_fd is where it
 * arrives.
 */
struct terminal {
	int peer_fd; /* -1 = we have no part in it */
	int host_fd; /* the caller's terminal: settings, size */
	bool own_host_fd;
	struct sys_tty saved;
};

static inline void terminal_init(struct terminal *t)
{
	*t = (struct terminal){.peer_fd = -1, .host_fd = -1, .saved = {.fd = -1}};
}

/**
 * terminal_plan() - where a process sends the master of its terminal
 * @socket:     path of a console socket, or NULL
 * @foreground: we stay until the process ends
 * @p:          in the foreground its size becomes that of the caller's terminal
 * @ret_fd:     -1 = it gets no terminal
 *
 * The caller's terminal is standard error, output or input, or the controlling one, as in runc.
 *
 * Return: 0; -EINVAL what is given does not go together; -ENXIO, -ENOTTY there is no terminal.
 */
int terminal_plan(struct terminal *t, const char *socket, bool foreground, struct oci_process *p,
		  int *ret_fd, struct err *e);

/**
 * terminal_wait() - until @pid, our child, has ended: every signal we get goes to it
 *
 * With a terminal, keys go to it, its output to standard output, changes of size to it; the caller's
 * terminal is raw meanwhile. All signals must be blocked. Other children, which a subreaper is given,
 * are reaped.
 */
int terminal_wait(struct terminal *t, pid_t pid, int pidfd, int *ret_status, struct err *e);

/** terminal_flush() - a process that did not come to run its program may have said why on its terminal */
void terminal_flush(struct terminal *t);

/**
 * terminal_slave() - the slave of the terminal whose master @master is (or an -errno), of size @p->rows, @p->columns
 *
 * From the master's descriptor, never by a path (CVE-2025-52565). Return: fd, O_CLOEXEC; -EINVAL it is none of a devpts.
 */
int terminal_slave(int master, const struct oci_process *p, struct err *e);

/** terminal_fini() - restore the caller's terminal; idempotent */
void terminal_fini(struct terminal *t);
