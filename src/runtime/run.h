/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct runtime;

/** run_go() - start a stage that is READY; returns when its program runs, or with the reason why not */
int run_go(struct runtime *rt, int sync_fd, struct err *e);

/** run_wait() - until @pid, our child, has ended; every signal we get goes to it. All signals must be blocked */
int run_wait(pid_t pid, int pidfd, int *ret_status, struct err *e);
