/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "parse/parse.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# a comment\n"
			     "\n"
			     "web:x:1000:1001:Web:/srv/web:/bin/sh\n"
			     "0:x:0:0::/evil:/bin/sh\n"
			     "1000:x:0:0::/evil:/bin/sh\n"
			     "1e3:x:7:7::/:/bin/sh\n"
			     "broken:x:-1:0::/:/bin/sh\n"
			     "wrapped:x:4294967296:0::/:/bin/sh\n"
			     "nogid:x:12::\n"
			     "short:x\n"
			     "relative:x:13:13::home:/bin/sh";
static const char group[] = "root:x:0:\n"
			    "www:x:1001:\n"
			    "audio:x:29:web,other\n"
			    "video:x:44:other,web\n"
			    "again:x:44:web\n"
			    "prefix:x:50:webber,xweb\n"
			    "bad:x:zz:web\n";

static int find(const char *text, struct parse_user *u, struct err *e)
{
	*e = (struct err){0};
	return parse_user_find(text, (struct span){passwd, sizeof(passwd) - 1},
			       (struct span){group, sizeof(group) - 1}, u, e);
}

static void finds(void **state)
{
	static const struct {
		const char *text, *home;
		uint32_t uid, gid, n, groups[4];
	} cases[] = {
		{"", "/root", 0, 0, 1, {0}},
		{"root", "/root", 0, 0, 1, {0}},
		{"web", "/srv/web", 1000, 1001, 3, {1001, 29, 44}},
		{"1000", "/srv/web", 1000, 1001, 3, {1001, 29, 44}},
		{"1000:1000", "/srv/web", 1000, 1000, 1, {1000}},
		{"web:audio", "/srv/web", 1000, 29, 1, {29}},
		{"web:0", "/srv/web", 1000, 0, 1, {0}},
		{"4321", "/", 4321, 0, 1, {0}},
		{"4321:www", "/", 4321, 1001, 1, {1001}},
		{"2147483647", "/", 2147483647, 0, 1, {0}},
		{"relative", "/", 13, 13, 1, {13}},
		{"1e3", "/", 7, 7, 1, {7}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct parse_user u;
		struct err e;

		if (find(cases[i].text, &u, &e) < 0)
			fail_msg("%s: %s", cases[i].text, e.msg);
		assert_int_equal(u.uid, cases[i].uid);
		assert_int_equal(u.gid, cases[i].gid);
		assert_int_equal(u.n_groups, cases[i].n);
		assert_memory_equal(u.groups, cases[i].groups, u.n_groups * sizeof(uint32_t));
		assert_string_equal(u.home, cases[i].home);
	}
}

static void refused(const char *const *texts, size_t n, int code)
{
	for (size_t i = 0; i < n; i++) {
		struct parse_user u = {.uid = 77};
		struct err e;

		if (find(texts[i], &u, &e) != code || u.uid != 77)
			fail_msg("\"%s\": %s", texts[i], e.msg);
	}
}

static void cve_2024_40635_ids_do_not_wrap(void **state)
{
	static const char *const texts[] = {"2147483648", "4294967295", "4294967296",
					    "18446744073709551616", "1000:4294967296"};
	static const char *const from_passwd[] = {"wrapped"};

	(void)state;
	refused(texts, ARRAY_LEN(texts), -ERANGE);
	refused(from_passwd, 1, -ERANGE);
}

static void cve_2016_3697_digits_are_never_a_name(void **state)
{
	struct parse_user u;
	struct err e;

	(void)state;
	/* passwd has a user named "1000" with uid 0 */
	assert_int_equal(find("1000", &u, &e), 0);
	assert_int_equal(u.uid, 1000);
}

static void cve_2026_30892_malformed_users(void **state)
{
	static const char *const malformed[] = {":5",  "1000:",	 " 1000", "1000 ", "-1",     "+1",
						":",   "web:",	 "a\tb",  "00",	   "010",    "1:00",
						"a/b", "broken", "nogid", "a:b:c", "web:bad"};
	static const char *const unknown[] = {"0x0",	     "1e4",   "nobody",
					      "web:nogroup", "short", "Web"};

	(void)state;
	refused(malformed, ARRAY_LEN(malformed), -EINVAL);
	refused(unknown, ARRAY_LEN(unknown), -ENOENT);
}

static void without_files(void **state)
{
	struct parse_user u;
	struct err e = {0};
	struct span none = {"", 0};

	(void)state;
	assert_int_equal(parse_user_find("", none, none, &u, &e), 0);
	assert_int_equal(u.uid, 0);
	assert_string_equal(u.home, "/");
	assert_int_equal(parse_user_find("5:6", none, none, &u, &e), 0);
	assert_int_equal(u.gid, 6);
	assert_int_equal(parse_user_find("web", none, none, &u, &e), -ENOENT);
	assert_string_equal(e.msg,
			    "user \"web\": there is no such user in the image's /etc/passwd");
}

static void too_many_groups(void **state)
{
	static char many[8192];
	struct parse_user u;
	struct err e = {0};
	size_t n = 0;

	(void)state;
	for (int i = 0; i < PARSE_MAX_GROUPS; i++)
		n += (size_t)sprintf(many + n, "g%d:x:%d:web\n", i, 2000 + i);
	assert_int_equal(parse_user_find("web", (struct span){passwd, sizeof(passwd) - 1},
					 (struct span){many, n}, &u, &e),
			 -EFBIG);
}

static void survives_the_codec(void **state)
{
	uint8_t mem[1024];
	_Alignas(16) char copies[1024];
	struct parse_user u, copy;
	struct arena arena;
	struct enc enc;
	struct dec d;
	struct err e;

	(void)state;
	assert_int_equal(find("web", &u, &e), 0);
	enc_init(&enc, mem, sizeof(mem));
	parse_user_encode(&enc, &u);
	for (size_t cut = 0; cut <= enc.len; cut++) {
		arena_init(&arena, copies, sizeof(copies));
		dec_init(&d, mem, cut, &arena);
		parse_user_decode(&d, &copy);
		assert_int_equal(dec_done(&d), cut == enc.len ? 0 : -EBADMSG);
	}
	assert_int_equal(copy.uid, 1000);
	assert_memory_equal(copy.groups, u.groups, u.n_groups * sizeof(uint32_t));
	assert_string_equal(copy.home, u.home);
}

static void decoder_refuses_what_no_lookup_gives(void **state)
{
	_Alignas(16) char copies[1024];
	struct parse_user u = {.uid = UINT32_MAX, .home = "/"}, copy;
	uint8_t mem[256];
	struct arena arena;
	struct enc enc;
	struct dec d;

	(void)state;
	enc_init(&enc, mem, sizeof(mem));
	parse_user_encode(&enc, &u);
	arena_init(&arena, copies, sizeof(copies));
	dec_init(&d, mem, enc.len, &arena);
	parse_user_decode(&d, &copy);
	assert_int_equal(dec_done(&d), -EBADMSG);
	assert_int_equal(copy.uid, UINT32_MAX); /* never 0 by mistake */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(cve_2024_40635_ids_do_not_wrap),
		cmocka_unit_test(cve_2016_3697_digits_are_never_a_name),
		cmocka_unit_test(cve_2026_30892_malformed_users),
		cmocka_unit_test(without_files),
		cmocka_unit_test(too_many_groups),
		cmocka_unit_test(survives_the_codec),
		cmocka_unit_test(decoder_refuses_what_no_lookup_gives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
