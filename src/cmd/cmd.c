/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

struct cmd_globals cmd_globals = {
	.paths = {CTL_DEFAULT_ROOT, CTL_DEFAULT_RUN, CTL_DEFAULT_CONFIG},
};

static bool want_help;
static const struct cmd_hooks *the_hooks;

static const struct opt global_options[] = {
	{0, "root", "DIR", "where images, volumes and containers are kept (" CTL_DEFAULT_ROOT ")",
	 .text = &cmd_globals.paths.root},
	{0, "run", "DIR", "where the engine's sockets are (" CTL_DEFAULT_RUN ")",
	 .text = &cmd_globals.paths.run},
	{0, "config", "DIR", "where manifest, certificates and keys are (" CTL_DEFAULT_CONFIG ")",
	 .text = &cmd_globals.paths.config},
	{0, "json", NULL, "print JSON for programs", .flag = &cmd_globals.json},
	{'h', "help", NULL, "print this help", .flag = &want_help},
};

/* in the order of the help; a NULL ends a group */
static const struct cmd *const verbs[] = {
	&cmd_run,    &cmd_create, &cmd_ps,	&cmd_logs,    &cmd_exec,
	&cmd_attach, &cmd_start,  &cmd_stop,	&cmd_restart, &cmd_kill,
	&cmd_wait,   &cmd_rm,	  NULL,		&cmd_login,   &cmd_logout,
	&cmd_pull,   &cmd_images, &cmd_rmi,	&cmd_tag,     CMD_PUSH &cmd_history,
	&cmd_save,   &cmd_load,	  &cmd_inspect, &cmd_prune,   &cmd_df,
	NULL,	     &cmd_apply,  &cmd_check,	&cmd_config,  NULL,
	&cmd_engine, &cmd_info,	  &cmd_version, &cmd_fsck,    &cmd_poweroff,
	&cmd_reboot,
};

void cmd_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("cleat: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

int cmd_fail(const struct err *e)
{
	cmd_error("%s", e->msg);
	return 1;
}

int cmd_usage(const struct cmd *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("cleat: ", stderr);
	if (c)
		fprintf(stderr, "%s: ", c->name);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (c)
		fprintf(stderr, "\nusage: cleat %s %s\nSee 'cleat %s --help'.\n", c->name, c->usage,
			c->name);
	else
		fputs("\nusage: cleat [OPTIONS] COMMAND\nSee 'cleat --help'.\n", stderr);
	return CMD_EXIT_USAGE;
}

static void help_all(void)
{
	puts("usage: cleat [OPTIONS] COMMAND\n\nContainers on small devices.\n\nCommands:");
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (verbs[i])
			printf("  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
		else
			putchar('\n');
	if (the_hooks->oci)
		printf("  %-10s %s\n", "oci", "be the OCI runtime of another engine");
	if (the_hooks->init)
		printf("  %-10s %s\n", "init", "be PID 1 of a machine");
	puts("\nOptions:");
	opt_help(&OPT_TABLE(global_options));
	puts("\n'cleat COMMAND --help' says more about one command.");
}

static void help_one(const struct cmd *c)
{
	printf("usage: cleat %s %s\n\n%s\n", c->name, c->usage, c->summary);
	if (c->options.n) {
		puts("\nOptions:");
		opt_help(&c->options);
	}
	printf("\nExample:\n%s", c->example);
}

static const struct cmd *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (verbs[i] && str_eq(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

/* docker's "image ls" and the like; what is not here has the second word's name */
static const struct alias {
	const char *group, *word; /* word NULL: any other */
	const struct cmd *cmd;
} aliases[] = {
	{"image", "ls", &cmd_images},
	{"image", "list", &cmd_images},
	{"image", "rm", &cmd_rmi},
	{"image", "prune", &cmd_image_prune},
	{"image", NULL, NULL},
	{"container", "ls", &cmd_ps},
	{"container", "list", &cmd_ps},
	{"container", "prune", &cmd_container_prune},
	{"container", NULL, NULL},
	{"system", "prune", &cmd_prune},
	{"system", "df", &cmd_df},
	{"system", "info", &cmd_info},
	{"volume", "prune", &cmd_volume_prune},
};

/* Return: the verb of two words, or NULL */
static const struct cmd *find_two(const char *group, const char *word)
{
	for (const struct alias *a = aliases; a < aliases + ARRAY_LEN(aliases); a++)
		if (str_eq(a->group, group) && (!a->word || str_eq(a->word, word)))
			return a->cmd ? a->cmd : find(word);
	return NULL;
}

static int run_verb(const struct cmd *c, int argc, char **argv)
{
	const struct opt_table tables[] = {c->options, OPT_TABLE(global_options)};
	struct err e = {0};
	int n = opt_parse(tables, 2, argc, argv, c->stop_at_first, &e);

	if (n < 0)
		return cmd_usage(c, "%s", e.msg);
	if (want_help) {
		help_one(c);
		return 0;
	}
	if (cmd_globals.paths.root[0] != '/' || cmd_globals.paths.run[0] != '/' ||
	    cmd_globals.paths.config[0] != '/')
		return cmd_usage(c, "--root, --run and --config take absolute paths");
	if (n < c->min_args)
		return cmd_usage(c, "an argument is missing");
	if (c->max_args >= 0 && n > c->max_args)
		return cmd_usage(c, "\"%.100s\" is one argument too many", argv[c->max_args]);
	return c->run(n, argv);
}

int cmd_engine_hook(const struct cmd_engine_options *o)
{
	if (the_hooks->engine)
		return the_hooks->engine(o);
	cmd_error("this build has no engine");
	return 1;
}

int cmd_main(int argc, char **argv, const struct cmd_hooks *hooks)
{
	const struct opt_table globals = OPT_TABLE(global_options);
	struct err e = {0};
	const struct cmd *c;
	int n;

	the_hooks = hooks;
	n = opt_parse(&globals, 1, argc - 1, argv + 1, true, &e);
	if (n < 0)
		return cmd_usage(NULL, "%s", e.msg);
	if (n == 0 && want_help) {
		help_all();
		return 0;
	}
	if (n == 0)
		return cmd_usage(NULL, "a command is missing");
	if (hooks->oci && str_eq(argv[1], "oci"))
		return hooks->oci(n - 1, argv + 2);
	if (hooks->init && str_eq(argv[1], "init"))
		return hooks->init(n - 1, argv + 2);
	c = find(argv[1]);
	if (!c && str_eq(argv[1], "help")) {
		c = n > 1 ? find(argv[2]) : NULL;
		c ? help_one(c) : help_all();
		return 0;
	}
	if (!c && n > 1) {
		c = find_two(argv[1], argv[2]);
		argv += c != NULL;
		n -= c != NULL;
	}
	if (!c)
		return cmd_usage(NULL, "unknown command \"%.60s\"", argv[1]);
	return run_verb(c, n - 1, argv + 2);
}
