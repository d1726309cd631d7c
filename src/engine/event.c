/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/event.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/rfc3339.h"
#include "sys/fd.h"
#include "sys/proc.h"

#define LINE_CAP 1400

static bool muted;

void event_mute(void)
{
	muted = true;
}

char *event_text(char dst[static EVENT_TEXT_CAP], const char *text)
{
	size_t len = strlen(text), n = len < EVENT_TEXT_CAP / 2 ? len : EVENT_TEXT_CAP / 2;
	struct buf b;

	/* a byte becomes six characters at worst: halve until it fits */
	for (;; n /= 2) {
		buf_init(&b, dst, EVENT_TEXT_CAP);
		buf_json_n(&b, text, n);
		if (buf_ok(&b))
			return dst;
	}
}

static void line_begin(struct buf *b, char *line, const char *what, const char *fmt, va_list ap)
{
	char time[RFC3339_CAP], fields[LINE_CAP / 2];
	int64_t s;
	uint32_t ns;

	sys_realtime(&s, &ns);
	rfc3339_format(time, s, ns);
	vsnprintf(fields, sizeof(fields), fmt, ap);
	buf_init(b, line, LINE_CAP - 1);
	buf_printf(b, "%s %s%s%s", time, what, *fields ? " " : "", fields);
}

static void line_end(struct buf *b)
{
	if (muted)
		return;
	b->p[b->len] = '\n';
	sys_write_all(2, b->p, b->len + 1);
}

void event(const char *what, const char *fmt, ...)
{
	char line[LINE_CAP];
	struct buf b;
	va_list ap;

	va_start(ap, fmt);
	line_begin(&b, line, what, fmt, ap);
	va_end(ap);
	line_end(&b);
}

void event_err(const char *what, const struct err *e, const char *fmt, ...)
{
	char line[LINE_CAP], text[EVENT_TEXT_CAP];
	struct buf b;
	va_list ap;

	va_start(ap, fmt);
	line_begin(&b, line, what, fmt, ap);
	va_end(ap);
	buf_printf(&b, " error=%s", event_text(text, e->msg));
	line_end(&b);
}
