#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

static void utf8(void **state)
{
	static const struct {
		const char *s;
		size_t len, want;
	} cases[] = {
		{"", 0, 0},
		{"a", 1, 1},
		{"\0", 1, 1},
		{"\x7f", 1, 1},
		{"\x80", 1, 0}, /* continuation alone */
		{"\xc2\x80", 2, 2},
		{"\xc1\xbf", 2, 0}, /* overlong */
		{"\xc3", 1, 0},	    /* cut */
		{"\xc3(", 2, 0},
		{"\xe0\xa0\x80", 3, 3},
		{"\xe0\x9f\xbf", 3, 0}, /* overlong */
		{"\xed\x9f\xbf", 3, 3},
		{"\xed\xa0\x80", 3, 0}, /* surrogate */
		{"\xef\xbf\xbf", 3, 3},
		{"\xe2\x82", 2, 0},
		{"\xe2\x82(", 3, 0},
		{"\xf0\x90\x80\x80", 4, 4},
		{"\xf0\x8f\xbf\xbf", 4, 0}, /* overlong */
		{"\xf4\x8f\xbf\xbf", 4, 4},
		{"\xf4\x90\x80\x80", 4, 0}, /* above U+10FFFF */
		{"\xf5\x80\x80\x80", 4, 0},
		{"\xff", 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(str_utf8_len(cases[i].s, cases[i].len), cases[i].want);
}

static void copies_refuse_to_cut(void **state)
{
	char dst[4] = "old";

	(void)state;
	assert_int_equal(str_copy(dst, sizeof(dst), "four"), -ENAMETOOLONG);
	assert_string_equal(dst, "old");
	assert_int_equal(str_copy(dst, sizeof(dst), "abc"), 3);
	assert_int_equal(str_copy_n(dst, sizeof(dst), "xyz", 2), 2);
	assert_string_equal(dst, "xy");
	assert_int_equal(str_printf(dst, sizeof(dst), "%d", 1234), -ENAMETOOLONG);
	assert_string_equal(dst, "");
	assert_int_equal(str_printf(dst, sizeof(dst), "%d", 123), 3);
}

static void ends(void **state)
{
	(void)state;
	assert_true(str_starts("abc", "ab") && str_starts("abc", "") && !str_starts("ab", "abc"));
	assert_true(str_ends("abc", "bc") && str_ends("abc", "") && !str_ends("bc", "abc"));
	assert_true(str_empty(NULL) && str_empty("") && !str_empty(" "));
}

static void spans(void **state)
{
	struct span rest, a;
	bool found;

	(void)state;
	a = span_cut(span_of("a=b=c"), '=', &rest, &found);
	assert_true(found && span_eq(a, "a") && span_eq(rest, "b=c"));
	a = span_cut(span_of("abc"), '=', &rest, &found);
	assert_true(!found && span_eq(a, "abc") && rest.len == 0);
	a = span_cut(span_of("="), '=', &rest, &found);
	assert_true(found && a.len == 0 && rest.len == 0);
	a = span_cut((struct span){NULL, 0}, '=', &rest, &found);
	assert_true(!found && a.len == 0);
	assert_true(span_eq(span_trim(span_of(" \t x y\t ")), "x y"));
	assert_int_equal(span_trim(span_of(" \t ")).len, 0);
	assert_true(span_eq_nocase(span_of("SHA256"), "sha256"));
	assert_false(span_eq_nocase(span_of("sha256"), "sha25"));
	assert_false(span_eq(span_of("ab"), "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8),
		cmocka_unit_test(copies_refuse_to_cut),
		cmocka_unit_test(ends),
		cmocka_unit_test(spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
