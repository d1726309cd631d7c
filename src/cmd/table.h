/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/buf.h"

/*
 * Rows under headings, each column as wide as its widest cell, three blanks apart, as docker prints
 * them. Memory is malloc'd: the command line has that right and ends soon.
 */

#define TABLE_MAX_COLUMNS 10

struct table {
	const char *const *headings;
	size_t n_columns, n_cells, cap;
	char **cells;
};

/** table_init() - @headings: NULL-terminated */
void table_init(struct table *t, const char *const *headings);

/** table_cell() - next cell of the current row; @text is copied, control characters become '?' */
void table_cell(struct table *t, const char *text);

/** table_format() - headings and complete rows; ask buf_ok() */
void table_format(const struct table *t, struct buf *b);

/** table_print() - to standard output, and free everything */
void table_print(struct table *t);

/** text_width() - columns of a terminal that UTF-8 text takes: one a character */
size_t text_width(const char *s);
