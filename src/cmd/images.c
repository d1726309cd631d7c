/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/list.h"

static bool all, quiet, no_trunc, digests;
static struct opt_list filters;
static enum { ANY, DANGLING, NAMED } wanted;

static const struct opt options[] = {
	{'a', "all", NULL, "as docker's: there are no others", .flag = &all},
	{'f', "filter", "dangling=true|false", "only images without a name, or with one",
	 .list = &filters},
	{'q', "quiet", NULL, "only IDs", .flag = &quiet},
	{0, "no-trunc", NULL, "whole IDs", .flag = &no_trunc},
	{0, "digests", NULL, "also the digests of manifests", .flag = &digests},
};

static int read_filters(void)
{
	for (size_t i = 0; i < filters.n; i++) {
		if (str_eq(filters.v[i], "dangling=true"))
			wanted = DANGLING;
		else if (str_eq(filters.v[i], "dangling=false"))
			wanted = NAMED;
		else
			return cmd_usage(&cmd_images, "filter \"%.60s\" is not known",
					 filters.v[i]);
	}
	return 0;
}

static bool shown(const struct ctl_reply *r)
{
	return wanted == ANY || (wanted == DANGLING) == str_eq(r->image.repository, "<none>");
}

static void as_row(struct table *t, const struct ctl_reply *r, int64_t now)
{
	char digest[DIGEST_TEXT_CAP], id[DIGEST_TEXT_CAP], created[LIST_AGO_CAP], size[HUMAN_CAP];
	const struct ctl_image *i = &r->image;

	table_cell(t, i->repository);
	table_cell(t, i->tag ? i->tag : "<none>");
	if (digests)
		table_cell(t, digest_text(digest, &i->digest));
	table_cell(t, list_id(id, &i->id, no_trunc));
	table_cell(t, list_ago(created, i->created, now));
	table_cell(t, human_size(size, i->bytes));
}

static void as_id(const struct ctl_reply *r)
{
	char id[DIGEST_TEXT_CAP];

	puts(list_id(id, &r->image.id, no_trunc));
}

static void as_json(const struct ctl_reply *r, int64_t now)
{
	const struct ctl_image *i = &r->image;
	char text[DIGEST_TEXT_CAP];

	(void)now;
	json_out_object();
	json_out_str("repository", i->repository);
	json_out_str("tag", i->tag);
	json_out_str("digest", digest_text(text, &i->digest));
	json_out_str("id", digest_text(text, &i->id));
	json_out_str("created", i->created);
	json_out_num("size", (int64_t)i->bytes);
}

static int run(int argc, char **argv)
{
	static const char *const short_headings[] = {"REPOSITORY", "TAG",  "IMAGE ID",
						     "CREATED",	   "SIZE", NULL},
				 *const long_headings[] = {"REPOSITORY", "TAG",	    "DIGEST",
							   "IMAGE ID",	 "CREATED", "SIZE",
							   NULL};
	const struct ctl_request request = {
		.verb = CTL_IMAGES, .timeout_ms = CTL_TIMEOUT_UNSET, .name = argc ? argv[0] : NULL};
	const struct list list = {.headings = digests ? long_headings : short_headings,
				  .type = CTL_IMAGE,
				  .quiet = quiet,
				  .shown = shown,
				  .as_id = as_id,
				  .as_row = as_row,
				  .as_json = as_json};
	int rc = read_filters();

	return rc ? rc : list_print(&list, &request);
}

const struct cmd cmd_images = {
	.name = "images",
	.summary = "list images",
	.usage = "[OPTIONS] [REPOSITORY[:TAG]]",
	.example = "  cleat images --digests\n",
	.options = OPT_TABLE(options),
	.max_args = 1,
	.run = run,
};
