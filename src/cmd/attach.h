/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "msg/ctl.h"

/**
 * attach_run() - a request whose container or process is connected to this terminal
 * @r: RUN, START, ATTACH or EXEC; r->stdio and TTY in r->flags say what is handed over
 *
 * Until it ends, signals that end programs are forwarded to it and, with TTY, keys arrive
 * uninterpreted and the size of the window follows.
 *
 * Return: its exit status, or that of an error, which is printed.
 */
int attach_run(const struct ctl_request *r);

/** attach_check_tty() - "-it" needs a terminal to take the keys from. Return: 0; 1, the error is printed */
int attach_check_tty(bool tty, bool input);
