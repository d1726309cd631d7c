/* arena, buf, err: memory that belongs to the caller */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

static void arena_aligns_and_ends(void **state)
{
	static char block[256];
	struct arena a;
	void *p, *q;

	(void)state;
	for (size_t skew = 0; skew < 20; skew++) {
		arena_init(&a, block + skew, sizeof(block) - skew);
		p = arena_alloc(&a, 1);
		q = arena_alloc(&a, 1);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		assert_int_equal((uintptr_t)q % _Alignof(max_align_t), 0);
		assert_ptr_not_equal(p, q);
		while ((p = arena_alloc(&a, 7)))
			assert_true((char *)p >= block + skew &&
				    (char *)p + 7 <= block + sizeof(block));
		arena_reset(&a);
		assert_non_null(arena_alloc(&a, 7));
	}
	arena_init(&a, block + 1, 3); /* smaller than the alignment */
	assert_null(arena_alloc(&a, 1));
}

static void arena_zeroes_and_refuses(void **state)
{
	static char block[64];
	struct arena a;
	char *p;

	(void)state;
	memset(block, 0x55, sizeof(block));
	arena_init(&a, block, sizeof(block));
	p = arena_alloc(&a, 16);
	for (int i = 0; i < 16; i++)
		assert_int_equal(p[i], 0);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 8));
	assert_null(arena_array(&a, SIZE_MAX / 2, 3));
	assert_null(arena_strndup(&a, "", SIZE_MAX));
	assert_string_equal(arena_strdup(&a, "fits"), "fits");
	assert_string_equal(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	assert_null(arena_printf(&a, "%100d", 7));
}

static void buf_overflow_is_sticky(void **state)
{
	char mem[8];
	struct buf b;

	(void)state;
	buf_init(&b, mem, sizeof(mem));
	buf_puts(&b, "1234567");
	assert_true(buf_ok(&b));
	assert_string_equal(b.p, "1234567");
	buf_putc(&b, '8');
	assert_false(buf_ok(&b));
	assert_string_equal(b.p, "1234567");
	buf_init(&b, mem, sizeof(mem));
	buf_puts(&b, "123");
	buf_printf(&b, "%s", "too long");
	assert_false(buf_ok(&b));
	assert_string_equal(b.p, "123"); /* nothing of what did not fit */
	buf_puts(&b, "x");
	assert_int_equal(b.len, 3);
	buf_init(&b, mem, 0);
	buf_puts(&b, "");
	assert_false(buf_ok(&b));
}

static void json_strings(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", "\"\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"\n\r\t\x01\x7f", "\"\\n\\r\\t\\u0001\\u007f\""},
		{"\xc3\xa4\xf0\x9f\x98\x80", "\"\xc3\xa4\xf0\x9f\x98\x80\""},
		{"\xff\xc3x\xed\xa0\x80", "\"\\ufffd\\ufffdx\\ufffd\\ufffd\\ufffd\""},
	};
	char mem[128];
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_init(&b, mem, sizeof(mem));
		buf_json(&b, cases[i].in);
		assert_string_equal(b.p, cases[i].out);
	}
}

static void errors_explain(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(err_wrap(&e, "nothing"), -EIO);
	assert_int_equal(e.code, -EIO);
	e.code = 0;
	assert_int_equal(err_set(&e, -ENOENT, "open %s", "x"), -ENOENT);
	assert_string_equal(e.msg, "open x: No such file or directory");
	assert_int_equal(err_wrap(&e, "start %d", 7), -ENOENT);
	assert_string_equal(e.msg, "start 7: open x: No such file or directory");
	assert_int_equal(err_text(&e, -EINVAL, "whole text"), -EINVAL);
	assert_string_equal(e.msg, "whole text");
	assert_int_equal(e.code, -EINVAL);
	assert_int_equal(err_set(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_wrap(NULL, "x"), -EIO);
}

static void long_errors_are_marked(void **state)
{
	char text[ERR_MSG_MAX * 2];
	struct err e = {0};

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	err_set(&e, -EIO, "%s", text);
	assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
	assert_int_equal(e.msg[ERR_MSG_MAX - 2], '~');
	err_wrap(&e, "outer");
	assert_int_equal(strncmp(e.msg, "outer: xxx", 10), 0);
	assert_int_equal(e.msg[ERR_MSG_MAX - 2], '~');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_aligns_and_ends),
		cmocka_unit_test(arena_zeroes_and_refuses),
		cmocka_unit_test(buf_overflow_is_sticky),
		cmocka_unit_test(json_strings),
		cmocka_unit_test(errors_explain),
		cmocka_unit_test(long_errors_are_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
