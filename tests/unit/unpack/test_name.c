/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "unpack/name.h"

static struct unpack_name name;

static void check(const char *in, enum unpack_name_kind kind, const char *text, const char *base)
{
	assert_int_equal(unpack_name_parse(in, &name, NULL), 0);
	assert_int_equal(name.kind, kind);
	assert_string_equal(name.text, text);
	assert_int_equal(name.len, strlen(text));
	assert_string_equal(name.text + name.base, base);
}

static void names_are_normalised(void **state)
{
	(void)state;
	check("a", UNPACK_NAME_PLAIN, "a", "a");
	check("./a/b", UNPACK_NAME_PLAIN, "a/b", "b");
	check("/a//b/./c/", UNPACK_NAME_PLAIN, "a/b/c", "c");
	check("...", UNPACK_NAME_PLAIN, "...", "...");
	check("a/..b/c..", UNPACK_NAME_PLAIN, "a/..b/c..", "c..");
	check("\xff\n", UNPACK_NAME_PLAIN, "\xff\n", "\xff\n");
	for (size_t i = 0; i < 5; i++)
		check(((const char *[]){".", "/", "./", "//", "/./."})[i], UNPACK_NAME_PLAIN, "",
		      "");
}

static void whiteouts_are_told_apart(void **state)
{
	(void)state;
	check("d/.wh.x", UNPACK_NAME_WHITEOUT, "d/x", "x");
	check(".wh.x", UNPACK_NAME_WHITEOUT, "x", "x");
	check(".wh..x", UNPACK_NAME_WHITEOUT, ".x", ".x");
	check(".wh....", UNPACK_NAME_WHITEOUT, "...", "...");
	check("d/.wh..wh..opq", UNPACK_NAME_OPAQUE, "d/.wh..wh..opq", ".wh..wh..opq");
	check(".wh..wh.plnk", UNPACK_NAME_IGNORED, ".wh..wh.plnk", ".wh..wh.plnk");
	check(".wh..wh.plnk/1.2", UNPACK_NAME_IGNORED, ".wh..wh.plnk/1.2", "1.2");
	check(".wh..wh.plnk/.wh.a", UNPACK_NAME_IGNORED, ".wh..wh.plnk/.wh.a", ".wh.a");
	check(".wh", UNPACK_NAME_PLAIN, ".wh", ".wh");
	check("a.wh.b", UNPACK_NAME_PLAIN, "a.wh.b", "a.wh.b");
}

static void bad_names_are_refused(void **state)
{
	static const struct {
		const char *name;
		int code;
		const char *why;
	} cases[] = {
		{"", -EBADMSG, "empty"},
		{"..", -EBADMSG, "\"..\""},
		{"a/../b", -EBADMSG, "\"..\""},
		{"/..", -EBADMSG, "\"..\""},
		{".wh.", -EBADMSG, "whiteout of \"\""},
		{".wh..", -EBADMSG, "whiteout of \".\""},
		{"a/.wh...", -EBADMSG, "whiteout of \"..\""},
		{".wh.a/b", -EBADMSG, "as a directory"},
		{".wh..wh..opq/b/../c", -EBADMSG, "\"..\""},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = {0};

		assert_int_equal(unpack_name_parse(cases[i].name, &name, &e), cases[i].code);
		assert_non_null(strstr(e.msg, cases[i].why));
	}
}

static char *repeat(char *dst, const char *part, size_t n)
{
	*dst = '\0';
	for (size_t i = 0; i < n; i++)
		memcpy(dst + i * strlen(part), part, strlen(part) + 1);
	return dst;
}

static void limits_hold_to_the_byte(void **state)
{
	static char text[10000];
	size_t len;
	(void)state;

	assert_int_equal(unpack_name_parse(repeat(text, "c", 255), &name, NULL), 0);
	assert_int_equal(unpack_name_parse(repeat(text, "c", 256), &name, NULL), -ENAMETOOLONG);
	assert_int_equal(unpack_name_parse(repeat(text, "d/", 128), &name, NULL), 0);
	assert_int_equal(name.len, 255);
	assert_int_equal(unpack_name_parse(repeat(text, "d/", 129), &name, NULL), -ELOOP);
	/* 40 components of 101 bytes with their slash, then one that makes it exactly PATH_MAX - 1 */
	for (size_t last = 54; last <= 56; last++) {
		text[0] = '\0';
		for (int i = 0; i < 40; i++) {
			len = strlen(text);
			memset(text + len, 'p', 100);
			memcpy(text + len + 100, "/", 2);
		}
		len = strlen(text);
		memset(text + len, 'l', last);
		text[len + last] = '\0';
		assert_int_equal(unpack_name_parse(text, &name, NULL),
				 last <= 55 ? 0 : -ENAMETOOLONG);
	}
}

static void messages_are_safe_to_print(void **state)
{
	char quoted[UNPACK_QUOTE_CAP], text[500];
	(void)state;

	assert_string_equal(unpack_quote(quoted, "usr/bin/x"), "usr/bin/x");
	assert_string_equal(unpack_quote(quoted, "a\x1b[31m\n\x7f\xc3\xa9"), "a?[31m????");
	memset(text, 'a', sizeof(text));
	text[0] = 's';
	text[498] = 'e';
	text[499] = '\0';
	unpack_quote(quoted, text);
	assert_int_equal(strlen(quoted), UNPACK_QUOTE_CAP - 1);
	assert_int_equal(quoted[0], 's');
	assert_int_equal(quoted[UNPACK_QUOTE_CAP - 2], 'e');
	assert_non_null(strstr(quoted, "..."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_normalised),
		cmocka_unit_test(whiteouts_are_told_apart),
		cmocka_unit_test(bad_names_are_refused),
		cmocka_unit_test(limits_hold_to_the_byte),
		cmocka_unit_test(messages_are_safe_to_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
