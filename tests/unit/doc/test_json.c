/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "doc/json.h"

static _Alignas(16) char pool[64 * 1024], memory[16 * 1024];
static struct arena arena;
static struct err err;

static int parse(struct json_doc *doc, const char *text)
{
	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	return json_parse(doc, "doc.json", span_of(text), pool, sizeof(pool), "CONFIG_POOL", &arena,
			  &err);
}

static void reads_values(void **state)
{
	struct json_doc doc;
	struct json root, list, v;
	struct json_iter it = {0};
	size_t n = 0;
	char **strs;

	(void)state;
	assert_int_equal(parse(&doc, "{\"s\":\"x\",\"n\":18446744073709551615,\"i\":-5,\"b\":true,"
				     "\"l\":[\"a\",\"b\"],\"z\":null,\"o\":{\"k\":1,\"m\":2}}"),
			 0);
	root = json_root(&doc);
	v = json_get(&root, "s");
	assert_string_equal(json_str(&v), "x");
	v = json_get(&root, "n");
	assert_true(json_u64(&v, UINT64_MAX) == UINT64_MAX);
	v = json_get(&root, "i");
	assert_int_equal(json_i64(&v, -10, 10), -5);
	v = json_get(&root, "b");
	assert_true(json_bool_opt(&v, false));
	v = json_get(&root, "z");
	assert_null(json_str_opt(&v));
	v = json_get(&root, "absent");
	assert_false(json_has(&v));
	assert_int_equal(json_u64_opt(&v, 10, 7), 7);
	list = json_get(&root, "l");
	strs = json_strs(&list, 10, &n);
	assert_int_equal(n, 2);
	assert_string_equal(strs[1], "b");
	assert_null(strs[2]);
	list = json_get(&root, "o");
	assert_int_equal(json_object(&list, 10), 2);
	assert_true(json_next(&list, &it, &v));
	assert_string_equal(v.key, "k");
	assert_true(json_next(&list, &it, &v));
	assert_string_equal(v.key, "m");
	assert_int_equal(json_u64(&v, 9), 2);
	assert_false(json_next(&list, &it, &v));
	assert_int_equal(json_done(&doc), 0);
}

static void names_the_path(void **state)
{
	struct json_doc doc;
	struct json root, layers, layer, digest;
	struct json_iter it = {0};

	(void)state;
	assert_int_equal(parse(&doc, "{\"layers\":[{\"digest\":\"x\"},{\"digest\":3}]}"), 0);
	root = json_root(&doc);
	layers = json_get(&root, "layers");
	assert_true(json_next(&layers, &it, &layer));
	assert_true(json_next(&layers, &it, &layer));
	digest = json_get(&layer, "digest");
	assert_string_equal(json_str(&digest), "");
	assert_int_equal(json_done(&doc), -EBADMSG);
	assert_string_equal(err.msg,
			    "doc.json: layers[1].digest: expected a string, found a number");
	/* sticky: a second failure does not replace the first */
	json_fail(&root, -EIO, "later");
	assert_string_equal(err.msg,
			    "doc.json: layers[1].digest: expected a string, found a number");
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *msg;
		int code;
	} cases[] = {
		{"{\n \"a\": tru }", "doc.json:2:7: ", -EBADMSG},
		{"", "doc.json:1:1: ", -EBADMSG},
		{"{\"a\":1,\"b\":2,\"a\":3}", "doc.json: key \"a\" is there twice", -EBADMSG},
		{"{\"o\":{\"a\\u0000\":1}}", "doc.json: o: a key holds a NUL byte", -EBADMSG},
		{"{\"a\":1} x", "doc.json:1:9: ", -EBADMSG},
		{" 5", "doc.json:1:2: neither an object nor an array", -EBADMSG},
		{"{\"a\":1.5e}", "doc.json:1:10: ", -EBADMSG},
		{"{\"a\":\"\xff\"}", "doc.json:1:", -EBADMSG},
		{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
		 "doc.json: [0][0][0]", -EFBIG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct json_doc doc;

		assert_int_equal(parse(&doc, cases[i].text), cases[i].code);
		if (!str_starts(err.msg, cases[i].msg))
			fail_msg("%s -> %s", cases[i].text, err.msg);
	}
}

