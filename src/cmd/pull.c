/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/json.h"
#include "cmd/pull.h"
#include "cmd/session.h"

static bool quiet;
static const char *platform;

static const struct opt options[] = {
	{'q', "quiet", NULL, "print only the digest", .flag = &quiet},
	{0, "platform", "OS/ARCH[/VARIANT]", "image for another machine, for instance linux/arm64",
	 .text = &platform},
};

int pull_replies(const char *name, bool only_digest)
{
	struct ctl_reply reply;
	int rc;

	if (cmd_globals.json) {
		json_out_object();
		json_out_str("name", name);
	}
	while ((rc = session_next(&reply)) > 0) {
		if (reply.type != CTL_PAIR)
			continue;
		if (cmd_globals.json)
			json_out_str(reply.pair.key, reply.pair.value);
		else if (str_eq(reply.pair.key, "digest"))
			printf("%s%s%s\n", only_digest ? "" : name, only_digest ? "" : ": ",
			       reply.pair.value);
	}
	fflush(stdout);
	return -rc;
}

static int one(char *image)
{
	struct ctl_request r = {.verb = CTL_PULL,
				.timeout_ms = CTL_TIMEOUT_UNSET,
				.name = image,
				.args = (char **)(uintptr_t)&platform,
				.n_args = platform ? 1 : 0,
				.flags = quiet || cmd_globals.json ? CTL_F_QUIET : 0};
	int rc = session_begin(&r, NULL, 0);

	return rc ? rc : pull_replies(image, quiet);
}

static int run(int argc, char **argv)
{
	int worst = 0;

	if (cmd_globals.json)
		json_out_begin(true);
	for (int i = 0; i < argc; i++) {
		int rc = one(argv[i]);

		worst = rc ? rc : worst;
	}
	if (cmd_globals.json)
		json_out_end();
	return worst;
}

const struct cmd cmd_pull = {
	.name = "pull",
	.summary = "fetch images from their registries",
	.usage = "[OPTIONS] IMAGE...",
	.example = "  cleat pull registry.example.com/team/app:2\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
