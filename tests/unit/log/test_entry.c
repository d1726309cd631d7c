#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "log/entry.h"

static int parse(const char *line, struct log_entry *e)
{
	static char mem[4096];
	size_t len = strlen(line);

	assert_true(len < sizeof(mem));
	memcpy(mem, line, len);
	return log_entry_parse(mem, len, e);
}

#define TAIL "\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:01.5Z\"}"

static void text_is_decoded(void **state)
{
	static const struct {
		const char *escaped, *text;
		size_t len;
	} cases[] = {
		{"", "", 0},
		{"hello\\n", "hello\n", 6},
		{"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 8},
		{"\\u0000x", "\0x", 2},
		{"\\u00e4\\u20ac\\u003c", "\xc3\xa4\xe2\x82\xac<", 6},
		{"\\ud83d\\ude00", "\xf0\x9f\x98\x80", 4},
		{"\\ud83d", "\xef\xbf\xbd", 3},			     /* half a pair */
		{"\\ude00\\ud83dx", "\xef\xbf\xbd\xef\xbf\xbdx", 7}, /* the wrong way round */
		{"\\ud83d\\u0041",
		 "\xef\xbf\xbd"
		 "A",
		 4},
		{"raw \xc3\xa4 \x7f", "raw \xc3\xa4 \x7f", 8},
	};
	char line[256];
	struct log_entry e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		str_printf(line, sizeof(line), "{\"log\":\"%s" TAIL, cases[i].escaped);
		assert_int_equal(parse(line, &e), 0);
		assert_int_equal(e.len, cases[i].len);
		assert_memory_equal(e.text, cases[i].text, e.len);
		assert_int_equal(e.s, 1);
		assert_int_equal(e.ns, 500000000);
		assert_int_equal(e.stream, LOG_STDOUT);
	}
}

static void order_and_unknown_members_do_not_matter(void **state)
{
	struct log_entry e;

	(void)state;
	assert_int_equal(parse("{\"time\":\"1970-01-01T00:00:00Z\",\"x\":\"y\",\"stream\":"
			       "\"stderr\",\"log\":\"a\"}",
			       &e),
			 0);
	assert_int_equal(e.stream, LOG_STDERR);
	assert_int_equal(e.len, 1);
}

static void damage_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"{}",
		"null",
		"{\"log\":\"a\"}",
		"{\"log\":\"a" TAIL "x",
		" {\"log\":\"a" TAIL,
		"{,\"log\":\"a" TAIL,
		"{\"log\":\"a\\" TAIL,
		"{\"log\":\"a\\x" TAIL,
		"{\"log\":\"a\\u12" TAIL,
		"{\"log\":\"a\\u12g4" TAIL,
		"{\"log\":\"a\tb" TAIL,
		"{\"log\":1,\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:00Z\"}",
		"{\"log\":\"a\",\"stream\":\"stdin\",\"time\":\"1970-01-01T00:00:00Z\"}",
		"{\"log\":\"a\",\"stream\":\"stdout\",\"time\":\"yesterday\"}",
		"{\"log\":\"a\" \"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:00Z\"}",
	};
	struct log_entry e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(parse(bad[i], &e), -EBADMSG);
}

static void every_cut_is_refused(void **state)
{
	const char *line = "{\"log\":\"h\\u00e4\\n" TAIL;
	char mem[256];
	struct log_entry e;

	(void)state;
	for (size_t len = 0; len < strlen(line); len++) {
		memcpy(mem, line, len);
		assert_int_equal(log_entry_parse(mem, len, &e), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_decoded),
		cmocka_unit_test(order_and_unknown_members_do_not_matter),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(every_cut_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
