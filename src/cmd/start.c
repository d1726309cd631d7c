/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/attach.h"
#include "cmd/session.h"

static bool attach, interactive;

static const struct opt options[] = {
	{'a', "attach", NULL, "connect its output, and wait until it ends", .flag = &attach},
	{'i', "interactive", NULL, "connect standard input too", .flag = &interactive},
};

static int run(int argc, char **argv)
{
	struct ctl_request r = {.verb = CTL_START, .timeout_ms = CTL_TIMEOUT_UNSET};

	if (!attach && !interactive)
		return session_each(&r, argc, argv);
	if (argc > 1)
		return cmd_usage(&cmd_start, "only one container can be attached");
	r.name = argv[0];
	r.flags = CTL_F_ATTACH | (interactive ? CTL_F_STDIN : 0);
	r.stdio = CTL_STDOUT | CTL_STDERR | (interactive ? CTL_STDIN : 0);
	return attach_run(&r);
}

const struct cmd cmd_start = {
	.name = "start",
	.summary = "start containers that exist",
	.usage = "[OPTIONS] CONTAINER...",
	.example = "  cleat start web\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
