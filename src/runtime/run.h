/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

/** run_wait() - until @pid, our child, has ended; every signal we get goes to it. All signals must be blocked */
int run_wait(pid_t pid, int pidfd, int *ret_status, struct err *e);
