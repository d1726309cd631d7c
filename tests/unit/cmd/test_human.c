/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/str.h"
#include "cmd/human.h"

static void sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *want;
	} cases[] = {
		{0, "0B"},
		{1, "1B"},
		{999, "999B"},
		{1000, "1kB"},
		{1004, "1kB"},
		{1005, "1.01kB"},
		{1450, "1.45kB"},
		{12345, "12.3kB"},
		{133456789, "133MB"},
		{999499, "999kB"},
		{999500, "1MB"},
		{999999999, "1GB"},
		{7800000, "7.8MB"},
		{9996, "10kB"},
		{1240000000, "1.24GB"},
		{99950, "100kB"},
		{1000000000000, "1TB"},
		{UINT64_MAX, "18.4EB"},
	};
	char text[HUMAN_CAP];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(human_size(text, cases[i].bytes), cases[i].want);
}

static void durations(void **state)
{
	static const struct {
		int64_t s;
		const char *want;
	} cases[] = {
		{-5, "Less than a second"}, {0, "Less than a second"},	{1, "1 second"},
		{59, "59 seconds"},	    {60, "About a minute"},	{119, "About a minute"},
		{120, "2 minutes"},	    {3599, "59 minutes"},	{3600, "About an hour"},
		{5399, "About an hour"},    {5400, "2 hours"},		{47 * 3600, "47 hours"},
		{48 * 3600, "2 days"},	    {14 * 86400, "2 weeks"},	{59 * 86400, "8 weeks"},
		{60 * 86400, "2 months"},   {729 * 86400, "24 months"}, {730 * 86400, "2 years"},
	};
	char text[HUMAN_CAP];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(human_duration(text, cases[i].s), cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
