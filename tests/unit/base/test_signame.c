/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>

#include "base/signame.h"

static void parses(void **state)
{
	static const struct {
		const char *text;
		int number;
	} cases[] = {
		{"SIGTERM", 15},
		{"term", 15},
		{"sigterm", 15},
		{"15", 15},
		{"KILL", 9},
		{"RTMIN", 34},
		{"SIGRTMIN+3", 37},
		{"rtmax-1", 63},
		{"64", 64},
		{"0", -EINVAL},
		{"65", -EINVAL},
		{"", -EINVAL},
		{"SIG", -EINVAL},
		{"TERMX", -EINVAL},
		{"-9", -EINVAL},
		{"SIGSIGTERM", -EINVAL},
		{"RTMIN+31", -EINVAL},
		{"9 ", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (signame_parse(span_of(cases[i].text)) != cases[i].number)
			fail_msg("%s -> %d", cases[i].text, signame_parse(span_of(cases[i].text)));
}

static void every_number_comes_back(void **state)
{
	char text[16];

	(void)state;
	for (int i = 1; i <= 64; i++)
		assert_int_equal(signame_parse(span_of(signame_format(text, i))), i);
	assert_string_equal(signame_format(text, 15), "SIGTERM");
	assert_string_equal(signame_format(text, 37), "SIGRTMIN+3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(every_number_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
