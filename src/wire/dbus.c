/* SPDX-License-Identifier: Apache-2.0 */
/*
 * D-Bus messages: bytes only, no socket. Reading is bounded by the message: each length is checked against
 * what is left before it is used, and nothing recurses, because the fields of a head hold basic types only.
 */
#include "wire/dbus.h"

#include <errno.h>
#include <string.h>

#define VERSION 1

/* Fields of a head, by number. Spec: "Header Fields" */
enum { PATH = 1, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE };

static void put_le(struct buf *b, uint64_t v, size_t n)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(v >> (8 * i));
	buf_put(b, bytes, n);
}

static uint32_t get_le(const void *at)
{
	const uint8_t *p = at;

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void set_u32(struct buf *b, size_t at, size_t v)
{
	if (!buf_ok(b))
		return;
	for (size_t i = 0; i < 4; i++)
		b->p[at + i] = (char)(v >> (8 * i));
}

void dbus_align(struct buf *b, size_t n)
{
	while (buf_ok(b) && b->len % n)
		buf_putc(b, '\0');
}

void dbus_put_u32(struct buf *b, uint32_t v)
{
	dbus_align(b, 4);
	put_le(b, v, 4);
}

void dbus_put_u64(struct buf *b, uint64_t v)
{
	dbus_align(b, 8);
	put_le(b, v, 8);
}

void dbus_put_str(struct buf *b, const char *s)
{
	dbus_put_u32(b, (uint32_t)strlen(s));
	buf_put(b, s, strlen(s) + 1);
}

void dbus_put_sig(struct buf *b, const char *s)
{
	buf_putc(b, (char)strlen(s));
	buf_put(b, s, strlen(s) + 1);
}

static size_t aligned(size_t at, size_t n)
{
	return (at + n - 1) / n * n;
}

size_t dbus_open(struct buf *b, size_t align)
{
	size_t at;

	dbus_align(b, 4);
	at = b->len;
	dbus_put_u32(b, 0);
	dbus_align(b, align); /* not part of the array's length */
	return at;
}

void dbus_close(struct buf *b, size_t at, size_t align)
{
	set_u32(b, at, b->len - aligned(at + 4, align));
}

static void put_field(struct buf *b, uint8_t field, const char *type, const char *value)
{
	if (!value)
		return;
	dbus_align(b, 8);
	buf_putc(b, (char)field);
	dbus_put_sig(b, type);
	if (*type == 'g')
		dbus_put_sig(b, value);
	else
		dbus_put_str(b, value);
}

void dbus_begin(struct buf *b, uint32_t serial, const struct dbus_call *c)
{
	static const char head[] = {'l', DBUS_CALL, 0, VERSION};
	size_t at;

	buf_put(b, head, sizeof(head));
	dbus_put_u32(b, 0); /* length of the body, set by dbus_end() */
	dbus_put_u32(b, serial);
	at = dbus_open(b, 8);
	put_field(b, PATH, "o", c->path);
	put_field(b, INTERFACE, "s", c->interface);
	put_field(b, MEMBER, "s", c->member);
	put_field(b, SIGNATURE, "g", c->signature);
	dbus_close(b, at, 8);
	dbus_align(b, 8);
}

void dbus_end(struct buf *b)
{
	if (buf_ok(b))
		set_u32(b, 4, b->len - aligned(DBUS_HEAD_BYTES + get_le(b->p + 12), 8));
}

int64_t dbus_length(const uint8_t head[DBUS_HEAD_BYTES])
{
	uint64_t body = get_le(head + 4), fields = get_le(head + 12), len;

	len = (DBUS_HEAD_BYTES + fields + 7) / 8 * 8 + body;
	if (head[0] != 'l' || head[3] != VERSION || len > DBUS_MAX_MESSAGE)
		return -EBADMSG;
	return (int64_t)len;
}

/* @n bytes behind as many as alignment wants; NULL when they are not there */
static const char *take(struct dbus_in *in, size_t align, size_t n)
{
	size_t at = aligned(in->at, align);

	if (in->bad || at > in->data.len || n > in->data.len - at) {
		in->bad = true;
		return NULL;
	}
	in->at = at + n;
	return in->data.p + at;
}

uint32_t dbus_get_u32(struct dbus_in *in)
{
	const char *p = take(in, 4, 4);

	return p ? get_le(p) : 0;
}

static struct span get_text(struct dbus_in *in, size_t len)
{
	const char *p = len < DBUS_MAX_MESSAGE ? take(in, 1, len + 1) : NULL;

	if (p && (p[len] || memchr(p, '\0', len)))
		p = NULL;
	in->bad |= !p;
	return p ? (struct span){p, len} : (struct span){0};
}

struct span dbus_get_str(struct dbus_in *in)
{
	return get_text(in, dbus_get_u32(in));
}

static struct span get_sig(struct dbus_in *in)
{
	const char *p = take(in, 1, 1);

	return get_text(in, p ? (uint8_t)*p : 0);
}

static void get_field(struct dbus_in *in, struct dbus_message *m)
{
	struct span *const texts[] = {[PATH] = &m->path,
				      [INTERFACE] = &m->interface,
				      [MEMBER] = &m->member,
				      [ERROR_NAME] = &m->error};
	struct span ignored, type, *to = &ignored;
	const char *p = take(in, 8, 1);
	uint8_t field = p ? (uint8_t)*p : 0;
	uint32_t number;

	type = get_sig(in);
	if (field == SIGNATURE)
		to = &m->signature;
	else if (field < ARRAY_LEN(texts) && field >= PATH)
		to = texts[field];
	if (span_eq(type, "s") || span_eq(type, "o")) {
		*to = dbus_get_str(in);
	} else if (span_eq(type, "g")) {
		*to = get_sig(in);
	} else if (span_eq(type, "u")) {
		number = dbus_get_u32(in);
		if (field == REPLY_SERIAL)
			m->reply_serial = number;
	} else {
		in->bad = true; /* no field of the specification has another type */
	}
}

int dbus_parse(struct span whole, struct dbus_message *ret_message)
{
	const uint8_t *head = (const uint8_t *)whole.p;
	struct dbus_message m = {0};
	struct dbus_in in;

	if (whole.len < DBUS_HEAD_BYTES || dbus_length(head) != (int64_t)whole.len)
		return -EBADMSG;
	in = (struct dbus_in){.data = {whole.p, DBUS_HEAD_BYTES + get_le(head + 12)},
			      .at = DBUS_HEAD_BYTES};
	m.type = head[1];
	m.serial = get_le(head + 8);
	while (!in.bad && in.at < in.data.len)
		get_field(&in, &m);
	if (in.bad)
		return -EBADMSG;
	m.body.p = whole.p + aligned(in.data.len, 8);
	m.body.len = whole.len - aligned(in.data.len, 8);
	*ret_message = m;
	return 0;
}
