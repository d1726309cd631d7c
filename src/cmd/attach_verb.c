/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/attach.h"
#include "cmd/session.h"

static bool no_stdin;

static const struct opt options[] = {
	{0, "no-stdin", NULL, "leave standard input alone", .flag = &no_stdin},
};

static int run(int argc, char **argv)
{
	struct ctl_request r = {.verb = CTL_ATTACH,
				.timeout_ms = CTL_TIMEOUT_UNSET,
				.name = argv[0],
				.flags = no_stdin ? 0 : CTL_F_STDIN,
				.stdio = CTL_STDOUT | CTL_STDERR | (no_stdin ? 0 : CTL_STDIN)};

	(void)argc;
	return attach_run(&r);
}

const struct cmd cmd_attach = {
	.name = "attach",
	.summary = "connect to a container that runs",
	.usage = "[OPTIONS] CONTAINER",
	.example = "  cleat attach --no-stdin web\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
