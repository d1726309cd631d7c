/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Options as docker takes them: -i -t or -it, -p 80:80, -p80:80, --name x, --name=x, --tty=false, and
 * "--" to end them. A table says which there are and where values go.
 */

#define OPT_LIST_MAX 256 /* values of one repeatable option */

struct opt_list {
	const char *v[OPT_LIST_MAX];
	size_t n;
};

struct opt {
	char letter;	   /* 0 = none */
	const char *name;  /* long name; NULL = none */
	const char *value; /* what the value is called in the help; NULL = a flag */
	const char *help;
	/* where it goes; one of them */
	bool *flag;
	const char **text; /* the last one counts */
	struct opt_list *list;
};

struct opt_table {
	const struct opt *v;
	size_t n;
};

#define OPT_TABLE(array) ((struct opt_table){array, sizeof(array) / sizeof((array)[0])})

/**
 * opt_parse() - take the options out of @argv
 * @tables: looked up in this order
 * @stop_at_first: the first argument that is no option ends the options (run, exec)
 *
 * @argv is reordered: the first Return: elements are the arguments, in their order.
 *
 * Return: number of arguments; -EINVAL unknown option, missing or superfluous value.
 */
int opt_parse(const struct opt_table *tables, size_t n_tables, int argc, char **argv,
	      bool stop_at_first, struct err *e);

/** opt_help() - one line for each option on standard output */
void opt_help(const struct opt_table *table);
