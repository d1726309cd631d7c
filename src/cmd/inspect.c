/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/session.h"

static int run(int argc, char **argv)
{
	struct ctl_request r = {.verb = CTL_INSPECT, .timeout_ms = CTL_TIMEOUT_UNSET};
	int worst = 0;

	for (int i = 0; i < argc; i++) {
		int rc;

		r.name = argv[i];
		rc = session_texts(&r, NULL, 0, false);
		worst = rc ? rc : worst;
	}
	return worst;
}

const struct cmd cmd_inspect = {
	.name = "inspect",
	.summary = "everything about a container or an image, as JSON",
	.usage = "CONTAINER|IMAGE...",
	.example = "  cleat inspect web\n",
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
