/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/json.h"
#include "cmd/session.h"

static int run(int argc, char **argv)
{
	struct ctl_request r = {.verb = CTL_INFO, .timeout_ms = CTL_TIMEOUT_UNSET};
	struct ctl_reply reply;
	int rc = session_begin(&r, NULL, 0);

	(void)argc;
	(void)argv;
	if (rc)
		return rc;
	if (cmd_globals.json) {
		json_out_begin(false);
		json_out_object();
	}
	while ((rc = session_next(&reply)) > 0) {
		if (reply.type != CTL_PAIR)
			continue;
		if (cmd_globals.json)
			json_out_str(reply.pair.key, reply.pair.value);
		else
			printf("%s: %s\n", reply.pair.key, reply.pair.value);
	}
	if (rc == 0 && cmd_globals.json)
		json_out_end();
	return -rc;
}

const struct cmd cmd_info = {
	.name = "info",
	.summary = "about the engine and the machine",
	.usage = "",
	.example = "  cleat info --json\n",
	.run = run,
};
