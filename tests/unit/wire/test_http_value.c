/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>

#include "wire/http_value.h"

static void reads_ranges(void **state)
{
	struct http_range r;

	(void)state;
	assert_int_equal(http_content_range(span_of("bytes 5-9/10"), &r), 0);
	assert_int_equal(r.first, 5);
	assert_int_equal(r.last, 9);
	assert_int_equal(r.total, 10);
	assert_int_equal(http_content_range(span_of("Bytes 0-0/*"), &r), 0);
	assert_true(r.total == HTTP_TOTAL_UNKNOWN);
}

static void refuses_ranges(void **state)
{
	static const char *const bad[] = {"",
					  "bytes",
					  "bytes ",
					  "bytes */10",
					  "bytes 5-/10",
					  "bytes -9/10",
					  "bytes 5-9",
					  "bytes 9-5/10",
					  "bytes 5-9/9",
					  "bytes 5-9/",
					  "bytes +5-9/10",
					  "bytes 5-9/10 ",
					  "items 5-9/10",
					  "bytes 5-99999999999999999999/*"};
	struct http_range r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (http_content_range(span_of(bad[i]), &r) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
}

static void reads_what_an_upload_has(void **state)
{
	static const char *const bad[] = {
		"",	 "0",	   "1-5",	"0-",  "-5",
		"0-5/9", "bytes=", "bytes 0-5", "0-x", "0-99999999999999999999"};
	uint64_t bytes;

	(void)state;
	assert_int_equal(http_upload_range(span_of("0-1023"), &bytes), 0);
	assert_int_equal(bytes, 1024);
	assert_int_equal(http_upload_range(span_of("bytes=0-4"), &bytes), 0);
	assert_int_equal(bytes, 5);
	assert_int_equal(http_upload_range(span_of("0-0"), &bytes), 0);
	assert_int_equal(bytes, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (http_upload_range(span_of(bad[i]), &bytes) != -EINVAL &&
		    http_upload_range(span_of(bad[i]), &bytes) != -ERANGE)
			fail_msg("taken: %s", bad[i]);
}

static void reads_dates(void **state)
{
	/* RFC 9110's three forms of one instant, and others */
	static const struct {
		const char *text;
		int64_t s;
	} cases[] = {
		{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
		{"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
		{"Sun Nov  6 08:49:37 1994", 784111777},
		{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
		{"Tue, 29 Feb 2028 23:59:60 GMT", 1835481600},
		{"Monday, 01-Jan-69 00:00:00 GMT", 3124224000},
	};
	int64_t s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(http_date(span_of(cases[i].text), &s), 0);
		assert_int_equal(s, cases[i].s);
	}
}

static void refuses_dates(void **state)
{
	static const char *const bad[] = {"",
					  "120",
					  "Sun, 06 Nov 1994 08:49:37",
					  "Sun, 06 Nov 1994 08:49:37 CET",
					  "Sun, 06 Nov 1994 08:49:37 GMT x",
					  "Sun, 00 Nov 1994 08:49:37 GMT",
					  "Sun, 32 Nov 1994 08:49:37 GMT",
					  "Sun, 06 Nix 1994 08:49:37 GMT",
					  "Sun, 06 Nov 19940 08:49:37 GMT",
					  "Sun, 06 Nov 1994 24:49:37 GMT",
					  "Sun, 06 Nov 1994 08:49 GMT",
					  "Sun, -6 Nov 1994 08:49:37 GMT,",
					  "Sun Nov 6 08:49:37",
					  "Sun Nov 6 08:49:37 1994 GMT"};
	int64_t s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (http_date(span_of(bad[i]), &s) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
}

static void reads_rates(void **state)
{
	struct http_rate r;

	(void)state;
	assert_int_equal(http_rate(span_of("100;w=21600"), &r), 0);
	assert_int_equal(r.n, 100);
	assert_int_equal(r.window_s, 21600);
	assert_int_equal(http_rate(span_of("76"), &r), 0);
	assert_int_equal(r.n, 76);
	assert_int_equal(r.window_s, 0);
	assert_int_equal(http_rate(span_of("0 ; x=1 ; w=60"), &r), 0);
	assert_int_equal(r.window_s, 60);
	assert_int_equal(http_rate(span_of("many"), &r), -EINVAL);
	assert_int_equal(http_rate(span_of(""), &r), -EINVAL);
	assert_int_equal(http_rate(span_of("-1"), &r), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_ranges),
		cmocka_unit_test(refuses_ranges),
		cmocka_unit_test(reads_what_an_upload_has),
		cmocka_unit_test(reads_dates),
		cmocka_unit_test(refuses_dates),
		cmocka_unit_test(reads_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
