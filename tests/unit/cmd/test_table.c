/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>

#include "cmd/table.h"

static const char *const headings[] = {"NAME", "B", "LAST", NULL};

static void free_cells(struct table *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
}

static void columns_line_up(void **state)
{
	char mem[512];
	struct table t;
	struct buf b;

	(void)state;
	table_init(&t, headings);
	for (int i = 0; i < 2; i++) {
		table_cell(&t, i ? "longer name" : "x");
		table_cell(&t, i ? "" : "grün…");
		table_cell(&t, i ? NULL : "end");
	}
	buf_init(&b, mem, sizeof(mem));
	table_format(&t, &b);
	assert_true(buf_ok(&b));
	assert_string_equal(mem, "NAME          B       LAST\n"
				 "x             grün…   end\n"
				 "longer name           \n");
	free_cells(&t);
}

/* an image's command cannot steer the terminal */
static void control_characters_are_shown(void **state)
{
	char mem[512];
	struct table t;
	struct buf b;

	(void)state;
	table_init(&t, headings);
	table_cell(&t, "\033[2J");
	table_cell(&t, "a\nb");
	table_cell(&t, "\x7f");
	buf_init(&b, mem, sizeof(mem));
	table_format(&t, &b);
	assert_string_equal(mem, "NAME   B     LAST\n?[2J   a?b   ?\n");
	free_cells(&t);
}

static void many_rows(void **state)
{
	static char mem[64 * 1024];
	struct table t;
	struct buf b;
	size_t lines = 0;

	(void)state;
	table_init(&t, headings);
	for (int i = 0; i < 3000; i++)
		table_cell(&t, "cell");
	buf_init(&b, mem, sizeof(mem));
	table_format(&t, &b);
	for (const char *p = mem; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 1001);
	free_cells(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_line_up),
		cmocka_unit_test(control_characters_are_shown),
		cmocka_unit_test(many_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
