/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#define ERR_MSG_MAX 320

/**
 * struct err - why something failed, in the caller's memory
 *
 * The return value of a function (-errno) decides; this text explains. It has a fixed size, so that
 * reporting ENOMEM cannot fail. Zero-initialise before use: struct err e = {0};
 */
struct err {
	int code;	       /* -errno of the first failure; 0 = none */
	char msg[ERR_MSG_MAX]; /* outermost context first; a text that was cut ends in '~' */
};

/**
 * err_set() - record the cause of a failure
 * @e:    explanation, may be NULL
 * @code: negative errno
 * @fmt:  what was attempted on what; ": <errno text>" is appended
 *
 * Return: @code, so that `return err_set(...)` reads well.
 */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** err_text() - like err_set() but the text is complete in itself, no errno text is appended */
int err_text(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/**
 * err_wrap() - add outer context in front of an explanation: "<fmt>: <what was there>"
 *
 * Return: e->code (0 if @e is NULL or holds no error).
 */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** err_name() - text of an errno value, positive or negative, never NULL */
const char *err_name(int code);
