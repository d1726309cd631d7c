#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"

static void what_is_no_number(void **state)
{
	/* CVE-2024-40635, CVE-2016-3697, CVE-2026-30892: ids that wrap or are read in part */
	static const char *const bad[] = {"",	" ",   "-",	   "+1",  "-1", " 1",
					  "1 ", "0x0", "0x10",	   "1e3", "1.", "1,0",
					  "a",	"1a",  "\xd9\xa1", "1\n"};
	uint64_t v = 7;
	uint32_t w = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(num_u64(span_of(bad[i]), UINT64_MAX, &v), -EINVAL);
		assert_int_equal(num_u32(span_of(bad[i]), UINT32_MAX, &w), -EINVAL);
	}
	assert_int_equal(v, 7);
	assert_int_equal(w, 7);
}

static void limits(void **state)
{
	uint64_t v = 7;
	uint32_t w = 7;

	(void)state;
	assert_int_equal(num_u64(span_of("18446744073709551615"), UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(num_u64(span_of("18446744073709551616"), UINT64_MAX, &v), -ERANGE);
	assert_int_equal(num_u64(span_of("99999999999999999999999999999999"), UINT64_MAX, &v),
			 -ERANGE);
	assert_int_equal(num_u64(span_of("28446744073709551616"), UINT64_MAX, &v), -ERANGE);
	assert_int_equal(num_u64(span_of("0000000000000000000000000000010"), UINT64_MAX, &v), 0);
	assert_int_equal(v, 10);
	assert_int_equal(num_u32(span_of("4294967295"), UINT32_MAX, &w), 0);
	assert_true(w == UINT32_MAX);
	assert_int_equal(num_u32(span_of("4294967296"), UINT32_MAX, &w), -ERANGE);
	assert_int_equal(num_u32(span_of("101"), 100, &w), -ERANGE);
	assert_int_equal(num_u32(span_of("100"), 100, &w), 0);
}

static void bases(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(num_hex(span_of("dEaD"), UINT64_MAX, &v), 0);
	assert_int_equal(v, 0xdead);
	assert_int_equal(num_hex(span_of("g"), UINT64_MAX, &v), -EINVAL);
	assert_int_equal(num_oct(span_of("1777"), 07777, &v), 0);
	assert_int_equal(v, 01777);
	assert_int_equal(num_oct(span_of("8"), 07777, &v), -EINVAL);
	assert_int_equal(num_oct(span_of("10000"), 07777, &v), -ERANGE);
}

static void with_sign(void **state)
{
	int64_t v;

	(void)state;
	assert_int_equal(num_i64(span_of("-9223372036854775808"), INT64_MIN, INT64_MAX, &v), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(num_i64(span_of("9223372036854775807"), INT64_MIN, INT64_MAX, &v), 0);
	assert_true(v == INT64_MAX);
	assert_int_equal(num_i64(span_of("-9223372036854775809"), INT64_MIN, INT64_MAX, &v),
			 -ERANGE);
	assert_int_equal(num_i64(span_of("9223372036854775808"), INT64_MIN, INT64_MAX, &v),
			 -ERANGE);
	assert_int_equal(num_i64(span_of("--1"), INT64_MIN, INT64_MAX, &v), -EINVAL);
	assert_int_equal(num_i64(span_of("-"), INT64_MIN, INT64_MAX, &v), -EINVAL);
	assert_int_equal(num_i64(span_of("-1001"), -1000, 1000, &v), -ERANGE);
	assert_int_equal(num_i64(span_of("-1000"), -1000, 1000, &v), 0);
}

static void bytes(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t want;
	} cases[] = {
		{"0", 0, 0},
		{"100", 0, 100},
		{"100b", 0, 100},
		{"32m", 0, 32 << 20},
		{"32M", 0, 32 << 20},
		{"64MB", 0, 64 << 20},
		{"64MiB", 0, 64 << 20},
		{"1.5g", 0, UINT64_C(3) << 29},
		{"512k", 0, 512 << 10},
		{"1t", 0, UINT64_C(1) << 40},
		{"16777215t", 0, UINT64_C(16777215) << 40},
		{"16777216t", -ERANGE, 0},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"1.5x", -EINVAL, 0},
		{"1..5m", -EINVAL, 0},
		{"m", -EINVAL, 0},
		{"-1m", -EINVAL, 0},
		{"1 m", -EINVAL, 0},
		{"", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t v = 0;

		assert_int_equal(num_bytes(span_of(cases[i].text), &v), cases[i].result);
		assert_true(v == cases[i].want);
	}
}

static void thousandths(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(num_milli(span_of("0.5"), 1000000, &v), 0);
	assert_int_equal(v, 500);
	assert_int_equal(num_milli(span_of("2"), 1000000, &v), 0);
	assert_int_equal(v, 2000);
	assert_int_equal(num_milli(span_of("0.0005"), 1000000, &v), -EINVAL);
	assert_int_equal(num_milli(span_of(".5"), 1000000, &v), -EINVAL);
	assert_int_equal(num_milli(span_of("1."), 1000000, &v), -EINVAL);
	assert_int_equal(num_milli(span_of("1001"), 1000000, &v), -ERANGE);
	assert_int_equal(num_milli(span_of("18446744073709551615"), UINT64_MAX, &v), -ERANGE);
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t want;
	} cases[] = {
		{"1s", 0, 1000},     {"1m30s", 0, 90000}, {"500ms", 0, 500},
		{"2h", 0, 7200000},  {"1.5s", 0, 1500},	  {"1h1m1s1ms", 0, 3661001},
		{"0s", 0, 0},	     {"10", -EINVAL, 0},  {"", -EINVAL, 0},
		{"s", -EINVAL, 0},   {"1d", -EINVAL, 0},  {"1s ", -EINVAL, 0},
		{"-1s", -EINVAL, 0}, {"1us", -EINVAL, 0}, {"99999999999999999999h", -ERANGE, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t v = 0;

		assert_int_equal(num_duration_ms(span_of(cases[i].text), &v), cases[i].result);
		assert_int_equal(v, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_number),
		cmocka_unit_test(limits),
		cmocka_unit_test(bases),
		cmocka_unit_test(with_sign),
		cmocka_unit_test(bytes),
		cmocka_unit_test(thousandths),
		cmocka_unit_test(durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
