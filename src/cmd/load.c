/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "cmd/json.h"
#include "cmd/pull.h"
#include "sys/fd.h"

static const char *tag;

static const struct opt options[] = {
	{'t', "tag", "IMAGE", "name to give it", .text = &tag},
};

static int run(int argc, char **argv)
{
	char *names[] = {(char *)(uintptr_t)tag, NULL};
	struct ctl_request r = {.verb = CTL_LOAD,
				.timeout_ms = CTL_TIMEOUT_UNSET,
				.name = argv[0],
				.args = names,
				.n_args = tag ? 1 : 0};
	auto_close int fd = sys_open(AT_FDCWD, argv[0], O_RDONLY | O_DIRECTORY, 0);
	struct err e = {0};

	int rc;

	(void)argc;
	if (fd < 0) {
		err_set(&e, fd, "%s", argv[0]);
		return cmd_fail(&e);
	}
	rc = session_begin(&r, &fd, 1);
	if (rc)
		return rc;
	if (cmd_globals.json)
		json_out_begin(true);
	rc = pull_replies(tag ? tag : argv[0], false);
	if (cmd_globals.json)
		json_out_end();
	return rc;
}

const struct cmd cmd_load = {
	.name = "load",
	.summary = "take an image from a folder (OCI image layout)",
	.usage = "[OPTIONS] DIR",
	.example = "  cleat load -t local/app:1 ./app-layout\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
