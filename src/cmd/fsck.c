/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/session.h"

static bool repair;

static const struct opt options[] = {
	{0, "repair", NULL, "remove what does not belong there, fetch again what is damaged",
	 .flag = &repair},
};

static int run(int argc, char **argv)
{
	struct ctl_request r = {.verb = CTL_FSCK,
				.timeout_ms = CTL_TIMEOUT_UNSET,
				.flags = repair ? CTL_F_FORCE : 0};
	struct ctl_reply reply;
	int rc = session_begin(&r, NULL, 0), findings = 0;

	(void)argc;
	(void)argv;
	if (rc)
		return rc;
	while ((rc = session_next(&reply)) > 0) {
		if (reply.type == CTL_TEXT)
			puts(reply.text);
		if (reply.type == CTL_EXIT)
			findings = reply.exit_code;
	}
	if (rc < 0)
		return -rc;
	return findings != 0;
}

const struct cmd cmd_fsck = {
	.name = "fsck",
	.summary = "check all that is stored; exit 1 if something is bad",
	.usage = "[--repair]",
	.example = "  cleat fsck --repair\n",
	.options = OPT_TABLE(options),
	.run = run,
};
