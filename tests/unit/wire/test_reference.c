/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/reference.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define X16   "xxxxxxxxxxxxxxxx"
#define X128  X16 X16 X16 X16 X16 X16 X16 X16

static void normalises_as_docker(void **state)
{
	static const struct {
		const char *text, *full, *short_form;
	} cases[] = {
		{"nginx", "docker.io/library/nginx:latest", "nginx:latest"},
		{"nginx:1.27", "docker.io/library/nginx:1.27", "nginx:1.27"},
		{"library/nginx", "docker.io/library/nginx:latest", "nginx:latest"},
		{"grafana/grafana", "docker.io/grafana/grafana:latest", "grafana/grafana:latest"},
		{"docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"},
		{"index.docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"},
		{"library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"},
		{"docker.io/localhost/x", "docker.io/localhost/x:latest",
		 "docker.io/localhost/x:latest"},
		{"docker.io/a.b/x", "docker.io/a.b/x:latest", "docker.io/a.b/x:latest"},
		{"docker.io/a/b/c", "docker.io/a/b/c:latest", "a/b/c:latest"},
		{"localhost/x", "localhost/x:latest", "localhost/x:latest"},
		{"localhost:5000/x:v1", "localhost:5000/x:v1", "localhost:5000/x:v1"},
		{"ghcr.io/a/b", "ghcr.io/a/b:latest", "ghcr.io/a/b:latest"},
		{"GHCR.io/a/b", "GHCR.io/a/b:latest", "GHCR.io/a/b:latest"},
		{"Host/a", "Host/a:latest", "Host/a:latest"},
		{"host/a", "docker.io/host/a:latest", "host/a:latest"},
		{"a:5000/b", "a:5000/b:latest", "a:5000/b:latest"},
		{"127.0.0.1:5000/b", "127.0.0.1:5000/b:latest", "127.0.0.1:5000/b:latest"},
		{"[::1]:5000/b", "[::1]:5000/b:latest", "[::1]:5000/b:latest"},
		{"[2001:DB8::1]/b:t", "[2001:DB8::1]/b:t", "[2001:DB8::1]/b:t"},
		{"r.io/a-b.c_d__e---f/g", "r.io/a-b.c_d__e---f/g:latest",
		 "r.io/a-b.c_d__e---f/g:latest"},
		{"r.io/a:_x.Y-z", "r.io/a:_x.Y-z", "r.io/a:_x.Y-z"},
		{"a@sha256:" HEX64, "docker.io/library/a@sha256:" HEX64, "a@sha256:" HEX64},
		{"a:t@sha256:" HEX64, "docker.io/library/a:t@sha256:" HEX64, "a:t@sha256:" HEX64},
	};
	char text[REFERENCE_TEXT_CAP];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reference ref, again;
		struct err e = {0};

		if (reference_parse(cases[i].text, &ref, &e) < 0)
			fail_msg("%s: %s", cases[i].text, e.msg);
		assert_string_equal(reference_short(text, &ref), cases[i].short_form);
		assert_string_equal(reference_format(text, &ref), cases[i].full);
		assert_int_equal(reference_parse(text, &again, &e), 0);
		assert_memory_equal(&again, &ref, sizeof(ref));
	}
}

