/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/wwwauth.h"

static void reads_challenges(void **state)
{
	static const struct {
		const char *text, *out;
	} cases[] = {
		{"", ""},
		{" , ,", ""},
		{"Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
		 "scope=\"repository:library/nginx:pull\"",
		 "2 https://auth.docker.io/token|registry.docker.io|repository:library/nginx:pull;"},
		{"Basic realm=\"Registry Realm\"", "1 Registry Realm||;"},
		{"bEaReR ReAlM=x", "2 x||;"},
		{"Basic realm=a, Bearer realm=\"b\", service=c", "1 a||;2 b|c|;"},
		{"Negotiate, Basic realm=a", "0 ||;1 a||;"},
		{"Negotiate abc/+==, Bearer realm=b", "0 ||;2 b||;"},
		{"NTLM TlRMTVNTUAAC=, Basic realm=a", "0 ||;1 a||;"},
		{"Bearer realm = \"b\" , error=\"invalid, token=\\\"x\\\"\" ,scope=s", "2 b||s;"},
		{"Bearer realm=\"a\\\"b\\\\c\"", "2 a\"b\\c||;"},
		{"Bearer realm=\"\"", "2 ||;"},
		{"Bearer", "2 ||;"},
		{"Digest realm=x,qop=\"auth,auth-int\",Bearer realm=y", "0 x||;2 y||;"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct span rest = span_of(cases[i].text);
		char out[2048] = "";
		struct wwwauth w;
		struct err e = {0};
		int r;

		while ((r = wwwauth_next(&rest, &w, &e)) == 1)
			sprintf(out + strlen(out), "%d %s|%s|%s;", (int)w.scheme, w.realm,
				w.service, w.scope);
		if (r < 0)
			fail_msg("%s: %s", cases[i].text, e.msg);
		assert_string_equal(out, cases[i].out);
	}
}

static void refuses(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{"Bearer realm=\"a", -EBADMSG},
		{"Bearer realm=\"a\\", -EBADMSG},
		{"Bearer realm=a,REALM=b", -EBADMSG},
		{"Bearer realm=\"a\" service=b", -EBADMSG},
		{"Bearer realm=\"a\nb\"", -EBADMSG},
		{"\"Bearer\"", -EBADMSG},
		{"Bearer=x", -EBADMSG},
		{"Bearer a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,n=1,o=1,p=1,q=1",
		 -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct span rest = span_of(cases[i].text);
		struct wwwauth w;
		struct err e = {0};

		assert_int_equal(wwwauth_next(&rest, &w, &e), cases[i].code);
		assert_true(str_starts(e.msg, "WWW-Authenticate: "));
	}
}

static void long_values(void **state)
{
	char text[2 * WWWAUTH_REALM_CAP];
	struct span rest;
	struct wwwauth w;
	struct err e = {0};

	(void)state;
	snprintf(text, sizeof(text), "Bearer realm=%0*d", WWWAUTH_REALM_CAP - 1, 0);
	rest = span_of(text);
	assert_int_equal(wwwauth_next(&rest, &w, &e), 1);
	assert_int_equal(strlen(w.realm), WWWAUTH_REALM_CAP - 1);
	snprintf(text, sizeof(text), "Bearer realm=%0*d", WWWAUTH_REALM_CAP, 0);
	rest = span_of(text);
	assert_int_equal(wwwauth_next(&rest, &w, &e), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_challenges),
		cmocka_unit_test(refuses),
		cmocka_unit_test(long_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
