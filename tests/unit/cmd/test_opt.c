/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cmd/opt.h"

static bool interactive, tty, json;
static const char *name, *user;
static struct opt_list ports;
static struct err err;

static const struct opt options[] = {
	{'i', "interactive", NULL, "", .flag = &interactive},
	{'t', "tty", NULL, "", .flag = &tty},
	{'p', "publish", "PORT", "", .list = &ports},
	{0, "name", "NAME", "", .text = &name},
	{'u', NULL, "USER", "", .text = &user},
};
static const struct opt globals[] = {
	{'j', "json", NULL, "", .flag = &json},
	{'t', "time", NULL, "", .flag = &json}, /* -t belongs to the first table */
};

/* parses @line, split at blanks ('_' is an empty word), and tells everything that came out */
static const char *parse(const char *line, bool stop)
{
	const struct opt_table tables[] = {OPT_TABLE(options), OPT_TABLE(globals)};
	static char words[256], out[512];
	char *argv[20], *p = words;
	struct buf b;
	int argc = 0, n;

	interactive = tty = json = false;
	name = user = NULL;
	ports.n = 0;
	err = (struct err){0};
	str_copy(words, sizeof(words), line);
	while (*p) {
		argv[argc++] = p;
		p += strcspn(p, " ");
		if (*p)
			*p++ = '\0';
	}
	for (int i = 0; i < argc; i++)
		if (str_eq(argv[i], "_"))
			argv[i][0] = '\0';
	n = opt_parse(tables, 2, argc, argv, stop, &err);
	if (n < 0)
		return err.msg;
	buf_init(&b, out, sizeof(out));
	buf_printf(&b, "%s%s%s", interactive ? "i " : "", tty ? "t " : "", json ? "j " : "");
	for (size_t i = 0; i < ports.n; i++)
		buf_printf(&b, "p=%s ", ports.v[i]);
	if (name)
		buf_printf(&b, "name=%s ", name);
	if (user)
		buf_printf(&b, "user=%s ", user);
	buf_puts(&b, "|");
	for (int i = 0; i < n; i++)
		buf_printf(&b, " %s", argv[i]);
	return out;
}

static void as_docker_takes_them(void **state)
{
	static const struct {
		const char *line, *want;
		bool stop;
	} cases[] = {
		{"", "|", false},
		{"a b", "| a b", false},
		{"-it a", "i t | a", false},
		{"-ti", "i t |", false},
		{"-p 80:80 -p81:81 -p=82:82", "p=80:80 p=81:81 p=82:82 |", false},
		{"--publish 80 --publish=81", "p=80 p=81 |", false},
		{"-itp 80 a", "i t p=80 | a", false},
		{"-itp80 a", "i t p=80 | a", false},
		{"--name x --name=y", "name=y |", false},
		{"--name= a", "name= | a", false},
		{"--name _ a", "name= | a", false},
		{"--name -x a", "name=-x | a", false},
		{"-i=x", "unknown option -= in \"-i=x\"", false},
		{"--tty --tty=false", "|", false},
		{"--tty=true", "t |", false},
		{"a -i b", "i | a b", false},
		{"a -i b", "| a -i b", true},
		{"-i a -t", "i | a -t", true},
		{"-i -- -t", "i | -t", false},
		{"-i -- -t -x", "i | -t -x", true},
		{"- a", "| - a", false},
		{"a -- -b", "| a -- -b", true},
		{"a -- -b", "| a -b", false},
		{"-j", "j |", false},
		{"--json -t", "t j |", false},
		{"-u root", "user=root |", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = parse(cases[i].line, cases[i].stop);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("\"%s\": expected \"%s\", got \"%s\"", cases[i].line,
				 cases[i].want, got);
	}
}

static void refusals(void **state)
{
	(void)state;
	assert_string_equal(parse("--nam x", false), "unknown option --nam");
	assert_string_equal(parse("--nam=x", false), "unknown option --nam");
	assert_string_equal(parse("-x", false), "unknown option -x in \"-x\"");
	assert_string_equal(parse("-ix", false), "unknown option -x in \"-ix\"");
	assert_string_equal(parse("a -p", false), "option -p needs a value: PORT");
	assert_string_equal(parse("--name", false), "option --name needs a value: NAME");
	assert_string_equal(parse("--tty=maybe", false),
			    "option --tty takes true or false, not \"maybe\"");
}

static void lists_are_bounded(void **state)
{
	const struct opt_table table = OPT_TABLE(options);
	static char *argv[2 * (OPT_LIST_MAX + 1)];
	char option[] = "-p", value[] = "1";

	(void)state;
	ports.n = 0;
	for (size_t i = 0; i < ARRAY_LEN(argv); i += 2) {
		argv[i] = option;
		argv[i + 1] = value;
	}
	assert_int_equal(opt_parse(&table, 1, (int)ARRAY_LEN(argv) - 2, argv, false, &err), 0);
	assert_int_equal(ports.n, OPT_LIST_MAX);
	ports.n = 0;
	assert_int_equal(opt_parse(&table, 1, (int)ARRAY_LEN(argv), argv, false, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_docker_takes_them),
		cmocka_unit_test(refusals),
		cmocka_unit_test(lists_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
