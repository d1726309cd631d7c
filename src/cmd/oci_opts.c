/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/oci_opts.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

static const struct oci_opt *find(const struct oci_opt *o, const char *word, const char **ret_value)
{
	size_t len = strcspn(word + 2, "=");

	*ret_value = NULL;
	for (; o->name; o++) {
		/* Go's flag packages take one dash or two */
		const char *name = word[1] == '-' ? word + 2 : word + 1;

		len = strcspn(name, "=");
		if (strlen(o->name) == len && !strncmp(o->name, name, len)) {
			*ret_value = name[len] ? name + len + 1 : NULL;
			return o;
		}
		if (word[1] != '-' && o->letter == word[1]) {
			*ret_value = word[2] ? word + 2 + (word[2] == '=') : NULL;
			return o;
		}
	}
	return NULL;
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

int oci_opts(int argc, char **argv, const struct oci_opt *opts, struct err *e)
{
	int i = 0;

	while (i < argc && argv[i][0] == '-' && argv[i][1]) {
		const struct oci_opt *o;
		const char *value;
		int r;

		if (str_eq(argv[i], "--"))
			return i + 1;
		o = find(opts, argv[i], &value);
		if (!o)
			return err_text(e, -EINVAL, "unknown option %.64s", argv[i]);
		if (o->flag) {
			r = set_flag(o, value, e);
		} else {
			if (!value && ++i < argc)
				value = argv[i];
			r = value ? store(o, value, e)
				  : err_text(e, -EINVAL, "--%s needs a value", o->name);
		}
		if (r < 0)
			return r;
		i++;
	}
	return i;
}
