/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/num.h"
#include "cmd/human.h"
#include "cmd/json.h"
#include "cmd/session.h"
#include "cmd/table.h"

enum { TOTAL, ACTIVE, SIZE, RECLAIMABLE, N_FIGURES };

static void split(const char *text, uint64_t *figures)
{
	struct span rest = span_of(text);
	bool found;

	for (size_t i = 0; i < N_FIGURES; i++)
		if (num_u64(span_cut(rest, ' ', &rest, &found), UINT64_MAX, &figures[i]) < 0)
			figures[i] = 0;
}

static void as_row(struct table *t, const char *type, const uint64_t *f)
{
	char text[2 * HUMAN_CAP], size[HUMAN_CAP];

	table_cell(t, type);
	for (size_t i = TOTAL; i <= ACTIVE; i++) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)f[i]);
		table_cell(t, text);
	}
	table_cell(t, human_size(size, f[SIZE]));
	snprintf(text, sizeof(text), "%s (%u%%)", human_size(size, f[RECLAIMABLE]),
		 f[SIZE] ? (unsigned int)(f[RECLAIMABLE] * 100 / f[SIZE]) : 0);
	table_cell(t, text);
}

static void as_json(const char *type, const uint64_t *f)
{
	static const char *const keys[] = {"total", "active", "size", "reclaimable"};

	json_out_object();
	json_out_str("type", type);
	for (size_t i = 0; i < N_FIGURES; i++)
		json_out_num(keys[i], (int64_t)f[i]);
}

static int run(int argc, char **argv)
{
	static const char *const headings[] = {"TYPE", "TOTAL",	      "ACTIVE",
					       "SIZE", "RECLAIMABLE", NULL};
	struct ctl_request r = {.verb = CTL_DF, .timeout_ms = CTL_TIMEOUT_UNSET};
	uint64_t figures[N_FIGURES];
	struct ctl_reply reply;
	struct table t;
	int rc = session_begin(&r, NULL, 0);

	(void)argc;
	(void)argv;
	if (rc)
		return rc;
	table_init(&t, headings);
	if (cmd_globals.json)
		json_out_begin(true);
	while ((rc = session_next(&reply)) > 0) {
		if (reply.type != CTL_PAIR)
			continue;
		split(reply.pair.value, figures);
		if (cmd_globals.json)
			as_json(reply.pair.key, figures);
		else
			as_row(&t, reply.pair.key, figures);
	}
	if (rc < 0)
		return -rc;
	if (cmd_globals.json)
		json_out_end();
	else
		table_print(&t);
	return 0;
}

const struct cmd cmd_df = {
	.name = "df",
	.summary = "what takes how much room",
	.usage = "",
	.example = "  cleat df\n",
	.run = run,
};
