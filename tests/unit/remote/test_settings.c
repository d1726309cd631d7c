/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "remote/remote.h"

static _Alignas(16) char memory[64 * 1024];
static struct arena arena;
static struct err err;

static int parse(const char *yaml, const char *host, struct remote_settings *ret)
{
	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	return remote_parse_settings(span_of(yaml), "r.yaml", host, &arena, ret, &err);
}

static void proxies(void **state)
{
	struct remote_settings s;

	(void)state;
	assert_int_equal(
		parse("proxy:\n  https: http://u:p@proxy:3128\n  no_proxy: [a.io, 10.0.0.0/8]\n",
		      "r.io", &s),
		0);
	assert_true(s.has_proxy);
	assert_string_equal(s.https_proxy, "http://u:p@proxy:3128");
	assert_null(s.http_proxy);
	assert_string_equal(s.no_proxy, "a.io,10.0.0.0/8");
	assert_int_equal(
		parse("proxy: {http: proxy, no_proxy: a.io}\nregistries: {r.io: {}, docker.io: }\n",
		      "r.io", &s),
		0);
	assert_string_equal(s.http_proxy, "proxy");
	assert_string_equal(s.no_proxy, "a.io");
	assert_int_equal(parse("proxy:\n", "r.io", &s),
			 0); /* none, whatever the environment says */
	assert_true(s.has_proxy);
	assert_int_equal(parse("{}", "r.io", &s), 0);
	assert_false(s.has_proxy);
}

static void mirrors_and_rates(void **state)
{
	struct remote_settings s;
	(void)state;

	assert_int_equal(parse("rate: 2m\nregistries:\n"
			       "  r.io: {mirrors: [cache.lan:5000, \"c.lan/hub/x\"]}\n"
			       "  a.io: {rate: 1k, mirrors: [localhost]}\n",
			       "r.io", &s),
			 0);
	assert_string_equal(s.mirrors, "cache.lan:5000 c.lan/hub/x");
	assert_string_equal(s.rate, "2097152");
	assert_int_equal(parse("registries: {r.io: {rate: 500k}}\nrate: 2m\n", "r.io", &s), 0);
	assert_string_equal(s.rate, "512000");
	assert_null(s.mirrors);
}

static void refused(const char *yaml, const char *text)
{
	struct remote_settings s;

	assert_true(parse(yaml, "r.io", &s) < 0);
	assert_int_equal(strncmp(err.msg, "r.yaml:", 7), 0);
	if (!strstr(err.msg, text))
		fail_msg("\"%s\" is not in \"%s\"", text, err.msg);
	assert_null(strstr(err.msg, "hunter2"));
}

static void refusals(void **state)
{
	(void)state;
	refused("proxie: {}", "r.yaml:1:1: unknown key \"proxie\"");
	refused("proxy: {ftp: x}", "unknown key \"ftp\"");
	refused("proxy: {https: https://u:hunter2@proxy}", "must start with http://");
	refused("proxy: {https: socks5://u:hunter2@proxy}", "must start with http://");
	refused("proxy: {https: \"http://u:hunter2@pro xy\"}", "not of the form");
	refused("proxy: {https: [a]}", "expected a proxy's URL");
	refused("proxy: {https: http://proxy/hunter2}", "not of the form");
	refused("proxy: [a]", "expected a map");
	refused("registries: {r.io: {x: 1}}", "unknown key \"x\"");
	refused("registries: {other.io: {x: 1}}", "unknown key \"x\"");
	refused("rate: 100", "expected bytes a second, at least 1k, found \"100\"");
	refused("rate: fast", "expected bytes a second");
	refused("registries: {r.io: {mirrors: c.lan}}", "expected a list of mirrors");
	refused("registries: {r.io: {mirrors: [nginx]}}", "expected host[:port][/path]");
	refused("registries: {r.io: {mirrors: [\"https://c.lan\"]}}",
		"expected host[:port][/path]");
	refused("registries: {r.io: {mirrors: [c.lan/../x]}}", "expected host[:port][/path]");
	refused("registries: {r.io: {mirrors: [c.lan/x:1]}}", "expected host[:port][/path]");
	refused("registries: {r.io: {mirrors: [a.io, b.io, c.io, d.io, e.io]}}",
		"more than 4 mirrors");
	refused("registries: {other.io: {mirrors: [nginx]}}", "expected host[:port][/path]");
	refused("registries: {https://r.io: {}}", "is not a registry");
	refused("registries: {nginx: {}}", "is not a registry");
	refused("registries: {r.io/team: {}}", "is not a registry");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proxies),
		cmocka_unit_test(mirrors_and_rates),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
