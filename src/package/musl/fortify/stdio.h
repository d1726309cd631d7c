#pragma once

#include_next <stdio.h>

#include "fortify.h"

FORTIFY_REAL(vsnprintf);

FORTIFY __attribute__((__format__(__printf__, 3, 0))) int
vsnprintf(char *restrict dst, size_t n, const char *restrict format, __builtin_va_list args)
{
	FORTIFY_CHECK(dst, n);
	return fortify_real_vsnprintf(dst, n, format, args);
}

FORTIFY __attribute__((__format__(__printf__, 3, 4))) int
snprintf(char *restrict dst, size_t n, const char *restrict format, ...)
{
	FORTIFY_CHECK(dst, n);
	return __builtin_snprintf(dst, n, format, __builtin_va_arg_pack());
}