static void refuses_with_position(void **state)
{
	static const struct {
		const char *text;
		int character;
		const char *what;
	} cases[] = {
		{"Nginx", 1, "lower-case"},
		{"a/Nginx", 3, "lower-case"},
		{"r.io/nGinx", 7, "lower-case"},
		{"r.io/", 6, "the repository's name ends here"},
		{"a//b", 3, "expected a lower-case letter"},
		{"-a", 1, "expected a lower-case letter"},
		{"a-", 3, "the repository's name ends here"},
		{"a___b", 4, "expected a lower-case letter"},
		{"a..b", 3, "expected a lower-case letter"},
		{"../a", 1, "a registry's host name"},
		{"a/../b", 3, "expected a lower-case letter"},
		{"a b", 2, "not allowed in a repository's name"},
		{"a\nb", 2, "not allowed in a repository's name"},
		{"a:", 3, "expected a tag"},
		{"a:.x", 3, "expected a tag"},
		{"a:x/y", 3, "the port of a registry is a number"},
		{"r.io/a:x/y", 9, "not allowed in a tag"},
		{"a:t:u", 4, "not allowed in a tag"},
		{"a@sha256:../../x", 3, "expected sha256:"},
		{"a@md5:d41d8cd98f00b204e9800998ecf8427e", 3, ""},
		{"a@sha512:00", 3, "only sha256"},
		{"a@sha256:" HEX64 "0", 3, "expected sha256:"},
		{"a@", 3, "expected sha256:"},
		{HEX64, 1, "image ID"},
		{"r.io:0/a", 6, "from 1"},
		{"r.io:65536/a", 6, "at most 65535"},
		{"r.io:99999999999999999999/a", 6, "at most 65535"},
		{"-r.io/a", 1, "host name"},
		{"r.io-/a", 5, "host name"},
		{"r..io/a", 3, "host name"},
		{"r_x.io/a", 2, "host name"},
		{"[::1/a", 5, "IPv6"},
		{"[]:5/a", 2, "IPv6"},
		{"[::1]x:5/a", 6, "host name"},
		{"user:pw@r.io/a", 9, "sha256"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reference ref;
		struct err e = {0};
		char position[40];

		assert_int_equal(reference_parse(cases[i].text, &ref, &e), -EINVAL);
		snprintf(position, sizeof(position), "character %d: ", cases[i].character);
		if (!strstr(e.msg, position) || !strstr(e.msg, cases[i].what))
			fail_msg("%s: %s", cases[i].text, e.msg);
	}
}

static void lengths(void **state)
{
	struct reference ref;
	struct err e = {0};
	char text[600];

	(void)state;
	assert_int_equal(reference_parse("a:" X128, &ref, &e), 0);
	assert_int_equal(reference_parse("a:" X128 "x", &ref, &e), -EINVAL);
	snprintf(text, sizeof(text), "r.io/%s%s", X128, X128 + 1);
	assert_int_equal(reference_parse(text, &ref, &e), 0);
	assert_int_equal(strlen(ref.repo), 255);
	snprintf(text, sizeof(text), "r.io/%s%s", X128, X128);
	assert_int_equal(reference_parse(text, &ref, &e), -EINVAL);
	/* "library/" counts */
	snprintf(text, sizeof(text), "%s%s", X128, X128 + 1 + 8);
	assert_int_equal(reference_parse(text, &ref, &e), 0);
	snprintf(text, sizeof(text), "%s%s", X128, X128 + 8);
	assert_int_equal(reference_parse(text, &ref, &e), -EINVAL);
	snprintf(text, sizeof(text), "%s.%s/a", X128, X128 + 2);
	assert_int_equal(reference_parse(text, &ref, &e), 0);
	snprintf(text, sizeof(text), "%s.%s/a", X128, X128 + 1);
	assert_int_equal(reference_parse(text, &ref, &e), -EINVAL);
	assert_int_equal(reference_parse("", &ref, &e), -EINVAL);
}

/* the longest of everything still formats whole */
static void format_fits(void **state)
{
	struct reference ref;
	struct err e = {0};
	char text[REFERENCE_TEXT_CAP + 100], out[REFERENCE_TEXT_CAP];

	(void)state;
	snprintf(text, sizeof(text), "%s.%s/%s%s:%s@sha256:" HEX64, X128, X128 + 2, X128, X128 + 1,
		 X128);
	assert_int_equal(reference_parse(text, &ref, &e), 0);
	assert_string_equal(reference_format(out, &ref), text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalises_as_docker),
		cmocka_unit_test(refuses_with_position),
		cmocka_unit_test(lengths),
		cmocka_unit_test(format_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
