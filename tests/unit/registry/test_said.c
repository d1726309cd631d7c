/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "registry/said.h"

static const char *say(const char *json)
{
	static _Alignas(16) char pool[16 * 1024];
	static char said[SAID_CAP];

	said_parse(span_of(json), pool, sizeof(pool), said);
	return said;
}

static void says_the_first_error(void **state)
{
	(void)state;
	assert_string_equal(
		say("{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"},{\"code\":\"X\"}]}"),
		"DENIED: no");
	assert_string_equal(say("{\"errors\":[{\"code\":\"UNSUPPORTED\"}]}"), "UNSUPPORTED");
	assert_string_equal(say("{\"errors\":[{\"message\":\"too large\"}]}"), "too large");
}

static void says_nothing_of_other_forms(void **state)
{
	static const char *const others[] = {"",
					     "{",
					     "[]",
					     "{\"errors\":[]}",
					     "{\"errors\":{\"code\":\"A\"}}",
					     "{\"errors\":[\"A\"]}",
					     "{\"errors\":[{\"code\":7}]}",
					     "{\"errors\":[{\"code\":\"A\\u0000B\"}]}",
					     "<html>"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (say(others[i])[0])
			fail_msg("%s says %s", others[i], say(others[i]));
}

static void cannot_draw_on_a_terminal(void **state)
{
	char json[1024] = "{\"errors\":[{\"code\":\"";

	(void)state;
	assert_string_equal(say("{\"errors\":[{\"message\":\"a\\u001b[31m\\nb\\u00e9\"}]}"),
			    "a?[31m?b??");
	memset(json + strlen(json), 'x', 600);
	memcpy(json + strlen(json), "\"}]}", 5);
	assert_int_equal(strlen(say(json)), SAID_CAP - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_the_first_error),
		cmocka_unit_test(says_nothing_of_other_forms),
		cmocka_unit_test(cannot_draw_on_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
