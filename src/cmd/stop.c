/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/session.h"

#include "base/num.h"

static const char *timeout;

static const struct opt options[] = {
	{'t', "time", "SECONDS", "how long to wait before killing it", .text = &timeout},
	{0, "timeout", "SECONDS", "the same", .text = &timeout},
};

static int end_each(const struct cmd *c, enum ctl_verb verb, int argc, char **argv)
{
	struct ctl_request r = {.verb = verb, .timeout_ms = CTL_TIMEOUT_UNSET};
	uint64_t seconds;

	if (timeout) {
		if (num_u64(span_of(timeout), 86400, &seconds) < 0)
			return cmd_usage(c, "--time takes seconds, at most 86400, not \"%.40s\"",
					 timeout);
		r.timeout_ms = (int64_t)seconds * 1000;
	}
	return session_each(&r, argc, argv);
}

static int stop(int argc, char **argv)
{
	return end_each(&cmd_stop, CTL_STOP, argc, argv);
}

static int restart(int argc, char **argv)
{
	return end_each(&cmd_restart, CTL_RESTART, argc, argv);
}

const struct cmd cmd_stop = {
	.name = "stop",
	.summary = "end containers, by force when their time is up",
	.usage = "[OPTIONS] CONTAINER...",
	.example = "  cleat stop -t 30 web\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = -1,
	.run = stop,
};

const struct cmd cmd_restart = {
	.name = "restart",
	.summary = "stop and start containers",
	.usage = "[OPTIONS] CONTAINER...",
	.example = "  cleat restart -t 30 web\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = -1,
	.run = restart,
};
