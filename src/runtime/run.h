/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

/**
 * run_send_pidfd() - a pidfd of @pid to the socket at @path, as runc does: one message that is @kind
 * @path:  NULL: nothing happens
 * @pidfd: -1 = is opened
 */
int run_send_pidfd(const char *path, const char *kind, pid_t pid, int pidfd, struct err *e);
