/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/** struct oci_opt - one option of a verb */
struct oci_opt {
	const char *name; /* without dashes */
	char letter;	  /* 0 = none */
	const char *help;
	bool *flag;	    /* a switch ... */
	bool *seen;	    /* (set if it was given, with whatever value) */
	const char **value; /* ... or a value, the last one counts ... */
	const char **list;  /* ... or values, all of them */
	size_t *n_list, cap_list;
};

/**
 * oci_opts() - "--name value", "--name=value", "-n value", "-nvalue"; ends at "--" or the first word that is no option
 *
 * Return: number of words used; -EINVAL, @e says which word is wrong.
 */
int oci_opts(int argc, char **argv, const struct oci_opt *opts, struct err *e);
