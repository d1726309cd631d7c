/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/** struct oci_opt - one option; a table of them ends with a zeroed one */
struct oci_opt {
	const char *name;   /* without dashes */
	char letter;	    /* 0 = none */
	bool *flag;	    /* a switch ... */
	bool *seen;	    /* (set if it was given, with whatever value) */
	const char **value; /* ... or a value, the last one counts ... */
	const char **list;  /* ... or values, all of them */
	size_t *n_list, cap_list;
	const char *arg; /* what the value is, for the help; NULL = "VALUE" */
};

/** oci_help - -h or --help was among the options; no table has it */
extern bool oci_help;

/**
 * oci_opts() - "--name value", "--name=value", "-n value", "-nvalue", "-name"; the other words move to the front of argv
 * @stop: options end at the first other word
 *
 * As in runc, whose parser is Go's: options may stand behind the words; behind a word what is no known
 * option is a word; "--" ends the options.
 *
 * Return: number of words; -EINVAL, @e says which word is wrong; -E2BIG.
 */
int oci_opts(int argc, char **argv, const struct oci_opt *opts, bool stop, struct err *e);

/** oci_opts_print() - a line for each, to standard output */
void oci_opts_print(const struct oci_opt *opts);
