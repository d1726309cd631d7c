/* SPDX-License-Identifier: Apache-2.0 */
#include "base/codec.h"

#include <errno.h>
#include <string.h>

#define NULL_STR UINT32_MAX

void enc_init(struct enc *e, void *mem, size_t cap)
{
	*e = (struct enc){.p = mem, .cap = cap};
}

static void put(struct enc *e, const void *data, size_t len)
{
	if (e->overflow || len > e->cap - e->len) {
		e->overflow = true;
		return;
	}
	if (len)
		memcpy(e->p + e->len, data, len);
	e->len += len;
}

static void put_le(struct enc *e, uint64_t v, size_t size)
{
	uint8_t b[8];

	for (size_t i = 0; i < size; i++)
		b[i] = (uint8_t)(v >> (8 * i));
	put(e, b, size);
}

void enc_u8(struct enc *e, uint8_t v)
{
	put_le(e, v, 1);
}

void enc_u32(struct enc *e, uint32_t v)
{
	put_le(e, v, 4);
}

void enc_u64(struct enc *e, uint64_t v)
{
	put_le(e, v, 8);
}

void enc_i64(struct enc *e, int64_t v)
{
	put_le(e, (uint64_t)v, 8);
}

void enc_bool(struct enc *e, bool v)
{
	put_le(e, v, 1);
}

void enc_bytes(struct enc *e, const void *data, size_t len)
{
	if (len >= NULL_STR) {
		e->overflow = true;
		return;
	}
	enc_u32(e, (uint32_t)len);
	put(e, data, len);
}

void enc_str(struct enc *e, const char *s)
{
	if (s)
		enc_bytes(e, s, strlen(s));
	else
		enc_u32(e, NULL_STR);
}

void enc_digest(struct enc *e, const struct digest *d)
{
	put(e, d->b, sizeof(d->b));
}

void enc_strs(struct enc *e, const char *const *strs, size_t n)
{
	enc_u32(e, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		enc_str(e, strs[i]);
}

void dec_init(struct dec *d, const void *data, size_t len, struct arena *arena)
{
	*d = (struct dec){.p = data, .len = len, .arena = arena};
}

static const uint8_t *take(struct dec *d, size_t len)
{
	const uint8_t *at = d->p + d->pos;

	if (d->bad || len > d->len - d->pos) {
		d->bad = true;
		return NULL;
	}
	d->pos += len;
	return at;
}

static uint64_t take_le(struct dec *d, size_t size)
{
	const uint8_t *p = take(d, size);
	uint64_t v = 0;

	for (size_t i = 0; p && i < size; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint8_t dec_u8(struct dec *d)
{
	return (uint8_t)take_le(d, 1);
}

uint32_t dec_u32(struct dec *d)
{
	return (uint32_t)take_le(d, 4);
}

uint64_t dec_u64(struct dec *d)
{
	return take_le(d, 8);
}

int64_t dec_i64(struct dec *d)
{
	return (int64_t)take_le(d, 8);
}

bool dec_bool(struct dec *d)
{
	uint8_t v = dec_u8(d);

	if (v > 1)
		d->bad = true;
	return v == 1;
}

size_t dec_count(struct dec *d, size_t max)
{
	uint32_t n = dec_u32(d);

	if (n > max || n > d->len - d->pos)
		d->bad = true;
	return d->bad ? 0 : n;
}

struct span dec_bytes(struct dec *d)
{
	uint32_t len = dec_u32(d);
	const uint8_t *p = take(d, len);

	return p ? (struct span){(const char *)p, len} : (struct span){"", 0};
}

char *dec_str(struct dec *d)
{
	uint32_t len = dec_u32(d);
	const uint8_t *p;
	char *s;

	if (d->bad || len == NULL_STR)
		return NULL;
	p = take(d, len);
	if (!p || memchr(p, 0, len)) {
		d->bad = true;
		return NULL;
	}
	s = arena_strndup(d->arena, (const char *)p, len);
	if (!s)
		d->bad = true;
	return s;
}

char *dec_str_req(struct dec *d)
{
	static char empty[1];
	char *s = dec_str(d);

	if (!s) {
		d->bad = true;
		empty[0] = '\0';
		return empty;
	}
	return s;
}

void dec_digest(struct dec *d, struct digest *ret_digest)
{
	const uint8_t *p = take(d, sizeof(ret_digest->b));

	if (p)
		memcpy(ret_digest->b, p, sizeof(ret_digest->b));
	else
		memset(ret_digest->b, 0, sizeof(ret_digest->b));
}

char **dec_strs(struct dec *d, size_t max, size_t *ret_n)
{
	size_t n = dec_count(d, max);
	char **strs = dec_array(d, n + 1, sizeof(*strs));

	for (size_t i = 0; i < n && !d->bad; i++)
		strs[i] = dec_str_req(d);
	*ret_n = d->bad ? 0 : n;
	return strs;
}

void *dec_array(struct dec *d, size_t n, size_t size)
{
	void *p = arena_array(d->arena, n, size);

	if (!p)
		d->bad = true;
	return p;
}

int dec_done(const struct dec *d)
{
	return d->bad || d->pos != d->len ? -EBADMSG : 0;
}
