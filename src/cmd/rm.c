/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/session.h"

static bool force, volumes;

static const struct opt options[] = {
	{'f', "force", NULL, "kill it first if it runs", .flag = &force},
	{'v', "volumes", NULL, "also its volumes without a name", .flag = &volumes},
};

static int run(int argc, char **argv)
{
	struct ctl_request r = {.verb = CTL_RM, .timeout_ms = CTL_TIMEOUT_UNSET};

	r.flags = (force ? CTL_F_FORCE : 0) | (volumes ? CTL_F_VOLUMES : 0);
	return session_each(&r, argc, argv);
}

const struct cmd cmd_rm = {
	.name = "rm",
	.summary = "remove containers",
	.usage = "[OPTIONS] CONTAINER...",
	.example = "  cleat rm -f web\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
