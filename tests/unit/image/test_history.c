/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of an image's configuration. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "image/image.h"

static _Alignas(16) char memory[64 * 1024];

static int parse(const char *json, struct image_history *h, struct err *e)
{
	struct arena a;

	*e = (struct err){0};
	arena_init(&a, memory, sizeof(memory));
	return image_parse_history(span_of(json), &a, h, e);
}

static void four_lines_for_each_step(void **state)
{
	struct image_history h;
	struct err e;
	(void)state;

	assert_int_equal(parse("{\"history\":[{\"created\":\"2024\",\"created_by\":\"COPY\","
			       "\"comment\":\"c\",\"author\":\"a\"},"
			       "{\"created_by\":\"ENV\",\"empty_layer\":true},{}]}",
			       &h, &e),
			 0);
	assert_int_equal(h.n, 3 * IMAGE_HISTORY_LINES);
	assert_string_equal(h.lines[0], "2024");
	assert_string_equal(h.lines[1], "COPY");
	assert_string_equal(h.lines[2], "c");
	assert_string_equal(h.lines[3], "");
	assert_string_equal(h.lines[5], "ENV");
	assert_string_equal(h.lines[7], "1");
	assert_string_equal(h.lines[9], "");
}

static void none_is_none(void **state)
{
	struct image_history h;
	struct err e;
	(void)state;

	assert_int_equal(parse("{}", &h, &e), 0);
	assert_int_equal(h.n, 0);
	assert_int_equal(parse("{\"history\":null}", &h, &e), 0);
	assert_int_equal(h.n, 0);
}

static void another_shape_is_refused_with_its_place(void **state)
{
	struct image_history h;
	struct err e;
	(void)state;

	assert_int_equal(parse("{\"history\":[{\"created_by\":5}]}", &h, &e), -EBADMSG);
	assert_non_null(strstr(e.msg, "created_by"));
	assert_int_equal(parse("{\"history\":{}}", &h, &e), -EBADMSG);
	assert_int_equal(parse("{\"history\":[{\"empty_layer\":\"x\"}]}", &h, &e), -EBADMSG);
	assert_int_equal(parse("[", &h, &e), -EBADMSG);
}

static void too_many_steps_are_refused(void **state)
{
	static char json[16 * 1024];
	struct image_history h;
	struct err e;
	size_t n = 0;
	(void)state;

	n += (size_t)snprintf(json, sizeof(json), "{\"history\":[{}");
	for (int i = 0; i < IMAGE_MAX_HISTORY; i++)
		n += (size_t)snprintf(json + n, sizeof(json) - n, ",{}");
	snprintf(json + n, sizeof(json) - n, "]}");
	assert_true(parse(json, &h, &e) < 0);
	assert_true(e.msg[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_lines_for_each_step),
		cmocka_unit_test(none_is_none),
		cmocka_unit_test(another_shape_is_refused_with_its_place),
		cmocka_unit_test(too_many_steps_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
