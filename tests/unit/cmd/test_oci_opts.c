/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "cmd/oci_verbs.h"

static const char *bundle, *list[2];
static size_t n_list;
static bool detach, force;
static struct err err;

static const struct oci_opt opts[] = {
	{.name = "process", .letter = 'p', .value = &bundle},
	{.name = "pid-file", .value = &bundle},
	{.name = "bundle", .letter = 'b', .value = &bundle},
	{.name = "env", .letter = 'e', .list = list, .n_list = &n_list, .cap_list = 2},
	{.name = "detach", .letter = 'd', .flag = &detach},
	{.name = "force", .letter = 'f', .flag = &force},
	{0},
};

/* @line is cut at blanks */
static char words_mem[256], *words[16];
static int parse(const char *line, bool stop)
{
	int n = 0;

	bundle = NULL;
	n_list = 0;
	detach = force = oci_help = false;
	err = (struct err){0};
	strcpy(words_mem, line);
	for (char *w = strtok(words_mem, " "); w; w = strtok(NULL, " "))
		words[n++] = w;
	return oci_opts(n, words, opts, stop, &err);
}

static void every_form_of_a_value(void **state)
{
	static const char *const forms[] = {
		"--bundle B x", "--bundle=B x", "-bundle B x", "-b B x",	 "-b=B x",
		"-bB x",	"x --bundle B", "x -b B",      "--pid-file B x", "-pid-file B x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		assert_int_equal(parse(forms[i], false), 1);
		assert_string_equal(bundle, "B");
		assert_string_equal(words[0], "x");
	}
}

static void switches(void **state)
{
	(void)state;
	assert_int_equal(parse("-d x --force", false), 1);
	assert_true(detach && force);
	assert_int_equal(parse("--detach=false --force=true x", false), 1);
	assert_true(!detach && force);
	assert_int_equal(parse("--detach=no x", false), -EINVAL);
	assert_string_equal(err.msg, "--detach takes no value");
}

static void a_commands_options_are_its_own(void **state)
{
	(void)state;
	assert_int_equal(parse("-d id ls -d --force", true), 4);
	assert_true(detach && !force);
	assert_string_equal(words[2], "-d");
	assert_int_equal(parse("-- -d x", false), 2);
	assert_true(!detach);
	assert_string_equal(words[0], "-d");
	assert_int_equal(parse("id -x -9", false), 3); /* unknown behind a word: a word */
}

static void mistakes(void **state)
{
	(void)state;
	assert_int_equal(parse("--nosuch x", false), -EINVAL);
	assert_string_equal(err.msg, "unknown option --nosuch");
	assert_int_equal(parse("x --bundle", false), -EINVAL);
	assert_string_equal(err.msg, "--bundle needs a value");
	assert_int_equal(parse("-e a -e b -e c", false), -E2BIG);
	assert_int_equal(parse("-e a -e b", false), 0);
	assert_true(n_list == 2 && !strcmp(list[1], "b"));
	assert_int_equal(parse("x -h", false), 1);
	assert_true(oci_help);
}

static void json_becomes_lines(void **state)
{
	char mem[256];
	struct buf b;

	(void)state;
	buf_init(&b, mem, sizeof(mem));
	oci_indent(&b, span_of("{\"a\":[1,\"x:,{\\\"\"],\"b\":{},\"c\":[]}"));
	assert_string_equal(
		mem, "{\n\t\"a\": [\n\t\t1,\n\t\t\"x:,{\\\"\"\n\t],\n\t\"b\": {},\n\t\"c\": []\n}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_a_value),
		cmocka_unit_test(switches),
		cmocka_unit_test(a_commands_options_are_its_own),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(json_becomes_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
