/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "remote/remote.h"

static _Alignas(16) char memory[64 * 1024];
static struct arena arena;
static struct err err;

static struct remote_login find(const char *json, const char *host, const char *repo)
{
	struct remote_login l = {0};

	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	assert_int_equal(
		remote_parse_login(span_of(json), "auth.json", host, repo, &arena, &l, &err), 0);
	return l;
}

static void is_user(const char *json, const char *host, const char *repo, const char *user,
		    const char *secret)
{
	struct remote_login l = find(json, host, repo);

	assert_int_equal(l.kind, REMOTE_PASSWORD);
	assert_string_equal(l.user, user);
	assert_string_equal(l.secret, secret);
}

static void is_nobody(const char *json, const char *host, const char *repo)
{
	assert_int_equal(find(json, host, repo).kind, REMOTE_ANONYMOUS);
}

/* dTpw = u:p, djpx = v:q, dzpy = w:r */
static void docker_entries(void **state)
{
	static const char file[] =
		"{\"auths\":{\"r.io:5000\":{\"auth\":\"dTpw\"},\"https://index.docker.io/v1/\":{\"auth\":"
		"\"djpx\"},\"old.io\":{\"username\":\"w\",\"password\":\"r\"},"
		"\"id.io\":{\"auth\":\"dTo=\",\"identitytoken\":\"tok\"},\"reg.io\":{\"registrytoken\":\"b\"},"
		"\"empty.io\":{}},\"HttpHeaders\":{\"x\":1}}";

	(void)state;
	is_user(file, "r.io:5000", "a/b", "u", "p");
	is_user(file, "docker.io", "library/nginx", "v", "q");
	is_user(file, "old.io", "x", "w", "r");
	assert_int_equal(find(file, "id.io", "x").kind, REMOTE_IDENTITY);
	assert_string_equal(find(file, "id.io", "x").secret, "tok");
	assert_int_equal(find(file, "reg.io", "x").kind, REMOTE_TOKEN);
	is_nobody(file, "empty.io", "x");
	is_nobody("{}", "r.io", "x");
	is_nobody("{\"auths\":null}", "r.io", "x");
}

/* moby CVE-2021-41092: nothing but the very registry's entry */
static void never_another_entry(void **state)
{
	static const char file[] =
		"{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"},\"https://index.docker.io/v1/\":{\"auth\":\"djpx\"}}}";
	static const char *const others[] = {
		"r.io:5000", "a.r.io",	   "r.io.evil.example", "xr.io",
		"r.i",	     "docker.com", "index.docker.io.x", "https",
		"127.0.0.1", "[::1]:5000"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		is_nobody(file, others[i], "r.io/x");
	/* a helper that is named goes before what is written, and does not fall back to it */
	assert_int_equal(
		find("{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}},\"credHelpers\":{\"r.io\":\"pass\"}}",
		     "r.io", "x")
			.kind,
		REMOTE_HELPER);
}

static void containers_namespaces(void **state)
{
	static const char file[] =
		"{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"},\"r.io/team\":{\"auth\":\"djpx\"},"
		"\"r.io/team/app\":{\"auth\":\"dzpy\"},\"docker.io\":{\"auth\":\"dTpw\"}}}";

	(void)state;
	is_user(file, "r.io", "other", "u", "p");
	is_user(file, "r.io", "team/web", "v", "q");
	is_user(file, "r.io", "team/app", "w", "r");
	is_user(file, "r.io", "team/app/sub", "w", "r");
	is_user(file, "r.io", "team/apple", "v", "q");
	is_user(file, "r.io", "teams", "u", "p");
	is_user(file, "r.io", "", "u", "p");
	is_user(file, "docker.io", "library/x", "u", "p");
}

static void old_spellings(void **state)
{
	static const char *const same[] = {
		"r.io", "https://r.io", "https://r.io/", "http://r.io/v1/", "https://r.io/v2/",
		"R.io"};
	static const char *const not [] = {
		"https://r.io/team", "https://r.io/v1/x", "ftp://r.io", "https://", "//r.io", ""};
	char json[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		str_printf(json, sizeof(json), "{\"auths\":{\"%s\":{\"auth\":\"dTpw\"}}}", same[i]);
		is_user(json, "r.io", "x", "u", "p");
	}
	for (size_t i = 0; i < ARRAY_LEN(not ); i++) {
		str_printf(json, sizeof(json), "{\"auths\":{\"%s\":{\"auth\":\"dTpw\"}}}", not [i]);
		is_nobody(json, "r.io", "team/x");
	}
	/* the exact key counts before an old spelling, in any order */
	is_user("{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"},\"https://r.io/v1/\":{\"auth\":\"djpx\"}}}",
		"r.io", "", "u", "p");
	is_user("{\"auths\":{\"https://r.io/v1/\":{\"auth\":\"djpx\"},\"r.io\":{\"auth\":\"dTpw\"}}}",
		"r.io", "", "u", "p");
}

static void helpers(void **state)
{
	struct remote_login l =
		find("{\"credsStore\":\"secretservice\",\"auths\":{\"r.io\":{}}}", "r.io", "x");

	(void)state;
	assert_int_equal(l.kind, REMOTE_HELPER);
	assert_string_equal(l.helper, "secretservice");
	assert_string_equal(l.server, "r.io");
	l = find("{\"credsStore\":\"a\",\"credHelpers\":{\"r.io\":\"b\",\"docker.io\":\"c\"}}",
		 "docker.io", "x");
	assert_string_equal(l.helper, "c");
	assert_string_equal(l.server, "https://index.docker.io/v1/");
	l = find("{\"credsStore\":\"\",\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}}}", "r.io", "x");
	assert_int_equal(l.kind, REMOTE_PASSWORD);
}

