/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void arena_init(struct arena *a, void *base, size_t cap)
{
	size_t skew = -(uintptr_t)base & (_Alignof(max_align_t) - 1);

	if (skew > cap)
		skew = cap;
	a->base = (unsigned char *)base + skew;
	a->cap = cap - skew;
	a->len = 0;
}

void arena_reset(struct arena *a)
{
	a->len = 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t start = (a->len + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);

	if (start > a->cap || size > a->cap - start)
		return NULL;
	a->len = start + size;
	return memset(a->base + start, 0, size);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return arena_alloc(a, total);
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		return NULL;
	copy = arena_alloc(a, len + 1);
	if (copy)
		memcpy(copy, s, len);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	text = arena_alloc(a, (size_t)n + 1);
	if (!text)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text;
}
