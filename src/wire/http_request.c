/* SPDX-License-Identifier: Apache-2.0 */
/* Requests. Values come from the configuration, from tokens and from redirects: none may end its line. */
#include <errno.h>
#include <string.h>

#include "wire/http.h"

static bool is_line(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			return false;
	return true;
}

int http_request(struct buf *b, const char *method, const char *target, const char *authority,
		 struct err *e)
{
	return http_request_proxied(b, method, NULL, target, authority, e);
}

int http_request_proxied(struct buf *b, const char *method, const char *origin, const char *target,
			 const char *authority, struct err *e)
{
	if (target[0] != '/' || !is_line(target) || strchr(target, ' '))
		return err_text(e, -EINVAL,
				"HTTP request: the path holds a character that is not allowed");
	buf_printf(b, "%s %s", method, origin ? origin : "");
	buf_puts(b, target);
	buf_puts(b, " HTTP/1.1\r\n");
	return http_request_header(b, "Host", authority, e);
}

int http_request_header(struct buf *b, const char *name, const char *value, struct err *e)
{
	if (!is_line(value))
		return err_text(e, -EINVAL, "HTTP request: %s holds a control character", name);
	buf_puts(b, name);
	buf_puts(b, ": ");
	buf_puts(b, value);
	buf_puts(b, "\r\n");
	return 0;
}

int http_request_end(struct buf *b, struct err *e)
{
	buf_puts(b, "\r\n");
	if (!buf_ok(b))
		return err_text(e, -EMSGSIZE, "HTTP request: longer than %zu bytes", b->cap - 1);
	return 0;
}
