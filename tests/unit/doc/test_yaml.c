/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "doc/yaml.h"

static _Alignas(16) char memory[2 * 1024 * 1024];
static struct arena arena;
static struct err err;

static int parse(const struct yaml_node **root, const char *text)
{
	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	*root = NULL;
	return yaml_parse(span_of(text), "m.yaml", &arena, root, &err);
}

static void dump(struct buf *b, const struct yaml_node *n)
{
	const char *sep = "";

	if (n->kind == YAML_SCALAR) {
		buf_printf(b, n->plain ? "%s" : "'%s'", n->text);
		return;
	}
	buf_putc(b, n->kind == YAML_MAP ? '{' : '[');
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		buf_puts(b, sep);
		if (i->key)
			buf_printf(b, "%s:", i->key->text);
		dump(b, i->value);
		sep = " ";
	}
	buf_putc(b, n->kind == YAML_MAP ? '}' : ']');
}

static void reads(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"a: 1\nb: [x, \"y\"]\nc: {d: ~}\n", "{a:1 b:[x 'y'] c:{d:~}}"},
		{"a: &x {k: v}\nb: *x\n", "{a:{k:v} b:{k:v}}"},
		{"x: &x {k: v, l: w}\na:\n  <<: *x\n  k: own\n", "{x:{k:v l:w} a:{k:own l:w}}"},
		{"x: &x {k: 1}\ny: &y {k: 2, l: 3}\na: {<<: [*x, *y]}\n",
		 "{x:{k:1} y:{k:2 l:3} a:{k:1 l:3}}"},
		{"a: \"<<\"\n\"<<\": quoted\n", "{a:'<<' <<:quoted}"},
		{"%YAML 1.1\n---\na: |\n  two\n  lines\n", "{a:'two\nlines\n'}"},
		{"a:\n", "{a:}"},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct yaml_node *root;
		struct buf b;

		if (parse(&root, cases[i].text) != 0)
			fail_msg("%s", err.msg);
		buf_init(&b, text, sizeof(text));
		dump(&b, root);
		assert_string_equal(text, cases[i].want);
	}
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *msg;
		int code;
	} cases[] = {
		{"", "m.yaml:1:1: the file is empty", -EINVAL},
		{"# only a comment\n", "m.yaml:1:1: the file is empty", -EINVAL},
		{"a: 1\nb: 2\na: 3\n", "m.yaml:3:1: key \"a\" is there twice, first in line 1",
		 -EINVAL},
		{"a: !!str 1\n", "m.yaml:1:4: tag tag:yaml.org,2002:str", -ENOTSUP},
		{"a: !reset null\n", "m.yaml:1:4: tag !reset", -ENOTSUP},
		{"a: 1\n---\nb: 2\n", "m.yaml:2:1: a second document", -ENOTSUP},
		{"a: *nope\n", "m.yaml:1:4: alias *nope refers", -EINVAL},
		{"a: &a [*a]\n", "m.yaml:1:8: alias *a refers", -EINVAL},
		{"[a]: 1\n", "m.yaml:1:1: a key must be plain text", -EINVAL},
		{"a: {<<: 5}\n", "m.yaml:1:4: \"<<\" takes a map", -EINVAL},
		{"a: \"x\\0y\"\n", "m.yaml:1:4: the text holds a NUL", -EINVAL},
		{"a:\n\t- b\n", "m.yaml:2:1: ", -EINVAL},
		{"a: [1\n", "m.yaml:2:1: ", -EINVAL},
		{"a: \xff\n", "m.yaml:1:", -EINVAL},
		{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
		 "m.yaml:1:34: nested deeper than 32", -EFBIG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct yaml_node *root;

		if (parse(&root, cases[i].text) != cases[i].code ||
		    !str_starts(err.msg, cases[i].msg))
			fail_msg("%s -> %d %s", cases[i].text, err.code, err.msg);
	}
}

static void billion_laughs(void **state)
{
	static char text[4096];
	const struct yaml_node *root;
	size_t n = (size_t)sprintf(text, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");

	(void)state;
	for (int i = 1; i < 10; i++) {
		n += (size_t)sprintf(text + n, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			n += (size_t)sprintf(text + n, "%s*a%d", k ? "," : "", i - 1);
		n += (size_t)sprintf(text + n, "]\n");
	}
	assert_int_equal(parse(&root, text), -EFBIG);
	assert_non_null(strstr(err.msg, "YAML_MAX_NODES"));
}

static void merged_bombs_count_too(void **state)
{
	static char text[8192];
	const struct yaml_node *root;
	size_t n = (size_t)sprintf(text, "m0: &m0 {a: [x,x,x,x,x,x,x,x,x,x]}\n");

	(void)state;
	for (int i = 1; i < 40; i++)
		n += (size_t)sprintf(text + n, "m%d: &m%d {<<: *m%d, k%d: *m%d}\n", i, i, i - 1, i,
				     i - 1);
	assert_int_equal(parse(&root, text), -EFBIG);
}

static void names_the_symbol_when_full(void **state)
{
	const struct yaml_node *root;

	(void)state;
	arena_init(&arena, memory, 200);
	err = (struct err){0};
	assert_int_equal(
		yaml_parse(span_of("a: [1, 2, 3, 4, 5, 6]\n"), "m.yaml", &arena, &root, &err),
		-EFBIG);
	assert_non_null(strstr(err.msg, "CONFIG_PARSE_TREE_KIB"));
}

static void scalars(void **state)
{
	static const char *const numbers[] = {"1",    "-1",   "+1",  "1.5",   ".5",   "1e3",
					      "0x1f", "0o17", "010", "1_000", ".inf", "1."};
	static const char *const texts[] = {"a",   "1.2.3", "1a",    "x1",  "-", ".",
					    "1:2", "0x",    "\"1\"", "10m", "1e"};
	struct yaml_node n = {.kind = YAML_SCALAR, .plain = true};
	bool b;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		n.text = numbers[i];
		n.len = strlen(n.text);
		if (!yaml_is_number(&n))
			fail_msg("%s is a number", n.text);
	}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		n.text = texts[i];
		n.len = strlen(n.text);
		if (yaml_is_number(&n))
			fail_msg("%s is no number", n.text);
	}
	n.text = "true";
	assert_true(yaml_is_bool(&n, &b) && b);
	n.text = "False";
	assert_true(yaml_is_bool(&n, &b) && !b);
	n.text = "yes";
	assert_false(yaml_is_bool(&n, &b));
	n.plain = false;
	n.text = "true";
	assert_false(yaml_is_bool(&n, &b));
	assert_false(yaml_is_null(&n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(refuses),
		cmocka_unit_test(billion_laughs),
		cmocka_unit_test(merged_bombs_count_too),
		cmocka_unit_test(names_the_symbol_when_full),
		cmocka_unit_test(scalars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
