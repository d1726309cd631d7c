/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "store/layout.h"

static void references_become_names_and_come_back(void **state)
{
	static const struct {
		const char *ref, *name;
	} cases[] = {
		{"nginx", "docker.io%2flibrary%2fnginx:latest"},
		{"registry.example.com:5000/a/b_c:v1.2",
		 "registry.example.com:5000%2fa%2fb_c:v1.2"},
		{"[::1]:5000/x:y", "%5b::1%5d:5000%2fx:y"},
		{"x@sha256:0123456789012345678901234567890123456789012345678901234567890123",
		 "docker.io%2flibrary%2fx@sha256:"
		 "0123456789012345678901234567890123456789012345678901234567890123"},
		/* the tag only informs: one image by digest is one name */
		{"x:tag@sha256:0123456789012345678901234567890123456789012345678901234567890123",
		 "docker.io%2flibrary%2fx@sha256:"
		 "0123456789012345678901234567890123456789012345678901234567890123"},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char name[LAYOUT_NAME_CAP];
		char first[REFERENCE_TEXT_CAP], second[REFERENCE_TEXT_CAP];
		struct reference ref, back;

		assert_int_equal(reference_parse(cases[i].ref, &ref, NULL), 0);
		assert_int_equal(layout_ref_name(name, &ref, NULL), 0);
		assert_string_equal(name, cases[i].name);
		assert_int_equal(layout_ref_parse(name, &back), 0);
		if (ref.has_digest)
			ref.tag[0] = '\0';
		assert_string_equal(reference_format(first, &ref), reference_format(second, &back));
	}
}

static void foreign_names_are_no_references(void **state)
{
	static const char *const names[] = {
		"",
		".",
		"..",
		"nginx",
		"%",
		"a%2",
		"a%zz",
		"docker.io%2Flibrary%2Fnginx:latest",
		"a%00b",
		"x%2f..%2fy",
		"docker.io%2flibrary%2fnginx",
		".docker.io%2flibrary%2fnginx:latest.tmp",
	};
	struct reference ref;
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(layout_ref_parse(names[i], &ref), -EINVAL);
}

static void long_references_are_refused(void **state)
{
	char text[400] = "registry.example.com/", name[LAYOUT_NAME_CAP];
	struct reference ref;
	struct err e = {0};
	(void)state;

	memset(text + strlen(text), 'a', 226);
	strcat(text, ":tag");
	assert_int_equal(reference_parse(text, &ref, NULL), 0);
	assert_int_equal(layout_ref_name(name, &ref, &e), -ENAMETOOLONG);
	assert_non_null(strstr(e.msg, "too long for the store"));
}

/* moby CVE-2014-9358, CVE-2014-6408: names and digests that are paths */
static void cve_2014_9358_names_are_no_paths(void **state)
{
	static const char *const bad[] = {"",	"..", ".",   "a/b", "../x", "/",       "-x",
					  ".x", "_x", "a b", "a\n", "a%2f", "\xc3\xa9"};
	static const char *const good[] = {"a", "0", "db-data", "x.y_z-1", "A0"};
	char longest[130];
	struct digest d;
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(layout_check_name("volume", bad[i], NULL), -EINVAL);
	assert_int_equal(layout_check_name("volume", NULL, NULL), -EINVAL);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(layout_check_name("volume", good[i], NULL), 0);
	memset(longest, 'a', sizeof(longest));
	longest[129] = '\0';
	assert_int_equal(layout_check_name("volume", longest, NULL), -EINVAL);
	longest[128] = '\0';
	assert_int_equal(layout_check_name("volume", longest, NULL), 0);

	assert_int_equal(layout_digest("../../etc", &d), -EINVAL);
	assert_int_equal(
		layout_digest("ABCDEF6789012345678901234567890123456789012345678901234567890123",
			      &d),
		-EINVAL);
	assert_int_equal(
		layout_digest("012345678901234567890123456789012345678901234567890123456789012",
			      &d),
		-EINVAL);
}

static void one_generation_has_one_name(void **state)
{
	char name[LAYOUT_NAME_CAP];
	uint64_t n;
	(void)state;

	assert_string_equal(layout_number(name, 42), "42");
	assert_int_equal(layout_number_parse("42", &n), 0);
	assert_int_equal(n, 42);
	assert_int_equal(layout_number_parse("042", &n), -EINVAL);
	assert_int_equal(layout_number_parse("0", &n), -EINVAL);
	assert_int_equal(layout_number_parse("", &n), -EINVAL);
	assert_int_equal(layout_number_parse("../1", &n), -EINVAL);
	assert_int_equal(layout_number_parse("18446744073709551615", &n), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_become_names_and_come_back),
		cmocka_unit_test(foreign_names_are_no_references),
		cmocka_unit_test(long_references_are_refused),
		cmocka_unit_test(cve_2014_9358_names_are_no_paths),
		cmocka_unit_test(one_generation_has_one_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
