/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** struct span - bytes that belong to somebody else; not NUL-terminated */
struct span {
	const char *p;
	size_t len;
};

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

bool str_eq(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/** str_empty() - NULL or "" */
bool str_empty(const char *s);

/** str_copy() - copy with NUL. Return: length, or -ENAMETOOLONG (then @dst is untouched) */
int str_copy(char *dst, size_t cap, const char *src);
int str_copy_n(char *dst, size_t cap, const char *src, size_t len);

/** str_printf() - snprintf that refuses to cut. Return: length, or -ENAMETOOLONG (then @dst is "") */
int str_printf(char *dst, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** str_utf8_len() - bytes of the UTF-8 sequence at @s, 0 if invalid (RFC 3629: no surrogates, no overlong) */
size_t str_utf8_len(const char *s, size_t len);

bool span_eq(struct span a, const char *b);
bool span_eq_nocase(struct span a, const char *b); /* ASCII only */
struct span span_of(const char *s);
struct span span_trim(struct span a); /* without spaces and tabs at both ends */

/** span_cut() - split at the first @sep: returns what is before, @rest gets what is after; false in
 *  @found if there was no separator (then all of @s is returned and @rest is empty) */
struct span span_cut(struct span s, char sep, struct span *rest, bool *found);
