/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct creation;

/*
 * sd_notify(3) between a service manager outside and the program inside: the container gets a socket of
 * its own, in a folder of the state directory that is mounted at the path of NOTIFY_SOCKET, and the first
 * "READY=" is passed on with our idea of MAINPID. Layout as crun's; runc does the same.
 */

#define READINESS_LOST "the service manager could not be told that the container is ready"

/** readiness_offer() - folder, mount and variable, for run also the socket; before the stage is made */
int readiness_offer(struct creation *c, struct err *e);

/** readiness_listen() - Return: socket; -ENOENT nothing was offered to this container; -errno */
int readiness_listen(int state_fd);

/**
 * readiness_pass() - blocks until the container of @pid is ready, or has ended
 * @host: the service manager's socket, "@name" for an abstract one
 *
 * Return: 0; -errno the service manager could not be told.
 */
int readiness_pass(int fd, const char *host, pid_t pid);

/** readiness_pass_beside() - the same in a process of its own, which ends with us. */
int readiness_pass_beside(int fd, const char *host, pid_t pid);
