/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/**
 * struct buf - a growing text or byte string in a fixed block of the caller's
 *
 * Overflow is sticky: append without checks, then ask buf_ok() once. The content is always
 * NUL-terminated (the NUL is not counted in len).
 */
struct buf {
	char *p;
	size_t cap; /* bytes in p, one of them for the NUL */
	size_t len;
	bool overflow;
};

void buf_init(struct buf *b, void *mem, size_t cap);
void buf_put(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** buf_json() - append @s as a JSON string with quotes; invalid UTF-8 bytes become U+FFFD (RFC 8259, 7) */
void buf_json(struct buf *b, const char *s);
void buf_json_n(struct buf *b, const char *s, size_t len);
static inline bool buf_ok(const struct buf *b)
{
	return !b->overflow;
}
