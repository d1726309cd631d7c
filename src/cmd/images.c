/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/rfc3339.h"
#include "cmd/human.h"
#include "cmd/json.h"
#include "cmd/session.h"
#include "cmd/table.h"
#include "sys/proc.h"

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

/* "sha256:..." or its first 12 digits */
static const char *id_text(char dst[static DIGEST_TEXT_CAP], const struct digest *id)
{
	digest_text(dst, id);
	if (no_trunc)
		return dst;
	dst[7 + 12] = '\0';
	return dst + 7;
}

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

static bool shown(const struct ctl_image *i)
{
	return wanted == ANY || (wanted == DANGLING) == str_eq(i->repository, "<none>");
}

static void as_row(struct table *t, const struct ctl_image *i, int64_t now)
{
	char digest[DIGEST_TEXT_CAP], id[DIGEST_TEXT_CAP], since[HUMAN_CAP], size[HUMAN_CAP],
		created[HUMAN_CAP + 8] = "N/A";
	int64_t s;
	uint32_t ns;

	if (i->created && rfc3339_parse(span_of(i->created), &s, &ns) == 0)
		snprintf(created, sizeof(created), "%s ago", human_duration(since, now - s));
	table_cell(t, i->repository);
	table_cell(t, i->tag ? i->tag : "<none>");
	if (digests)
		table_cell(t, digest_text(digest, &i->digest));
	table_cell(t, id_text(id, &i->id));
	table_cell(t, created);
	table_cell(t, human_size(size, i->bytes));
}

static void as_json(const struct ctl_image *i)
{
	char text[DIGEST_TEXT_CAP];

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
	struct ctl_request r = {.verb = CTL_IMAGES, .timeout_ms = CTL_TIMEOUT_UNSET};
	char id[DIGEST_TEXT_CAP];
	struct ctl_reply reply;
	struct table t;
	int64_t now;
	uint32_t ns;
	int rc;

	rc = read_filters();
	if (rc)
		return rc;
	if (argc)
		r.name = argv[0];
	sys_realtime(&now, &ns);
	rc = session_begin(&r, NULL, 0);
	if (rc)
		return rc;
	table_init(&t, digests ? long_headings : short_headings);
	if (cmd_globals.json)
		json_out_begin(true);
	while ((rc = session_next(&reply)) > 0) {
		if (reply.type != CTL_IMAGE || !shown(&reply.image))
			continue;
		if (cmd_globals.json)
			as_json(&reply.image);
		else if (quiet)
			puts(id_text(id, &reply.image.id));
		else
			as_row(&t, &reply.image, now);
	}
	if (rc < 0)
		return -rc;
	if (cmd_globals.json)
		json_out_end();
	else if (!quiet)
		table_print(&t);
	return 0;
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
