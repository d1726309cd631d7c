/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/session.h"

static bool force;

static const struct opt options[] = {
	{'f', "force", NULL, "also if a container uses it, or it has several names",
	 .flag = &force},
};

static int run(int argc, char **argv)
{
	struct ctl_request r = {
		.verb = CTL_RMI, .timeout_ms = CTL_TIMEOUT_UNSET, .flags = force ? CTL_F_FORCE : 0};
	int worst = 0;

	for (int i = 0; i < argc; i++) {
		int rc;

		r.name = argv[i];
		rc = session_texts(&r, NULL, 0, true);
		worst = rc ? rc : worst;
	}
	return worst;
}

const struct cmd cmd_rmi = {
	.name = "rmi",
	.summary = "remove images",
	.usage = "[OPTIONS] IMAGE...",
	.example = "  cleat rmi nginx:1.26\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
