/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/num.h"
#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/list.h"

enum { TOTAL, ACTIVE, SIZE, RECLAIMABLE, N_FIGURES };

static void split(const char *text, uint64_t *figures)
{
	struct span rest = span_of(text);
	bool found;

	for (size_t i = 0; i < N_FIGURES; i++)
		if (num_u64(span_cut(rest, ' ', &rest, &found), UINT64_MAX, &figures[i]) < 0)
			figures[i] = 0;
}

static void as_row(struct table *t, const struct ctl_reply *r, int64_t now)
{
	uint64_t f[N_FIGURES];
	char text[2 * HUMAN_CAP], size[HUMAN_CAP];

	(void)now;
	split(r->pair.value, f);
	table_cell(t, r->pair.key);
	for (size_t i = TOTAL; i <= ACTIVE; i++) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)f[i]);
		table_cell(t, text);
	}
	table_cell(t, human_size(size, f[SIZE]));
	snprintf(text, sizeof(text), "%s (%u%%)", human_size(size, f[RECLAIMABLE]),
		 f[SIZE] ? (unsigned int)(f[RECLAIMABLE] * 100 / f[SIZE]) : 0);
	table_cell(t, text);
}

static void as_json(const struct ctl_reply *r, int64_t now)
{
	static const char *const keys[] = {"total", "active", "size", "reclaimable"};
	uint64_t f[N_FIGURES];

	(void)now;
	split(r->pair.value, f);
	json_out_object();
	json_out_str("type", r->pair.key);
	for (size_t i = 0; i < N_FIGURES; i++)
		json_out_num(keys[i], (int64_t)f[i]);
}

static int run(int argc, char **argv)
{
	static const char *const headings[] = {"TYPE", "TOTAL",	      "ACTIVE",
					       "SIZE", "RECLAIMABLE", NULL};
	const struct ctl_request request = {.verb = CTL_DF, .timeout_ms = CTL_TIMEOUT_UNSET};
	const struct list list = {
		.headings = headings, .type = CTL_PAIR, .as_row = as_row, .as_json = as_json};

	(void)argc;
	(void)argv;
	return list_print(&list, &request);
}

const struct cmd cmd_df = {
	.name = "df",
	.summary = "what takes how much room",
	.usage = "",
	.example = "  cleat df\n",
	.run = run,
};
