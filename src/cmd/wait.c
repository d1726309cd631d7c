/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/session.h"

static int one(char *name)
{
	struct ctl_request r = {.verb = CTL_WAIT, .timeout_ms = CTL_TIMEOUT_UNSET, .name = name};
	struct ctl_reply reply;
	int rc = session_begin(&r, NULL, 0);

	if (rc)
		return rc;
	while ((rc = session_next(&reply)) > 0)
		if (reply.type == CTL_EXIT)
			printf("%d\n", reply.exit_code);
	fflush(stdout);
	return -rc;
}

static int run(int argc, char **argv)
{
	int worst = 0;

	for (int i = 0; i < argc; i++) {
		int rc = one(argv[i]);

		worst = rc ? rc : worst;
	}
	return worst;
}

const struct cmd cmd_wait = {
	.name = "wait",
	.summary = "wait until containers end, print their exit status",
	.usage = "CONTAINER...",
	.example = "  cleat wait job\n",
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
