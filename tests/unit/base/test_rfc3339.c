#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/rfc3339.h"

static void known_times(void **state)
{
	static const struct {
		const char *text;
		int64_t s;
		uint32_t ns;
	} cases[] = {
		{"1970-01-01T00:00:00.000000000Z", 0, 0},
		{"1969-12-31T23:59:59.999999999Z", -1, 999999999},
		{"2000-02-29T12:00:00.000000001Z", 951825600, 1},
		{"2038-01-19T03:14:08.000000000Z", INT64_C(2147483648), 0},
		{"2100-03-01T00:00:00.000000000Z", INT64_C(4107542400), 0},
		{"9999-12-31T23:59:59.000000000Z", INT64_C(253402300799), 0},
		{"0000-01-01T00:00:00.000000000Z", INT64_C(-62167219200), 0},
	};
	char text[RFC3339_CAP];
	int64_t s;
	uint32_t ns;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_string_equal(rfc3339_format(text, cases[i].s, cases[i].ns), cases[i].text);
		assert_int_equal(rfc3339_parse(span_of(cases[i].text), &s, &ns), 0);
		assert_true(s == cases[i].s && ns == cases[i].ns);
	}
}

static void other_forms(void **state)
{
	int64_t s;
	uint32_t ns;

	(void)state;
	assert_int_equal(rfc3339_parse(span_of("1970-01-01T01:00:00+01:00"), &s, &ns), 0);
	assert_int_equal(s, 0);
	assert_int_equal(rfc3339_parse(span_of("1969-12-31t19:30:00.5-04:30"), &s, &ns), 0);
	assert_int_equal(s, 0);
	assert_int_equal(ns, 500000000);
	assert_int_equal(rfc3339_parse(span_of("1970-01-01 00:00:60z"), &s, &ns),
			 0); /* leap second */
	assert_int_equal(s, 60);
	assert_int_equal(rfc3339_parse(span_of("1970-01-01T00:00:00.1234567899Z"), &s, &ns), 0);
	assert_int_equal(ns, 123456789);
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"",
		"1970",
		"1970-01-01",
		"1970-01-01T00:00:00",
		"1970-01-01T00:00:00.Z",
		"1970-13-01T00:00:00Z",
		"1970-00-01T00:00:00Z",
		"1970-01-32T00:00:00Z",
		"1970-01-00T00:00:00Z",
		"1970-01-01T24:00:00Z",
		"1970-01-01T00:60:00Z",
		"1970-01-01T00:00:61Z",
		"1970-01-01T00:00:00+1:00",
		"1970-01-01T00:00:00ZZ",
		"1970-01-01T00:00:00+24:00",
		"1970/01/01T00:00:00Z",
		"+970-01-01T00:00:00Z",
		"1970-01-01x00:00:00Z",
		" 1970-01-01T00:00:00Z",
	};
	int64_t s = 5;
	uint32_t ns;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(rfc3339_parse(span_of(bad[i]), &s, &ns), -EINVAL);
	assert_int_equal(s, 5);
}

static void every_day_comes_back(void **state)
{
	int64_t year;
	unsigned int month, day;

	(void)state;
	for (int64_t n = -200000; n < 200000; n += 7) {
		days_to_civil(n, &year, &month, &day);
		assert_true(month >= 1 && month <= 12 && day >= 1 && day <= 31);
		assert_true(civil_to_days(year, month, day) == n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_times),
		cmocka_unit_test(other_forms),
		cmocka_unit_test(refused),
		cmocka_unit_test(every_day_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
