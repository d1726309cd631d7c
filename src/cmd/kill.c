/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/session.h"

#include "base/signame.h"

static const char *signal_name;

static const struct opt options[] = {
	{'s', "signal", "SIGNAL", "name or number (SIGKILL)", .text = &signal_name},
};

static int run(int argc, char **argv)
{
	struct ctl_request r = {.verb = CTL_KILL, .timeout_ms = CTL_TIMEOUT_UNSET};

	if (signal_name) {
		r.signal = signame_parse(span_of(signal_name));
		if (r.signal < 0)
			return cmd_usage(&cmd_kill, "\"%.40s\" is no signal", signal_name);
	}
	return session_each(&r, argc, argv);
}

const struct cmd cmd_kill = {
	.name = "kill",
	.summary = "send a signal to containers",
	.usage = "[OPTIONS] CONTAINER...",
	.example = "  cleat kill -s HUP web\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
