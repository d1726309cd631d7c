#pragma once

#include_next <string.h>

#include "fortify.h"

FORTIFY void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	FORTIFY_CHECK(dst, n);
	FORTIFY_CHECK(src, n);
	return __builtin_memcpy(dst, src, n);
}

FORTIFY void *memmove(void *dst, const void *src, size_t n)
{
	FORTIFY_CHECK(dst, n);
	FORTIFY_CHECK(src, n);
	return __builtin_memmove(dst, src, n);
}

FORTIFY void *memset(void *dst, int c, size_t n)
{
	FORTIFY_CHECK(dst, n);
	return __builtin_memset(dst, c, n);
}

FORTIFY int memcmp(const void *a, const void *b, size_t n)
{
	FORTIFY_CHECK(a, n);
	FORTIFY_CHECK(b, n);
	return __builtin_memcmp(a, b, n);
}

FORTIFY void *memchr(const void *p, int c, size_t n)
{
	FORTIFY_CHECK(p, n);
	return __builtin_memchr(p, c, n);
}

FORTIFY char *strcpy(char *restrict dst, const char *restrict src)
{
	FORTIFY_CHECK(dst, __builtin_strlen(src) + 1);
	return __builtin_strcpy(dst, src);
}

FORTIFY char *strncpy(char *restrict dst, const char *restrict src, size_t n)
{
	FORTIFY_CHECK(dst, n);
	return __builtin_strncpy(dst, src, n);
}
