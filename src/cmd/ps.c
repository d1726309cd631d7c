/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/list.h"

#define STATUS_CAP 160

static bool all, quiet, no_trunc;

static const struct opt options[] = {
	{'a', "all", NULL, "also those that have ended", .flag = &all},
	{'q', "quiet", NULL, "only IDs", .flag = &quiet},
	{0, "no-trunc", NULL, "whole IDs and commands", .flag = &no_trunc},
};

/* docker's column STATUS */
static void status_text(char dst[static STATUS_CAP], const struct ctl_container *c, int64_t now)
{
	char since[HUMAN_CAP];

	if (str_eq(c->state, "running"))
		snprintf(dst, STATUS_CAP, "Up %s", human_duration(since, now - c->started_s));
	else if (str_eq(c->state, "stopping"))
		snprintf(dst, STATUS_CAP, "Stopping");
	else if (str_eq(c->state, "created"))
		snprintf(dst, STATUS_CAP, "Created");
	else if (str_eq(c->state, "dead"))
		snprintf(dst, STATUS_CAP, "Dead");
	else
		snprintf(dst, STATUS_CAP, "%s (%d)%s %s ago",
			 str_eq(c->state, "restarting") ? "Restarting" : "Exited", c->exit_code,
			 c->oom ? " out of memory" : "",
			 human_duration(since, now - c->finished_s));
}

static void quoted(char *dst, size_t cap, const char *text, size_t width)
{
	size_t len = strlen(text);

	if (no_trunc || len + 2 <= width) {
		snprintf(dst, cap, "\"%s\"", text);
		return;
	}
	len = width - 3;
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--; /* not inside a character */
	snprintf(dst, cap, "\"%.*s…\"", (int)len, text);
}

static void as_row(struct table *t, const struct ctl_reply *r, int64_t now)
{
	char id[80], command[2048], created[LIST_AGO_CAP], since[HUMAN_CAP], status[STATUS_CAP];
	const struct ctl_container *c = &r->container;

	snprintf(id, sizeof(id), "%.*s", no_trunc ? 64 : 12, c->id);
	quoted(command, sizeof(command), c->command ? c->command : "", 22);
	snprintf(created, sizeof(created), "%s ago", human_duration(since, now - c->created_s));
	status_text(status, c, now);
	table_cell(t, id);
	table_cell(t, c->image);
	table_cell(t, command);
	table_cell(t, created);
	table_cell(t, status);
	table_cell(t, c->ports);
	table_cell(t, c->name);
}

static void as_id(const struct ctl_reply *r)
{
	printf("%.*s\n", no_trunc ? 64 : 12, r->container.id);
}

static void as_json(const struct ctl_reply *r, int64_t now)
{
	const struct ctl_container *c = &r->container;
	char status[STATUS_CAP];

	status_text(status, c, now);
	json_out_object();
	json_out_str("id", c->id);
	json_out_str("name", c->name);
	json_out_str("image", c->image);
	json_out_str("command", c->command);
	json_out_str("state", c->state);
	json_out_str("status", status);
	json_out_str("ports", c->ports);
	json_out_str("ip", c->ip);
	json_out_str("service", c->service);
	json_out_str("error", c->error);
	json_out_time("created", c->created_s);
	json_out_time("started", c->started_s);
	json_out_time("finished", c->finished_s);
	json_out_num("exit_code", c->exit_code);
	json_out_num("restarts", c->restarts);
	json_out_num("pid", c->pid);
	json_out_bool("oom", c->oom);
}

static int run(int argc, char **argv)
{
	static const char *const headings[] = {"CONTAINER ID", "IMAGE", "COMMAND", "CREATED",
					       "STATUS",       "PORTS", "NAMES",   NULL};
	const struct ctl_request request = {.verb = CTL_PS,
					    .flags = all ? CTL_F_ALL : 0,
					    .timeout_ms = CTL_TIMEOUT_UNSET,
					    .name = argc ? argv[0] : NULL};
	const struct list list = {.headings = headings,
				  .type = CTL_CONTAINER,
				  .quiet = quiet,
				  .as_id = as_id,
				  .as_row = as_row,
				  .as_json = as_json};

	return list_print(&list, &request);
}

const struct cmd cmd_ps = {
	.name = "ps",
	.summary = "list containers",
	.usage = "[OPTIONS] [CONTAINER]",
	.example = "  cleat ps -a\n",
	.options = OPT_TABLE(options),
	.max_args = 1,
	.run = run,
};
