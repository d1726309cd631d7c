/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/json.h"

static int run(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!cmd_globals.json) {
		puts("cleat " CLEAT_VERSION CONFIG_VENDOR);
		return 0;
	}
	json_out_begin(false);
	json_out_object();
	json_out_str("version", CLEAT_VERSION CONFIG_VENDOR);
	json_out_end();
	return 0;
}

const struct cmd cmd_version = {
	.name = "version",
	.summary = "print the version",
	.usage = "",
	.example = "  cleat version\n",
	.run = run,
};
