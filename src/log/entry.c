/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's view of a record. It may have been written by a container in part (the text), cut by
 * a power failure, or damaged by the flash, so nothing is taken for granted. Decoded text is never
 * longer than its escaped form, which is why it can stay where it is.
 */
#include "log/entry.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/rfc3339.h"
#include "base/str.h"

struct cursor {
	char *p, *end;
};

static bool take(struct cursor *c, char want)
{
	if (c->p == c->end || *c->p != want)
		return false;
	c->p++;
	return true;
}

/* four hex digits. Return: the unit; -1 */
static int32_t unit(struct cursor *c)
{
	uint64_t v;

	if (c->end - c->p < 4 || num_hex((struct span){c->p, 4}, 0xffff, &v) < 0)
		return -1;
	c->p += 4;
	return (int32_t)v;
}

/* behind "\u". A surrogate without its partner becomes U+FFFD. Return: code point; -1 */
static int32_t code_point(struct cursor *c)
{
	int32_t hi = unit(c), lo;
	struct cursor after;

	if (hi < 0xd800 || hi > 0xdfff)
		return hi;
	after = *c;
	if (hi > 0xdbff || !take(&after, '\\') || !take(&after, 'u'))
		return 0xfffd;
	lo = unit(&after);
	if (lo < 0xdc00 || lo > 0xdfff)
		return 0xfffd;
	*c = after;
	return 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
}

static char *put_utf8(char *out, uint32_t cp)
{
	if (cp < 0x80) {
		*out++ = (char)cp;
		return out;
	}
	if (cp < 0x800) {
		*out++ = (char)(0xc0 | cp >> 6);
	} else {
		if (cp < 0x10000) {
			*out++ = (char)(0xe0 | cp >> 12);
		} else {
			*out++ = (char)(0xf0 | cp >> 18);
			*out++ = (char)(0x80 | (cp >> 12 & 0x3f));
		}
		*out++ = (char)(0x80 | (cp >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (cp & 0x3f));
	return out;
}

static char *escape(struct cursor *c, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	int32_t cp;

	if (c->p == c->end)
		return NULL;
	if (*c->p == 'u') {
		c->p++;
		cp = code_point(c);
		return cp < 0 ? NULL : put_utf8(out, (uint32_t)cp);
	}
	at = memchr(from, *c->p, sizeof(from) - 1);
	if (!at)
		return NULL;
	c->p++;
	*out++ = to[at - from];
	return out;
}

static int string(struct cursor *c, struct span *ret)
{
	char *start, *out;

	if (!take(c, '"'))
		return -EBADMSG;
	start = out = c->p;
	while (c->p < c->end && *c->p != '"') {
		if ((unsigned char)*c->p < ' ')
			return -EBADMSG;
		if (*c->p != '\\') {
			*out++ = *c->p++;
			continue;
		}
		c->p++;
		out = escape(c, out);
		if (!out)
			return -EBADMSG;
	}
	if (!take(c, '"'))
		return -EBADMSG;
	*ret = (struct span){start, (size_t)(out - start)};
	return 0;
}

enum { HAVE_LOG = 1, HAVE_STREAM = 2, HAVE_TIME = 4, HAVE_ALL = 7 };

static int member(struct cursor *c, struct log_entry *e, unsigned int *have)
{
	struct span key, value;

	if (string(c, &key) < 0 || !take(c, ':') || string(c, &value) < 0)
		return -EBADMSG;
	if (span_eq(key, "log")) {
		*have |= HAVE_LOG;
		e->text = value.p;
		e->len = value.len;
	} else if (span_eq(key, "stream")) {
		*have |= HAVE_STREAM;
		e->stream = span_eq(value, "stderr") ? LOG_STDERR : LOG_STDOUT;
		if (e->stream == LOG_STDOUT && !span_eq(value, "stdout"))
			return -EBADMSG;
	} else if (span_eq(key, "time")) {
		*have |= HAVE_TIME;
		if (rfc3339_parse(value, &e->s, &e->ns) < 0)
			return -EBADMSG;
	}
	return 0;
}

int log_entry_parse(char *line, size_t len, struct log_entry *ret_entry)
{
	struct cursor c = {line, line + len};
	struct log_entry e = {0};
	unsigned int have = 0;
	bool first = true;

	if (!take(&c, '{'))
		return -EBADMSG;
	while (!take(&c, '}')) {
		if ((!first && !take(&c, ',')) || member(&c, &e, &have) < 0)
			return -EBADMSG;
		first = false;
	}
	if (have != HAVE_ALL || c.p != c.end)
		return -EBADMSG;
	*ret_entry = e;
	return 0;
}