static void wrong_numbers(void **state)
{
	static const struct {
		const char *text, *msg;
	} cases[] = {
		{"{\"n\":1.5}",
		 "doc.json: n: expected a whole number that is not negative, found a number"},
		{"{\"n\":-1}",
		 "doc.json: n: expected a whole number that is not negative, found a number"},
		{"{\"n\":18446744073709551616}",
		 "doc.json: n: expected a whole number that is not negative, found a number"},
		{"{\"n\":101}", "doc.json: n: 101 is above 100"},
		{"{\"n\":\"1\"}", "doc.json: n: expected a number, found a string"},
		{"{}", "doc.json: n: expected a number, found nothing"},
		{"[]", "doc.json: expected an object, found an array"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct json_doc doc;
		struct json root, n;

		assert_int_equal(parse(&doc, cases[i].text), 0);
		root = json_root(&doc);
		n = json_get(&root, "n");
		assert_int_equal(json_u64(&n, 100), 0);
		assert_int_equal(json_done(&doc), -EBADMSG);
		assert_string_equal(err.msg, cases[i].msg);
	}
}

static void nul_inside_a_string(void **state)
{
	struct json_doc doc;
	struct json root, v;

	(void)state;
	assert_int_equal(parse(&doc, "{\"s\":\"PATH\\u0000=x\"}"), 0);
	root = json_root(&doc);
	v = json_get(&root, "s");
	assert_null(json_str_opt(&v));
	assert_string_equal(err.msg, "doc.json: s: the string holds a NUL byte");
}

static void names_the_symbol_when_full(void **state)
{
	static char text[40000];
	struct json_doc doc;
	size_t n = 0;

	(void)state;
	text[n++] = '[';
	while (n < sizeof(text) - 4) {
		text[n++] = '1';
		text[n++] = ',';
	}
	text[n++] = '1';
	text[n++] = ']';
	assert_int_equal(parse(&doc, text), -EFBIG);
	assert_non_null(strstr(err.msg, "CONFIG_POOL (64 KiB)"));
}

static void too_many_keys(void **state)
{
	static char text[20000];
	struct json_doc doc;
	size_t n = 0;

	(void)state;
	n += (size_t)sprintf(text, "{\"k\":0");
	for (int i = 0; i < JSON_MAX_KEYS; i++)
		n += (size_t)sprintf(text + n, ",\"%d\":0", i);
	strcpy(text + n, "}");
	assert_int_equal(parse(&doc, text), -EFBIG);
	assert_non_null(strstr(err.msg, "JSON_MAX_KEYS"));
}

static void lists_are_bounded(void **state)
{
	struct json_doc doc;
	struct json root;
	size_t n = 5;

	(void)state;
	assert_int_equal(parse(&doc, "[\"a\",\"b\",\"c\"]"), 0);
	root = json_root(&doc);
	assert_null(json_strs(&root, 2, &n));
	assert_int_equal(n, 0);
	assert_string_equal(err.msg, "doc.json: 3 entries, at most 2 are read");
}

static void digests(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{"[\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]",
		 0},
		{"[\"sha256:../../x\"]", -EBADMSG},
		{"[\"md5:d41d8cd98f00b204e9800998ecf8427e\"]", -EBADMSG},
		{"[\"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\"]",
		 -EBADMSG},
		{"[\"sha256:0123\"]", -EBADMSG},
		{"[\"sha512:00\"]", -EPROTONOSUPPORT},
		{"[5]", -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct json_doc doc;
		struct digest d;
		struct json_iter it = {0};
		struct json root, v;

		assert_int_equal(parse(&doc, cases[i].text), 0);
		root = json_root(&doc);
		assert_true(json_next(&root, &it, &v));
		json_digest(&v, &d);
		assert_int_equal(json_done(&doc), cases[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_values),
		cmocka_unit_test(names_the_path),
		cmocka_unit_test(refuses),
		cmocka_unit_test(wrong_numbers),
		cmocka_unit_test(nul_inside_a_string),
		cmocka_unit_test(names_the_symbol_when_full),
		cmocka_unit_test(too_many_keys),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
