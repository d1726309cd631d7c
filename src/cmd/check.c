/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/json.h"
#include "cmd/manifest_file.h"
#include "sys/fd.h"

static bool quiet;

static const struct opt options[] = {
	{'q', "quiet", NULL, "say nothing when it is good", .flag = &quiet},
};

static void as_json(const char *file, const char *error)
{
	json_out_begin(false);
	json_out_object();
	json_out_str("file", file);
	json_out_bool("ok", !error);
	json_out_str("error", error);
	json_out_end();
}

static int run(int argc, char **argv)
{
	struct ctl_request r = {.verb = CTL_CHECK, .timeout_ms = CTL_TIMEOUT_UNSET};
	auto_close int fd = manifest_file(argc, argv, &r);
	struct ctl_reply reply;
	int rc = fd < 0 ? 1 : session_begin(&r, &fd, 1);

	if (rc)
		return rc;
	do {
		session_receive(&reply);
	} while (reply.type != CTL_DONE && reply.type != CTL_ERROR);
	if (cmd_globals.json)
		as_json(r.name, reply.type == CTL_ERROR ? reply.error.text : NULL);
	else if (reply.type == CTL_DONE && !quiet)
		printf("%s: good\n", r.name);
	return -session_show(&reply);
}

const struct cmd cmd_check = {
	.name = "check",
	.summary = "check a manifest, change nothing",
	.usage = "[OPTIONS] [FILE|-]",
	.example = "  cleat check compose.yaml\n",
	.options = OPT_TABLE(options),
	.max_args = 1,
	.run = run,
};
