/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "monitor/monitor_stdio.h"

/* Between monitor_stdio.c and monitor_clients.c alone. */

/** clients_give() - the container wrote this */
void clients_give(struct stdio *s, enum log_stream stream, const char *data, size_t len);

/** clients_hold() - is there one that has not taken what it was given? */
bool clients_hold(const struct stdio *s);

/** stdio_flow() - reading from the container may go on, or must not */
void stdio_flow(struct stdio *s, bool on);
