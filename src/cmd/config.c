/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/manifest_file.h"
#include "sys/fd.h"

static int run(int argc, char **argv)
{
	struct ctl_request r = {.verb = CTL_CONFIG, .timeout_ms = CTL_TIMEOUT_UNSET};
	auto_close int fd = manifest_file(argc, argv, &r);

	return fd < 0 ? 1 : session_texts(&r, &fd, 1, false);
}

const struct cmd cmd_config = {
	.name = "config",
	.summary = "print a manifest as it is understood",
	.usage = "[FILE|-]",
	.example = "  cleat config compose.yaml\n",
	.max_args = 1,
	.run = run,
};
