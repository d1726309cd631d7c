/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/session.h"

static int run(int argc, char **argv)
{
	struct ctl_request r = {.verb = CTL_TAG,
				.timeout_ms = CTL_TIMEOUT_UNSET,
				.name = argv[0],
				.args = argv + 1,
				.n_args = 1};

	(void)argc;
	return session_run(&r);
}

const struct cmd cmd_tag = {
	.name = "tag",
	.summary = "give an image another name",
	.usage = "IMAGE NEW_NAME",
	.example = "  cleat tag registry.example.com/app:2.1 app:current\n",
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
