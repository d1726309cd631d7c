/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/opt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

struct parser {
	const struct opt_table *tables;
	size_t n_tables;
	int argc, at;
	char **argv;
	struct err *e;
};

static const struct opt *by_letter(const struct parser *p, char letter)
{
	for (size_t t = 0; t < p->n_tables; t++)
		for (size_t i = 0; i < p->tables[t].n; i++)
			if (p->tables[t].v[i].letter == letter)
				return &p->tables[t].v[i];
	return NULL;
}

static const struct opt *by_name(const struct parser *p, struct span name)
{
	for (size_t t = 0; t < p->n_tables; t++)
		for (size_t i = 0; i < p->tables[t].n; i++)
			if (p->tables[t].v[i].name && span_eq(name, p->tables[t].v[i].name))
				return &p->tables[t].v[i];
	return NULL;
}

static int store(struct parser *p, const struct opt *o, const char *value)
{
	if (o->text) {
		*o->text = value;
		return 0;
	}
	if (o->list->n == OPT_LIST_MAX)
		return err_text(p->e, -EINVAL, "option --%s is given more than %d times", o->name,
				OPT_LIST_MAX);
	o->list->v[o->list->n++] = value;
	return 0;
}

/* the value of an option is the next word */
static int store_next(struct parser *p, const struct opt *o, const char *shown)
{
	if (p->at >= p->argc)
		return err_text(p->e, -EINVAL, "option %s needs a value: %s", shown, o->value);
	return store(p, o, p->argv[p->at++]);
}

/* "--name", "--name=value" */
static int long_option(struct parser *p, const char *word)
{
	bool has_value;
	struct span value, name = span_cut(span_of(word + 2), '=', &value, &has_value);
	const struct opt *o = by_name(p, name);
	char shown[48];

	str_printf(shown, sizeof(shown), "--%.*s", (int)(name.len > 40 ? 40 : name.len), name.p);
	if (!o)
		return err_text(p->e, -EINVAL, "unknown option %s", shown);
	if (o->value)
		return has_value ? store(p, o, value.p) : store_next(p, o, shown);
	if (has_value && !span_eq(value, "true") && !span_eq(value, "false"))
		return err_text(p->e, -EINVAL, "option %s takes true or false, not \"%.40s\"",
				shown, value.p);
	*o->flag = !has_value || span_eq(value, "true");
	return 0;
}

/* "-it", "-p80:80", "-p 80:80", "-p=80:80" */
static int short_options(struct parser *p, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		const struct opt *o = by_letter(p, *c);
		char shown[3] = {'-', *c, '\0'};

		if (!o)
			return err_text(p->e, -EINVAL, "unknown option -%c in \"%.40s\"", *c, word);
		if (!o->value) {
			*o->flag = true;
			continue;
		}
		if (c[1])
			return store(p, o, c[1] == '=' ? c + 2 : c + 1);
		return store_next(p, o, shown);
	}
	return 0;
}

int opt_parse(const struct opt_table *tables, size_t n_tables, int argc, char **argv,
	      bool stop_at_first, struct err *e)
{
	struct parser p = {
		.tables = tables, .n_tables = n_tables, .argc = argc, .argv = argv, .e = e};
	bool end = false;
	int n = 0, r = 0;

	while (p.at < argc && r == 0) {
		char *word = argv[p.at++];

		if (end || word[0] != '-' || !word[1]) {
			argv[n++] = word;
			end |= stop_at_first;
		} else if (str_eq(word, "--")) {
			end = true;
		} else {
			r = word[1] == '-' ? long_option(&p, word) : short_options(&p, word);
		}
	}
	return r < 0 ? r : n;
}

void opt_help(const struct opt_table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct opt *o = &table->v[i];
		char left[64];

		str_printf(left, sizeof(left), "%c%c%s%s%s%s%s", o->letter ? '-' : ' ',
			   o->letter ? o->letter : ' ', o->letter && o->name ? ", " : "  ",
			   o->name ? "--" : "", o->name ? o->name : "", o->value ? " " : "",
			   o->value ? o->value : "");
		printf("  %-38s %s\n", left, o->help);
	}
}
