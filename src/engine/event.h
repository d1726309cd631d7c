/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/*
 * The engine's own log on standard error: one line per event, "<time> <event> key=value ...". Values
 * that come from outside are written with event_text(), so that none can forge a line or a key.
 */

#define EVENT_TEXT_CAP 400

/** event_mute() - no lines from now on: a one-shot engine's client tells the user itself */
void event_mute(void);

/** event() - write a line; what does not fit is cut */
void event(const char *what, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** event_err() - the same with error="<text of @e>" at the end */
void event_err(const char *what, const struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** event_text() - @text as a quoted JSON string in @dst, cut to fit. Return: @dst */
char *event_text(char dst[static EVENT_TEXT_CAP], const char *text);
