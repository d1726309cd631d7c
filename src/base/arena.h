/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/**
 * struct arena - memory for one request, freed whole
 *
 * The caller owns the block. Nothing is freed one by one: arena_reset() forgets everything.
 */
struct arena {
	unsigned char *base;
	size_t cap; /* bytes in base */
	size_t len; /* bytes handed out */
};

void arena_init(struct arena *a, void *base, size_t cap);
void arena_reset(struct arena *a);

/** arena_alloc() - zeroed memory, aligned to max_align_t; NULL when it does not fit */
void *arena_alloc(struct arena *a, size_t size);

/** arena_array() - zeroed array of @n elements of @size bytes; NULL on overflow or when it does not fit */
void *arena_array(struct arena *a, size_t n, size_t size);

/** arena_strndup() - copy of @len bytes with a final NUL; NULL when it does not fit */
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
