/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

void buf_init(struct buf *b, void *mem, size_t cap)
{
	*b = (struct buf){.p = mem, .cap = cap};
	if (cap)
		b->p[0] = '\0';
	else
		b->overflow = true;
}

void buf_put(struct buf *b, const void *data, size_t len)
{
	if (b->overflow)
		return;
	if (len >= b->cap - b->len) {
		b->overflow = true;
		return;
	}
	memcpy(b->p + b->len, data, len);
	b->len += len;
	b->p[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (b->overflow)
		return;
	va_start(ap, fmt);
	n = vsnprintf(b->p + b->len, b->cap - b->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= b->cap - b->len) {
		b->p[b->len] = '\0';
		b->overflow = true;
		return;
	}
	b->len += (size_t)n;
}

static void json_byte(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"':
		buf_puts(b, "\\\"");
		break;
	case '\\':
		buf_puts(b, "\\\\");
		break;
	case '\n':
		buf_puts(b, "\\n");
		break;
	case '\r':
		buf_puts(b, "\\r");
		break;
	case '\t':
		buf_puts(b, "\\t");
		break;
	default:
		if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\u%04x", c);
		else
			buf_putc(b, (char)c);
	}
}

void buf_json_n(struct buf *b, const char *s, size_t len)
{
	size_t i = 0, n;

	buf_putc(b, '"');
	while (i < len) {
		n = str_utf8_len(s + i, len - i);
		if (n == 0) {
			buf_puts(b, "\\ufffd");
			i++;
		} else if (n == 1) {
			json_byte(b, (unsigned char)s[i++]);
		} else {
			buf_put(b, s + i, n);
			i += n;
		}
	}
	buf_putc(b, '"');
}

void buf_json(struct buf *b, const char *s)
{
	buf_json_n(b, s, strlen(s));
}
