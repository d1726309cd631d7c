/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct creation;

/**
 * run_send_pidfd() - a pidfd of @pid to the socket at @path, as runc does: one message that is @kind
 * @path:  NULL: nothing happens
 * @pidfd: -1 = is opened
 */
int run_send_pidfd(const char *path, const char *kind, pid_t pid, int pidfd, struct err *e);

/** run_to_end() - in the foreground, wait for the first process and, unless @keep, delete; creation_end() */
int run_to_end(struct creation *c, bool keep, int *ret_status, struct err *e);
