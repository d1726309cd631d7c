/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"

static bool one_shot;

static const struct opt options[] = {
	{0, "one-shot", NULL, "serve the one connection at descriptor 3 (used by other commands)",
	 .flag = &one_shot},
};

static int run(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return cmd_engine_hook(one_shot);
}

const struct cmd cmd_engine = {
	.name = "engine",
	.summary = "run the engine in the foreground, under another init",
	.usage = "[OPTIONS]",
	.example = "  cleat --root /srv/cleat --run /run/cleat engine\n",
	.options = OPT_TABLE(options),
	.run = run,
};
