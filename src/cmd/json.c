/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/json.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/rfc3339.h"
#include "base/str.h"

static bool in_array, in_object, first_object, first_member;

void json_out_begin(bool array)
{
	in_array = array;
	first_object = true;
	in_object = false;
	if (array)
		putchar('[');
}

static void end_object(void)
{
	if (in_object)
		putchar('}');
	in_object = false;
}

void json_out_object(void)
{
	end_object();
	fputs(first_object ? "" : ",\n ", stdout);
	putchar('{');
	first_object = false;
	in_object = first_member = true;
}

/* In pieces, so that no text is too long; a piece never ends inside a character. */
static void string(const char *s)
{
	size_t left = strlen(s);
	char piece[512];
	struct buf b;

	putchar('"');
	while (left) {
		size_t n = 0;

		while (n < left && n < 64) {
			size_t c = str_utf8_len(s + n, left - n);

			n += c ? c : 1;
		}
		buf_init(&b, piece, sizeof(piece));
		buf_json_n(&b, s, n);
		fwrite(b.p + 1, 1, b.len - 2, stdout);
		s += n;
		left -= n;
	}
	putchar('"');
}

static void member(const char *key)
{
	printf("%s\"%s\":", first_member ? "" : ",", key);
	first_member = false;
}

void json_out_str(const char *key, const char *value)
{
	member(key);
	if (value)
		string(value);
	else
		fputs("null", stdout);
}

void json_out_num(const char *key, int64_t value)
{
	member(key);
	printf("%lld", (long long)value);
}

void json_out_bool(const char *key, bool value)
{
	member(key);
	fputs(value ? "true" : "false", stdout);
}

void json_out_time(const char *key, int64_t s)
{
	char text[RFC3339_CAP];

	json_out_str(key, s ? rfc3339_format(text, s, 0) : NULL);
}

void json_out_end(void)
{
	end_object();
	puts(in_array ? "]" : "");
}