static void refused(const char *json, const char *text)
{
	struct remote_login l;

	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	assert_true(remote_parse_login(span_of(json), "auth.json", "r.io", "x", &arena, &l, &err) <
		    0);
	if (!strstr(err.msg, text))
		fail_msg("\"%s\" is not in \"%s\"", text, err.msg);
	assert_null(strstr(err.msg, "hunter2"));
}

static void refusals(void **state)
{
	(void)state;
	refused("{\"auths\":{\"r.io\":{\"auth\":\"aHVudGVyMg==\"}}}",
		"auths.r.io.auth: is not base64 of user:password");
	refused("{\"auths\":{\"r.io\":{\"auth\":\"!hunter2\"}}}", "is not base64");
	refused("{\"auths\":{\"r.io\":{\"auth\":5}}}", "auths.r.io.auth: expected a string");
	refused("{\"auths\":[]}", "auths: expected an object");
	refused("{\"auths\":{\"r.io\":{},\"r.io\":{}}}", "is there twice");
	refused("{\"credsStore\":\"../../tmp/x\"}", "is not the name of a helper");
	refused("{\"credHelpers\":{\"r.io\":\"a b\"}}", "is not the name of a helper");
	refused("{\"auths\":{\"r.io\":{\"auth\":\"hunter2\"", "auth.json:1:");
}

static void answers(void **state)
{
	struct remote_login l;

	(void)state;
	arena_init(&arena, memory, sizeof(memory));
	assert_int_equal(
		remote_parse_answer(
			span_of("{\"ServerURL\":\"r.io\",\"Username\":\"u\",\"Secret\":\"p\"}"),
			"answer", &arena, &l, &err),
		0);
	assert_int_equal(l.kind, REMOTE_PASSWORD);
	assert_string_equal(l.user, "u");
	assert_int_equal(remote_parse_answer(span_of("{\"Username\":\"<token>\",\"Secret\":\"t\"}"),
					     "answer", &arena, &l, &err),
			 0);
	assert_int_equal(l.kind, REMOTE_IDENTITY);
	assert_string_equal(l.secret, "t");
	assert_int_equal(remote_parse_answer(
				 span_of("{\"ServerURL\":\"\",\"Username\":\"\",\"Secret\":\"\"}"),
				 "answer", &arena, &l, &err),
			 0);
	assert_int_equal(l.kind, REMOTE_ANONYMOUS);
	assert_true(remote_parse_answer(span_of("{\"Username\":\"u\"}"), "answer", &arena, &l,
					&err) < 0);
}

/* Return: what remote_edit_login() returned, the text in @ret */
static int edit(const char *json, const char *host, const char *auth, char *ret, size_t cap)
{
	struct span text;
	int r;

	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	r = remote_edit_login(span_of(json), "auth.json", host, auth, &arena, &text, &err);
	if (r >= 0)
		assert_true(str_copy_n(ret, cap, text.p, text.len) >= 0);
	return r;
}

static void edits(void **state)
{
	static const char *const files[] = {
		"",
		"{}",
		" { } ",
		"{\"auths\":{}}",
		"{\n\t\"auths\": {\n\t\t\"a.io\": {\n\t\t\t\"auth\": \"djpx\"\n\t\t}\n\t},\n\t\"credHelpers\": {\"x\": \"y\"}\n}\n",
		"{\"n\":-1.5e3,\"s\":\"}{\\\"][\",\"auths\":{\"r.io\":{\"auth\":\"djpx\"},\"a.io\":{\"auth\":\"djpx\"}},\"z\":[[]]}",
		"{\"auths\":{\"a.io\":{\"auth\":\"djpx\"},\"https://r.io/v1/\":{\"auth\":\"djpx\"},\"R.IO\":{}},\"b\":true}",
	};
	char once[1024], twice[1024], gone[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		assert_int_equal(edit(files[i], "r.io", "dTpw", once, sizeof(once)), 1);
		is_user(once, "r.io", "x", "u", "p");
		if (strstr(files[i], "a.io"))
			is_user(once, "a.io", "x", "v", "q");
		if (strstr(files[i], "-1.5e3"))
			assert_non_null(strstr(once, "\"n\":-1.5e3,\"s\":\"}{\\\"][\""));
		assert_int_equal(edit(once, "r.io", "dTpw", twice, sizeof(twice)), 1);
		assert_string_equal(once, twice);
		assert_int_equal(edit(twice, "r.io", NULL, gone, sizeof(gone)), 1);
		is_nobody(gone, "r.io", "x");
		if (strstr(files[i], "a.io"))
			is_user(gone, "a.io", "x", "v", "q");
		assert_int_equal(edit(gone, "r.io", NULL, twice, sizeof(twice)), 0);
	}
	assert_int_equal(edit("", "docker.io", "dTpw", once, sizeof(once)), 1);
	assert_string_equal(
		once,
		"{\n\t\"auths\": {\n\t\t\"https://index.docker.io/v1/\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}\n");
	assert_true(edit("[]", "r.io", "dTpw", once, sizeof(once)) < 0);
	assert_true(edit("{\"auths\":3}", "r.io", "dTpw", once, sizeof(once)) < 0);
	assert_true(edit("{\"auths\":null}", "r.io", "dTpw", once, sizeof(once)) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(docker_entries),
		cmocka_unit_test(never_another_entry),
		cmocka_unit_test(containers_namespaces),
		cmocka_unit_test(old_spellings),
		cmocka_unit_test(helpers),
		cmocka_unit_test(refusals),
		cmocka_unit_test(answers),
		cmocka_unit_test(edits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
