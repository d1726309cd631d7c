/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define GAP 3

void table_init(struct table *t, const char *const *headings)
{
	*t = (struct table){.headings = headings};
	while (headings[t->n_columns])
		t->n_columns++;
}

/* What comes from an image or a container must not steer the user's terminal. */
static char *printable(const char *text)
{
	char *copy = strdup(text);

	for (char *p = copy; p && *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return copy;
}

void table_cell(struct table *t, const char *text)
{
	char **cells = t->cells;

	if (t->n_cells == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		cells = realloc(t->cells, t->cap * sizeof(*cells));
	}
	if (!cells || !(cells[t->n_cells] = printable(text ? text : ""))) {
		fputs("cleat: out of memory\n", stderr);
		exit(1);
	}
	t->cells = cells;
	t->n_cells++;
}

size_t text_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void row(const struct table *t, struct buf *b, const char *const *cells,
		const size_t *widths)
{
	for (size_t c = 0; c < t->n_columns; c++) {
		buf_puts(b, cells[c]);
		for (size_t i = text_width(cells[c]); c + 1 < t->n_columns && i < widths[c] + GAP;
		     i++)
			buf_putc(b, ' ');
	}
	buf_putc(b, '\n');
}

void table_format(const struct table *t, struct buf *b)
{
	size_t widths[TABLE_MAX_COLUMNS], rows = t->n_cells / t->n_columns;

	for (size_t c = 0; c < t->n_columns; c++) {
		widths[c] = text_width(t->headings[c]);
		for (size_t r = 0; r < rows; r++) {
			size_t w = text_width(t->cells[r * t->n_columns + c]);

			if (w > widths[c])
				widths[c] = w;
		}
	}
	row(t, b, t->headings, widths);
	for (size_t r = 0; r < rows; r++)
		row(t, b, (const char *const *)t->cells + r * t->n_columns, widths);
}

void table_print(struct table *t)
{
	size_t cap = 4096;
	struct buf b;
	char *mem;

	do {
		cap *= 2;
		mem = malloc(cap);
		if (!mem)
			break;
		buf_init(&b, mem, cap);
		table_format(t, &b);
		if (buf_ok(&b))
			fputs(b.p, stdout);
		free(mem);
	} while (!buf_ok(&b));
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
}
