/* SPDX-License-Identifier: Apache-2.0 */
/* LZ4's block format: a token (4 bits literals, 4 bits match - 4), literals, u16 distance. */
#include <errno.h>
#include <string.h>

#include "unpack/split.h"

#define MIN_MATCH 4
#define END_BYTES 12 /* the format: the last match begins no later */
#define HASH_BITS 12

static uint32_t load(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint8_t *put_length(uint8_t *out, size_t n)
{
	for (; n >= 255; n -= 255)
		*out++ = 255;
	*out++ = (uint8_t)n;
	return out;
}

/* @match 0: the end, no match */
static uint8_t *put_sequence(uint8_t *out, const uint8_t *literals, size_t n, size_t distance,
			     size_t match)
{
	size_t m = match ? match - MIN_MATCH : 0;

	*out++ = (uint8_t)((n < 15 ? n : 15) << 4 | (m < 15 ? m : 15));
	if (n >= 15)
		out = put_length(out, n - 15);
	memcpy(out, literals, n);
	out += n;
	if (!match)
		return out;
	*out++ = (uint8_t)distance;
	*out++ = (uint8_t)(distance >> 8);
	return m >= 15 ? put_length(out, m - 15) : out;
}

size_t lz_pack(const uint8_t *in, size_t len, uint8_t *out)
{
	static uint16_t table[1 << HASH_BITS];
	uint8_t *o = out;
	size_t anchor = 0, i = 1;

	if (len <= END_BYTES)
		return 0;
	memset(table, 0, sizeof(table)); /* position 0 is as good as any */
	while (i < len - END_BYTES) {
		uint32_t v = load(in + i);
		uint16_t *slot = &table[v * 2654435761u >> (32 - HASH_BITS)];
		size_t ref = *slot, n = MIN_MATCH;

		*slot = (uint16_t)i;
		if (load(in + ref) != v) {
			i++;
			continue;
		}
		while (i + n < len - 5 && in[i + n] == in[ref + n])
			n++;
		/* room for what is left, as literals with their length, must stay below len */
		if ((size_t)(o - out) + (i - anchor) + (i - anchor) / 255 + n / 255 + 8 >= len)
			return 0;
		o = put_sequence(o, in + anchor, i - anchor, i - ref, n);
		i += n;
		anchor = i;
	}
	if ((size_t)(o - out) + (len - anchor) + (len - anchor) / 255 + 4 >= len)
		return 0;
	return (size_t)(put_sequence(o, in + anchor, len - anchor, 0, 0) - out);
}

struct reader {
	const uint8_t *p, *end;
	bool bad;
};

static size_t get(struct reader *r)
{
	if (r->p == r->end) {
		r->bad = true;
		return 0;
	}
	return *r->p++;
}

static size_t get_length(struct reader *r, size_t n)
{
	size_t more = n == 15 ? 255 : 0;

	while (more == 255) {
		more = get(r);
		n += more;
	}
	return n;
}

int lz_unpack(const uint8_t *in, size_t in_len, uint8_t *out, size_t len)
{
	struct reader r = {.p = in, .end = in + in_len};
	size_t at = 0;

	while (!r.bad) {
		size_t token = get(&r), n = get_length(&r, token >> 4), distance;

		if (r.bad || n > (size_t)(r.end - r.p) || n > len - at)
			break;
		memcpy(out + at, r.p, n);
		at += n;
		r.p += n;
		if (r.p == r.end)
			return at == len ? 0 : -EBADMSG;
		distance = get(&r);
		distance |= get(&r) << 8;
		n = get_length(&r, token & 15) + MIN_MATCH;
		if (r.bad || distance == 0 || distance > at || n > len - at)
			break;
		for (; n; n--, at++) /* byte by byte: it may overlap itself */
			out[at] = out[at - distance];
	}
	return -EBADMSG;
}
