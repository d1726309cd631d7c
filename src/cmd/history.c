/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/list.h"

#define SHOWN 45 /* bytes of what made a layer */

static bool quiet, no_trunc;
static int n_rows;

static const struct opt options[] = {
	{'q', "quiet", NULL, "only IDs", .flag = &quiet},
	{0, "no-trunc", NULL, "whole IDs and commands", .flag = &no_trunc},
};

/* only the newest step has an ID: the image's */
static const char *id_text(char dst[static DIGEST_TEXT_CAP], const struct digest *id)
{
	return n_rows ? "<missing>" : list_id(dst, id, no_trunc);
}

static const char *shortened(char *text)
{
	size_t cut = SHOWN - 3; /* the dots take three */

	for (char *p = text; (p = strchr(p, '\t'));)
		*p = ' ';
	if (no_trunc || strlen(text) <= SHOWN)
		return text;
	while (cut && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--;
	memcpy(text + cut, "…", sizeof("…"));
	return text;
}

static void as_row(struct table *t, const struct ctl_reply *r, int64_t now)
{
	char id[DIGEST_TEXT_CAP], created[LIST_AGO_CAP], size[HUMAN_CAP];
	const struct ctl_image *i = &r->image;

	table_cell(t, id_text(id, &i->id));
	table_cell(t, list_ago(created, i->created, now));
	table_cell(t, shortened(i->repository));
	table_cell(t, human_size(size, i->bytes));
	table_cell(t, i->tag);
	n_rows++;
}

static void as_id(const struct ctl_reply *r)
{
	char id[DIGEST_TEXT_CAP];

	puts(id_text(id, &r->image.id));
	n_rows++;
}

static void as_json(const struct ctl_reply *r, int64_t now)
{
	const struct ctl_image *i = &r->image;
	char id[DIGEST_TEXT_CAP];

	(void)now;
	json_out_object();
	json_out_str("id", n_rows++ ? NULL : digest_text(id, &i->id));
	json_out_str("created", i->created);
	json_out_str("created_by", i->repository);
	json_out_num("size", (int64_t)i->bytes);
	json_out_str("comment", i->tag);
}

static int run(int argc, char **argv)
{
	static const char *const headings[] = {"IMAGE", "CREATED", "CREATED BY",
					       "SIZE",	"COMMENT", NULL};
	const struct ctl_request request = {
		.verb = CTL_HISTORY, .timeout_ms = CTL_TIMEOUT_UNSET, .name = argv[0]};
	const struct list list = {.headings = headings,
				  .type = CTL_IMAGE,
				  .quiet = quiet,
				  .as_id = as_id,
				  .as_row = as_row,
				  .as_json = as_json};

	(void)argc;
	return list_print(&list, &request);
}

const struct cmd cmd_history = {
	.name = "history",
	.summary = "show how an image came about",
	.usage = "[OPTIONS] IMAGE",
	.example = "  cleat history --no-trunc registry.example.com/app:2.1\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
