/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cmd/attach.h"
#include "cmd/session.h"

static bool detach, interactive, tty;
static const char *user, *working_dir;
static struct opt_list env;
static char *env_list[OPT_LIST_MAX];

static const struct opt options[] = {
	{'d', "detach", NULL, "do not wait until it ends", .flag = &detach},
	{'i', "interactive", NULL, "connect standard input", .flag = &interactive},
	{'t', "tty", NULL, "give it a terminal", .flag = &tty},
	{'e', "env", "NAME=VALUE", "set a variable; NAME alone takes it from here", .list = &env},
	{'u', "user", "USER[:GROUP]", "run as this user", .text = &user},
	{'w', "workdir", "DIR", "working directory", .text = &working_dir},
};

/* "NAME" becomes "NAME=value" of our environment, or is left out */
static size_t set_env(void)
{
	size_t n = 0;

	for (size_t i = 0; i < env.n; i++) {
		const char *value = strchr(env.v[i], '=') ? NULL : getenv(env.v[i]);
		size_t cap;

		if (strchr(env.v[i], '=')) {
			env_list[n++] = (char *)(uintptr_t)env.v[i];
			continue;
		}
		if (!value)
			continue;
		cap = strlen(env.v[i]) + strlen(value) + 2;
		env_list[n] = malloc(cap);
		if (env_list[n] && str_printf(env_list[n], cap, "%s=%s", env.v[i], value) >= 0)
			n++;
	}
	return n;
}

static int run(int argc, char **argv)
{
	struct ctl_request r = {
		.verb = CTL_EXEC,
		.timeout_ms = CTL_TIMEOUT_UNSET,
		.name = argv[0],
		.args = argv + 1,
		.n_args = (size_t)argc - 1,
		.env = env_list,
		.user = (char *)(uintptr_t)user,
		.working_dir = (char *)(uintptr_t)working_dir,
	};

	if (r.n_args > CTL_MAX_ARGS)
		return cmd_usage(&cmd_exec, "the command has more than %d words", CTL_MAX_ARGS);
	if (working_dir && working_dir[0] != '/')
		return cmd_usage(&cmd_exec, "--workdir takes an absolute path");
	if (!detach && attach_check_tty(tty, interactive))
		return 1;
	r.n_env = set_env();
	r.flags = (tty ? CTL_F_TTY : 0) | (interactive ? CTL_F_STDIN : 0) |
		  (detach ? CTL_F_DETACH : 0);
	if (detach)
		return session_run(&r);
	if (!tty)
		r.stdio = CTL_STDOUT | CTL_STDERR | (interactive ? CTL_STDIN : 0);
	return attach_run(&r);
}

const struct cmd cmd_exec = {
	.name = "exec",
	.summary = "run a command in a container that runs",
	.usage = "[OPTIONS] CONTAINER COMMAND [ARG...]",
	.example = "  cleat exec -it web sh\n",
	.options = OPT_TABLE(options),
	.min_args = 2,
	.max_args = -1,
	.stop_at_first = true,
	.run = run,
};
