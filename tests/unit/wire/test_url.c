/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/url.h"

static char *text_of(char *dst, size_t cap, const struct url *u)
{
	char origin[URL_ORIGIN_CAP];

	snprintf(dst, cap, "%s%s", url_origin(origin, u), u->target);
	return dst;
}

static void parses(void **state)
{
	static const struct {
		const char *text, *out;
		int port;
	} cases[] = {
		{"https://r.io", "https://r.io/", 443},
		{"HTTPS://R.IO:443/A?b#c", "https://r.io/A?b", 443},
		{"http://r.io:443/", "http://r.io:443/", 443},
		{"http://r.io?x=1", "http://r.io/?x=1", 80},
		{"https://[2001:DB8::1]:5000/v2/", "https://[2001:db8::1]:5000/v2/", 5000},
		{"https://[::1]", "https://[::1]/", 443},
		{"https://r.io:/x", "https://r.io/x", 443},
		{"https://r.io/a/./b/../c", "https://r.io/a/c", 443},
		{"https://r.io/../../x", "https://r.io/x", 443},
		{"https://r.io/x?next=http://u:p@evil/..", "https://r.io/x?next=http://u:p@evil/..",
		 443},
		{"https://r.io/%2e%2E/x", "https://r.io/%2e%2E/x", 443},
	};
	static char out[8192];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = {0};
		static struct url u;

		if (url_parse(span_of(cases[i].text), &u, &e) < 0)
			fail_msg("%s: %s", cases[i].text, e.msg);
		assert_string_equal(text_of(out, sizeof(out), &u), cases[i].out);
		assert_int_equal(u.port, cases[i].port);
	}
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *what;
	} cases[] = {
		{"ftp://r.io/", "scheme is ftp:"},
		{"file:///etc/passwd", "scheme is file:"},
		{"r.io/x", "expected https://"},
		{"", "expected https://"},
		{"https:r.io", "expected //"},
		{"https:///x", "host is missing"},
		{"https://user:pw@r.io/", "user and password"},
		{"https://user@r.io/", "user and password"},
		{"https://good.io\\@evil.io/", "not allowed"},
		{"https://r.io /", "not allowed"},
		{"https://r.io/a\r\nX: y", "character 15 (0x0d)"},
		{"https://r.io/\x80", "not allowed"},
		{"https://r%2eio/", "not allowed in the host"},
		{"https://r.io:0/", "port"},
		{"https://r.io:65536/", "port"},
		{"https://r.io:1:2/", "port"},
		{"https://r.io:x/", "port"},
		{"https://[::1/", "']'"},
		{"https://[::1]x/", "behind ']'"},
		{"https://[fe80::1%25eth0]/", "not allowed in the host"},
		{"https://[]/", "host is missing"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = {0};
		static struct url u;

		assert_int_equal(url_parse(span_of(cases[i].text), &u, &e), -EINVAL);
		if (!strstr(e.msg, cases[i].what))
			fail_msg("%s: %s", cases[i].text, e.msg);
	}
}

/* RFC 3986, 5.4, with http://a/b/c/d;p?q as the base; userinfo and other schemes are refused */
static void resolves_as_rfc3986(void **state)
{
	static const struct {
		const char *ref, *out;
	} cases[] = {
		{"g", "http://a/b/c/g"},
		{"./g", "http://a/b/c/g"},
		{"g/", "http://a/b/c/g/"},
		{"/g", "http://a/g"},
		{"//g", "http://g/"},
		{"?y", "http://a/b/c/d;p?y"},
		{"g?y", "http://a/b/c/g?y"},
		{"#s", "http://a/b/c/d;p?q"},
		{"g#s", "http://a/b/c/g"},
		{";x", "http://a/b/c/;x"},
		{"g;x?y#s", "http://a/b/c/g;x?y"},
		{"", "http://a/b/c/d;p?q"},
		{".", "http://a/b/c/"},
		{"./", "http://a/b/c/"},
		{"..", "http://a/b/"},
		{"../", "http://a/b/"},
		{"../g", "http://a/b/g"},
		{"../..", "http://a/"},
		{"../../", "http://a/"},
		{"../../g", "http://a/g"},
		{"../../../g", "http://a/g"},
		{"../../../../g", "http://a/g"},
		{"/./g", "http://a/g"},
		{"/../g", "http://a/g"},
		{"g.", "http://a/b/c/g."},
		{".g", "http://a/b/c/.g"},
		{"g..", "http://a/b/c/g.."},
		{"..g", "http://a/b/c/..g"},
		{"./../g", "http://a/b/g"},
		{"./g/.", "http://a/b/c/g/"},
		{"g/./h", "http://a/b/c/g/h"},
		{"g/../h", "http://a/b/c/h"},
		{"g;x=1/./y", "http://a/b/c/g;x=1/y"},
		{"g?y/../x", "http://a/b/c/g?y/../x"},
		{"https://x:8/y", "https://x:8/y"},
	};
	struct err e = {0};
	static struct url base, u;
	static char out[8192];

	(void)state;
	assert_int_equal(url_parse(span_of("http://a/b/c/d;p?q"), &base, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (url_resolve(&base, span_of(cases[i].ref), &u, &e) < 0)
			fail_msg("%s: %s", cases[i].ref, e.msg);
		assert_string_equal(text_of(out, sizeof(out), &u), cases[i].out);
	}
	assert_int_equal(url_resolve(&base, span_of("//u:p@evil/"), &u, &e), -EINVAL);
	assert_int_equal(url_resolve(&base, span_of("javascript:1"), &u, &e), -EINVAL);
}

static void keeps_port_and_brackets_when_relative(void **state)
{
	struct err e = {0};
	static struct url base, u;
	static char out[8192];

	(void)state;
	assert_int_equal(url_parse(span_of("https://[::1]:5000/v2/a"), &base, &e), 0);
	assert_int_equal(url_resolve(&base, span_of("b"), &u, &e), 0);
	assert_string_equal(text_of(out, sizeof(out), &u), "https://[::1]:5000/v2/b");
	assert_true(url_same_origin(&base, &u));
	assert_string_equal(url_authority(out, &u), "[::1]:5000");
}

static void origins(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"https://r.io/a", "https://R.io:443/b", true},
		{"https://r.io", "http://r.io:443", false},
		{"https://r.io", "https://r.io:444", false},
		{"https://r.io", "https://r.io.evil", false},
		{"https://r.io", "https://a.r.io", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = {0};
		static struct url a, b;

		assert_int_equal(url_parse(span_of(cases[i].a), &a, &e), 0);
		assert_int_equal(url_parse(span_of(cases[i].b), &b, &e), 0);
		assert_int_equal(url_same_origin(&a, &b), cases[i].same);
	}
}

static void length_is_bounded_by_name(void **state)
{
	static char text[URL_TARGET_CAP + 100];
	struct err e = {0};
	static struct url u;
	size_t n;

	(void)state;
	n = (size_t)sprintf(text, "https://r.io/");
	memset(text + n, 'a', CONFIG_URL_BYTES - 2);
	assert_int_equal(url_parse(span_of(text), &u, &e), 0);
	memset(text + n, 'a', CONFIG_URL_BYTES);
	assert_int_equal(url_parse(span_of(text), &u, &e), -EMSGSIZE);
	assert_non_null(strstr(e.msg, "CONFIG_URL_BYTES"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(refuses),
		cmocka_unit_test(resolves_as_rfc3986),
		cmocka_unit_test(keeps_port_and_brackets_when_relative),
		cmocka_unit_test(origins),
		cmocka_unit_test(length_is_bounded_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
