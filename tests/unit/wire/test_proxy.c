/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "wire/proxy.h"

static void is(const char *text, const char *host, int port, const char *login)
{
	struct proxy p;
	struct err e = {0};

	assert_int_equal(proxy_parse(text, &p, &e), 0);
	assert_string_equal(p.host, host);
	assert_int_equal(p.port, port);
	assert_string_equal(p.login, login);
}

static void urls(void **state)
{
	(void)state;
	is(NULL, "", 0, "");
	is("", "", 0, "");
	is("proxy", "proxy", 80, "");
	is("proxy:3128", "proxy", 3128, "");
	is("HTTP://Proxy.Example.COM:8080/", "proxy.example.com", 8080, "");
	is("http://[::1]:8080", "::1", 8080, "");
	is("http://u:p@proxy:1", "proxy", 1, "Basic dTpw");
	is("u:p@proxy", "proxy", 80, "Basic dTpw");
	is("http://u@proxy", "proxy", 80, "Basic dTo=");
	is("http://u:p%40%3a@proxy", "proxy", 80, "Basic dTpwQDo=");
	is("http://u:a@b@proxy", "proxy", 80, "Basic dTphQGI=");
}

static void refusals(void **state)
{
	static const char *const bad[] = {
		"https://hunter2@proxy",
		"socks5://proxy",
		"http://",
		"http://proxy/hunter2",
		"http://proxy:0",
		"http://proxy:x",
		"http://u:%0dhunter2@proxy",
		"http://u:%4@proxy",
		"a b",
		"http://@",
	};
	struct proxy p;
	char long_text[1000];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = {0};

		assert_true(proxy_parse(bad[i], &p, &e) < 0);
		assert_null(strstr(e.msg, "hunter2"));
		assert_string_equal(p.host, "");
		assert_string_equal(p.login, "");
	}
	memset(long_text, 'a', sizeof(long_text));
	memcpy(long_text + sizeof(long_text) - 7, "@proxy", 7);
	assert_int_equal(proxy_parse(long_text, &p, NULL), -EINVAL);
}

static bool bypassed(const char *list, const char *url_text)
{
	static struct url url;

	assert_int_equal(url_parse(span_of(url_text), &url, NULL), 0);
	return proxy_bypassed(list, &url);
}

static void bypass(void **state)
{
	static const char list[] =
		"a.io, .b.io,*.c.io,192.0.2.0/25,198.51.100.7,2001:db8::/33,d.io:8443,10.0.0.0/8:80";

	(void)state;
	assert_true(bypassed(NULL, "https://localhost/"));
	assert_true(bypassed(NULL, "https://127.1.2.3:5000/"));
	assert_true(bypassed(NULL, "https://[::1]/"));
	assert_false(bypassed(NULL, "https://a.io/"));
	assert_true(bypassed("*", "https://a.io/"));
	assert_true(bypassed(list, "https://a.io/"));
	assert_true(bypassed(list, "https://A.io:444/"));
	assert_true(bypassed(list, "https://x.y.a.io/"));
	assert_false(bypassed(list, "https://xa.io/"));
	assert_false(bypassed(list, "https://a.io.evil.example/"));
	assert_false(bypassed(list, "https://b.io/"));
	assert_true(bypassed(list, "https://x.b.io/"));
	assert_false(bypassed(list, "https://c.io/"));
	assert_true(bypassed(list, "https://x.c.io/"));
	assert_true(bypassed(list, "https://192.0.2.127/"));
	assert_false(bypassed(list, "https://192.0.2.128/"));
	assert_true(bypassed(list, "https://198.51.100.7/"));
	assert_false(bypassed(list, "https://198.51.100.8/"));
	assert_true(bypassed(list, "https://[2001:db8:7fff::1]/"));
	assert_false(bypassed(list, "https://[2001:db8:8000::1]/"));
	assert_true(bypassed(list, "https://d.io:8443/"));
	assert_false(bypassed(list, "https://d.io/"));
	assert_false(bypassed("192.0.2.0/33,192.0.2.0/x,/,:,", "https://192.0.2.1/"));
	assert_false(bypassed("2.0.1", "https://1.2.0.1/")); /* an address has no domain */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
		cmocka_unit_test(refusals),
		cmocka_unit_test(bypass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
