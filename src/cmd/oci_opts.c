/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/oci_opts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

bool oci_help;

static const struct oci_opt help_opt = {.name = "help", .letter = 'h', .flag = &oci_help};

static const struct oci_opt *find(const struct oci_opt *opts, const char *word,
				  const char **ret_value)
{
	/* Go's flag packages take one dash or two */
	const char *name = word + 1 + (word[1] == '-');
	size_t len = strcspn(name, "=");

	*ret_value = name[len] ? name + len + 1 : NULL;
	for (const struct oci_opt *o = opts; o->name; o++)
		if (strlen(o->name) == len && !strncmp(o->name, name, len))
			return o;
	if (len == 4 && !strncmp(name, help_opt.name, 4))
		return &help_opt;
	if (word[1] == '-')
		return NULL;
	*ret_value = word[2] ? word + 2 + (word[2] == '=') : NULL;
	for (const struct oci_opt *o = opts; o->name; o++)
		if (o->letter == word[1])
			return o;
	return word[1] == help_opt.letter ? &help_opt : NULL;
}

static int store(const struct oci_opt *o, const char *value, struct err *e)
{
	if (o->value) {
		*o->value = value;
	} else if (*o->n_list < o->cap_list) {
		o->list[(*o->n_list)++] = value;
	} else {
		return err_text(e, -E2BIG, "--%s: at most %zu are taken", o->name, o->cap_list);
	}
	return 0;
}

static int set_flag(const struct oci_opt *o, const char *value, struct err *e)
{
	if (value && !str_eq(value, "true") && !str_eq(value, "false"))
		return err_text(e, -EINVAL, "--%s takes no value", o->name);
	*o->flag = !value || str_eq(value, "true");
	if (o->seen)
		*o->seen = true;
	return 0;
}

/* Return: how many words were used up */
static int one(int argc, char **argv, const struct oci_opt *o, const char *value, struct err *e)
{
	int used = 1, r;

	if (o->flag) {
		r = set_flag(o, value, e);
	} else {
		if (!value && argc > 1)
			value = argv[used++];
		r = value ? store(o, value, e)
			  : err_text(e, -EINVAL, "--%s needs a value", o->name);
	}
	return r < 0 ? r : used;
}

int oci_opts(int argc, char **argv, const struct oci_opt *opts, bool stop, struct err *e)
{
	int n = 0, i = 0;

	while (i < argc && !(stop && n)) {
		bool dash = argv[i][0] == '-' && argv[i][1];
		const char *value;
		const struct oci_opt *o = dash ? find(opts, argv[i], &value) : NULL;
		int r;

		if (dash && str_eq(argv[i], "--")) {
			i++;
			break;
		}
		if (dash && !o && !n)
			return err_text(e, -EINVAL, "unknown option %.64s", argv[i]);
		if (!o) {
			argv[n++] = argv[i++];
			continue;
		}
		r = one(argc - i, argv + i, o, value, e);
		if (r < 0)
			return r;
		i += r;
	}
	while (i < argc)
		argv[n++] = argv[i++];
	return n;
}

void oci_opts_print(const struct oci_opt *o)
{
	for (; o->name; o++)
		printf("  %c%c%c --%s%s%s\n", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
		       o->letter ? ',' : ' ', o->name, o->flag ? "" : " ",
		       o->flag	? ""
		       : o->arg ? o->arg
				: "VALUE");
}
