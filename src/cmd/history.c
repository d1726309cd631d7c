/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/rfc3339.h"
#include "cmd/human.h"
#include "cmd/json.h"
#include "cmd/session.h"
#include "cmd/table.h"
#include "sys/proc.h"

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
	if (n_rows)
		return "<missing>";
	digest_text(dst, id);
	if (no_trunc)
		return dst;
	dst[7 + 12] = '\0';
	return dst + 7;
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

static void as_row(struct table *t, const struct ctl_image *i, int64_t now)
{
	char id[DIGEST_TEXT_CAP], since[HUMAN_CAP], size[HUMAN_CAP], created[HUMAN_CAP + 8] = "N/A";
	int64_t s;
	uint32_t ns;

	if (i->created && rfc3339_parse(span_of(i->created), &s, &ns) == 0)
		snprintf(created, sizeof(created), "%s ago", human_duration(since, now - s));
	table_cell(t, id_text(id, &i->id));
	table_cell(t, created);
	table_cell(t, shortened(i->repository));
	table_cell(t, human_size(size, i->bytes));
	table_cell(t, i->tag);
}

static void as_json(const struct ctl_image *i)
{
	char id[DIGEST_TEXT_CAP];

	json_out_object();
	json_out_str("id", n_rows ? NULL : digest_text(id, &i->id));
	json_out_str("created", i->created);
	json_out_str("created_by", i->repository);
	json_out_num("size", (int64_t)i->bytes);
	json_out_str("comment", i->tag);
}

static int run(int argc, char **argv)
{
	static const char *const headings[] = {"IMAGE", "CREATED", "CREATED BY",
					       "SIZE",	"COMMENT", NULL};
	struct ctl_request r = {
		.verb = CTL_HISTORY, .timeout_ms = CTL_TIMEOUT_UNSET, .name = argv[0]};
	char id[DIGEST_TEXT_CAP];
	struct ctl_reply reply;
	struct table t;
	int64_t now;
	uint32_t ns;
	int rc = session_begin(&r, NULL, 0);

	(void)argc;
	if (rc)
		return rc;
	sys_realtime(&now, &ns);
	table_init(&t, headings);
	if (cmd_globals.json)
		json_out_begin(true);
	while ((rc = session_next(&reply)) > 0) {
		if (reply.type != CTL_IMAGE)
			continue;
		if (cmd_globals.json)
			as_json(&reply.image);
		else if (quiet)
			puts(id_text(id, &reply.image.id));
		else
			as_row(&t, &reply.image, now);
		n_rows++;
	}
	if (rc < 0)
		return -rc;
	if (cmd_globals.json)
		json_out_end();
	else if (!quiet)
		table_print(&t);
	return 0;
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
