/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void mark_cut(char *msg, size_t cap, int wanted)
{
	if (wanted >= 0 && (size_t)wanted >= cap)
		msg[cap - 2] = '~';
}

const char *err_name(int code)
{
	return strerror(code < 0 ? -code : code);
}

static int set(struct err *e, int code, const char *suffix, const char *fmt, va_list ap)
{
	char msg[ERR_MSG_MAX];
	int n;

	if (!e)
		return code;
	n = vsnprintf(msg, sizeof(msg), fmt, ap);
	mark_cut(msg, sizeof(msg), n);
	n = snprintf(e->msg, sizeof(e->msg), "%s%s%s", msg, *suffix ? ": " : "", suffix);
	mark_cut(e->msg, sizeof(e->msg), n);
	e->code = code;
	return code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, code, err_name(code), fmt, ap);
	va_end(ap);
	return code;
}

int err_text(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, code, "", fmt, ap);
	va_end(ap);
	return code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char inner[ERR_MSG_MAX];
	va_list ap;
	int code;

	/* a failure that nobody explained is still one */
	if (!e)
		return -EIO;
	code = e->code ? e->code : -EIO;
	memcpy(inner, e->msg, sizeof(inner));
	va_start(ap, fmt);
	set(e, code, inner, fmt, ap);
	va_end(ap);
	return code;
}
