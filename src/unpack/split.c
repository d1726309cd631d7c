/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer. It sees the archive in pieces and is told, while a piece is valid, which parts of it
 * are content of files; all else is kept literally. libarchive has given out the content of a piece
 * before it asks for the next one: what is open at the end of a piece is the head of a header.
 */
#include "unpack/split.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "sys/fd.h"

#define MAGIC "TSP1"

/* of the archive: more than this kept literally is content that the tree does not hold */
#define MAX_SHARE  4
#define FREE_BYTES (1024 * 1024)

void split_init(struct split *s, int fd)
{
	s->fd = fd;
	s->at = s->piece_at = s->length = s->written = 0;
	s->piece = NULL;
	s->piece_len = s->len = 0;
	s->code = fd < 0 ? 0 : sys_write_all(fd, MAGIC, 4);
}

void split_drop(struct split *s)
{
	int r = s->fd >= 0 ? sys_truncate(s->fd, 0) : 0;

	if (r < 0 && r != -EINVAL && s->code == 0) /* EINVAL: /dev/null, nobody wants it */
		s->code = r;
	s->fd = -1;
}

static void flush(struct split *s)
{
	size_t n = lz_pack(s->block, s->len, s->packed);
	const uint8_t head[4] = {(uint8_t)s->len, (uint8_t)(s->len >> 8), (uint8_t)n,
				 (uint8_t)(n >> 8)};

	if (s->fd < 0 || s->code < 0)
		return;
	s->code = sys_write_all(s->fd, head, sizeof(head));
	if (s->code == 0)
		s->code = sys_write_all(s->fd, n ? s->packed : s->block, n ? n : s->len);
	s->written += sizeof(head) + (n ? n : s->len);
	s->len = 0;
	if (s->written > FREE_BYTES && s->written > s->at / MAX_SHARE)
		split_drop(s);
}

static void put(struct split *s, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		size_t room = sizeof(s->block) - s->len, n = len < room ? len : room;

		memcpy(s->block + s->len, p, n);
		s->len += n;
		p += n;
		len -= n;
		if (s->len == sizeof(s->block))
			flush(s);
		s->len %= sizeof(s->block);
	}
}

static void put_number(struct split *s, uint64_t v)
{
	uint8_t b[10];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		b[n++] = (uint8_t)(v | 0x80);
	b[n++] = (uint8_t)v;
	put(s, b, n);
}

static void end_content(struct split *s)
{
	if (s->length) {
		put_number(s, strlen(s->path) * 2 + 1);
		put(s, s->path, strlen(s->path));
		put_number(s, s->offset);
		put_number(s, s->length);
	}
	s->length = 0;
}

static void literal(struct split *s, uint64_t until)
{
	size_t n = (size_t)(until - s->at);

	if (n == 0)
		return;
	end_content(s);
	put_number(s, (uint64_t)n * 2);
	put(s, s->piece + (s->at - s->piece_at), n);
	s->at = until;
}

void split_piece(struct split *s, const void *data, size_t len)
{
	if (s->fd < 0)
		return;
	if (s->piece)
		literal(s, s->piece_at + s->piece_len);
	s->piece = data;
	s->piece_at = s->at;
	s->piece_len = len;
}

void split_content(struct split *s, const char *path, uint64_t at, uint64_t offset, size_t len)
{
	if (s->fd < 0)
		return;
	if (at < s->at || at + len > s->piece_at + s->piece_len) {
		split_drop(s); /* not how libarchive reads: no archive is better than a wrong one */
		return;
	}
	literal(s, at);
	if (!s->length || offset != s->offset + s->length || !str_eq(s->path, path)) {
		end_content(s);
		str_copy(s->path, sizeof(s->path), path);
		s->offset = offset;
	}
	s->length += len;
	s->at = at + len;
}

int split_finish(struct split *s, struct err *e)
{
	split_piece(s, NULL, 0);
	end_content(s);
	if (s->len)
		flush(s);
	s->len = 0;
	flush(s); /* the end */
	return s->code < 0 ? err_set(e, s->code, "keep the layer's headers") : 0;
}
