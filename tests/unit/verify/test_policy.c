/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "verify/verify.h"

static _Alignas(16) char memory[128 * 1024];
static struct verify_policy policy;
static struct arena arena;
static struct err err;

static int parse(const char *yaml)
{
	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	return verify_parse_policy(span_of(yaml), "p.yaml", &arena, &policy, &err);
}

static const char *prefix_for(const char *image)
{
	const struct verify_rule *rule;
	struct reference ref;

	assert_int_equal(reference_parse(image, &ref, NULL), 0);
	rule = verify_match(&policy, &ref);
	return rule ? rule->prefix : "none";
}

static void matching(void **state)
{
	(void)state;
	assert_int_equal(parse("verify:\n"
			       "- {prefix: r.io/team/, cosign: /k}\n"
			       "- {prefix: r.io, action: reject}\n"
			       "- {prefix: r.io/team/app, action: accept}\n"
			       "- {prefix: docker.io/library, cosign: /d, action: require}\n"),
			 0);
	assert_string_equal(prefix_for("r.io/team/tool:1"), "r.io/team");
	assert_string_equal(prefix_for("r.io/team/app:1"), "r.io/team/app");
	assert_string_equal(prefix_for("r.io/team/app/x"), "r.io/team/app");
	assert_string_equal(prefix_for("r.io/team/apple"), "r.io/team");
	assert_string_equal(prefix_for("r.io/teams/app"), "r.io");
	assert_string_equal(prefix_for("r.io:5000/team/app"), "none");
	assert_string_equal(prefix_for("r.io.evil/team/app"), "none");
	assert_string_equal(prefix_for("nginx"), "docker.io/library");
	assert_string_equal(prefix_for("me/nginx"), "none");
	assert_int_equal(parse("verify: [{action: reject}, {prefix: r.io, action: accept}]"), 0);
	assert_string_equal(prefix_for("nginx"), "");
	assert_string_equal(prefix_for("r.io/x"), "r.io");
}

static void refusals(void **state)
{
	static const struct {
		const char *yaml, *want;
	} bad[] = {
		{"", "is empty"},
		{"x: 1", "expected \"verify:\""},
		{"verify: {}", "expected a list"},
		{"verify: []\nmore: 1", "nothing else"},
		{"verify: [x]", "expected {prefix"},
		{"verify: [{}]", "which key?"},
		{"verify: [{prefix: r.io}]", "which key?"},
		{"verify: [{prefix: r.io, action: require}]", "which key?"},
		{"verify: [{prefix: r.io, action: maybe}]", "expected require, reject or accept"},
		{"verify: [{prefix: r.io, cosign: /k, action: accept}]", "require alone"},
		{"verify: [{prefix: r.io, cosign: k}]", "absolute path"},
		{"verify: [{prefix: r.io, cosign: [/k]}]", "path of a public key"},
		{"verify: [{prefix: nginx, cosign: /k}]", "begins no image's name"},
		{"verify: [{prefix: \"r.io/app:1\", cosign: /k}]", "begins no image's name"},
		{"verify: [{prefix: \"r.io/*\", cosign: /k}]", "begins no image's name"},
		{"verify: [{prefix: r.io, key: /k}]", "unknown key \"key\""},
		{"verify: [{prefix: r.io, cosign: /k}, {prefix: r.io/, cosign: /l}]",
		 "second rule"},
		{"verify: [{action: accept}, {action: reject}]", "second rule"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_true(parse(bad[i].yaml) < 0);
		if (!strstr(err.msg, bad[i].want) || !str_starts(err.msg, "p.yaml:"))
			fail_msg("%s: %s", bad[i].yaml, err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matching),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
