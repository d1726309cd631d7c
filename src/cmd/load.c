/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "cmd/json.h"
#include "cmd/pull.h"
#include "sys/fd.h"
#include "sys/tty.h"

static const char *tag, *only, *input;
static bool quiet;

static const struct opt options[] = {
	{'t', "tag", "IMAGE", "name to give it; none is taken from the archive", .text = &tag},
	{0, "only", "NAME", "which of its images, as the archive calls them", .text = &only},
	{'i', "input", "FILE|DIR", "where from, instead of standard input", .text = &input},
	{'q', "quiet", NULL, "no progress", .flag = &quiet},
};

static int run(int argc, char **argv)
{
	char *names[] = {(char *)(uintptr_t)tag, (char *)(uintptr_t)only, NULL};
	struct ctl_request r = {.verb = CTL_LOAD,
				.timeout_ms = CTL_TIMEOUT_UNSET,
				.flags = quiet || cmd_globals.json ? CTL_F_QUIET : 0,
				.args = names,
				.n_args = only ? 2 : 1};
	auto_close int fd = -1;
	struct err e = {0};
	int rc;

	if (!tag)
		return cmd_usage(&cmd_load, "the image needs a name: -t NAME");
	if (argc)
		input = argv[0];
	if (!input && sys_tty_is(0))
		return cmd_usage(&cmd_load, "a file or folder is missing");
	if (!input || str_eq(input, "-"))
		input = "/dev/stdin";
	r.name = (char *)(uintptr_t)input;
	fd = str_eq(input, "/dev/stdin") ? sys_dup(0, 3) : sys_open(AT_FDCWD, input, O_RDONLY, 0);
	if (fd < 0) {
		err_set(&e, fd, "%s", input);
		return cmd_fail(&e);
	}
	rc = session_begin(&r, &fd, 1);
	if (rc)
		return rc;
	if (cmd_globals.json)
		json_out_begin(true);
	rc = pull_replies(tag, false);
	if (cmd_globals.json)
		json_out_end();
	return rc;
}

const struct cmd cmd_load = {
	.name = "load",
	.summary = "take an image from an archive (tar) or a folder (OCI image layout)",
	.usage = "-t IMAGE [OPTIONS] [FILE|DIR|-]",
	.example = "  cleat load -t local/app:1 -i app.tar\n",
	.options = OPT_TABLE(options),
	.max_args = 1,
	.run = run,
};
