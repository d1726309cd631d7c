/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"

static bool one_shot;
static const char *runtime;

static const struct opt options[] = {
	{0, "one-shot", NULL, "serve the one connection at descriptor 3 (used by other commands)",
	 .flag = &one_shot},
	{0, "runtime", "PATH", "run containers with another OCI runtime (crun, runc)",
	 .text = &runtime},
};

static int run(int argc, char **argv)
{
	const struct cmd_engine_options o = {
		.paths = cmd_globals.paths, .runtime = runtime, .one_shot = one_shot};

	(void)argc;
	(void)argv;
	if (runtime && runtime[0] != '/')
		return cmd_usage(&cmd_engine, "--runtime %s: expected an absolute path", runtime);
	return cmd_engine_hook(&o);
}

const struct cmd cmd_engine = {
	.name = "engine",
	.summary = "run the engine in the foreground, under another init",
	.usage = "[OPTIONS]",
	.example = "  cleat --root /srv/cleat --run /run/cleat engine\n",
	.options = OPT_TABLE(options),
	.run = run,
};
