/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cmd/opt.h"
#include "msg/ctl.h"

/*
 * The command line: one struct cmd for each verb, in a file of its own; cmd.c finds it, parses its
 * options and calls it. Verbs talk to the engine by the control protocol alone.
 */

/** struct cmd_globals - options before (or, where a verb has none of the name, behind) the verb */
struct cmd_globals {
	struct ctl_paths paths;
	bool json; /* one JSON document on standard output instead of text */
};

extern struct cmd_globals cmd_globals;

struct cmd {
	const char *name, *summary;
	const char *usage;   /* behind "cleat NAME " */
	const char *example; /* whole lines */
	struct opt_table options;
	int min_args, max_args;		   /* max_args -1 = any number */
	bool stop_at_first;		   /* options end at the first argument */
	int (*run)(int argc, char **argv); /* Return: exit status */
};

#define CMD_EXIT_USAGE 2

/** struct cmd_engine_options - "cleat engine" */
struct cmd_engine_options {
	struct ctl_paths paths;
	const char *runtime; /* absolute path of another OCI runtime, NULL = our own */
	bool one_shot;	     /* serve the connection at descriptor 3, then end */
};

/**
 * struct cmd_hooks - verbs that are parts of their own; main.c names them, since cmd/ must not include them
 */
struct cmd_hooks {
	int (*engine)(const struct cmd_engine_options *o);
	int (*oci)(int argc, char **argv); /* arguments behind the word */
	int (*init)(int argc, char **argv);
};

/** cmd_main() - "cleat ..." as people type it. Return: exit status */
int cmd_main(int argc, char **argv, const struct cmd_hooks *hooks);

/** cmd_engine_hook() - become the engine */
int cmd_engine_hook(const struct cmd_engine_options *o);

/** cmd_usage() - what is wrong with the command line, and a hint. Return: CMD_EXIT_USAGE */
int cmd_usage(const struct cmd *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** cmd_error() - "cleat: <text>" on standard error */
void cmd_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** cmd_fail() - an error without a better exit status. Return: 1 */
int cmd_fail(const struct err *e);

extern const struct cmd cmd_apply, cmd_attach, cmd_check, cmd_config, cmd_create, cmd_engine,
	cmd_exec, cmd_fsck, cmd_images, cmd_info, cmd_inspect, cmd_kill, cmd_load, cmd_login,
	cmd_logout, cmd_logs, cmd_poweroff, cmd_ps, cmd_pull, cmd_reboot, cmd_restart, cmd_rm,
	cmd_rmi, cmd_run, cmd_start, cmd_stop, cmd_version, cmd_wait, cmd_tag, cmd_history,
	cmd_save, cmd_prune, cmd_df, cmd_push, cmd_image_prune, cmd_container_prune,
	cmd_volume_prune;

/* an entry of the table of verbs */
#if CONFIG_PUSH
#define CMD_PUSH &cmd_push,
#else
#define CMD_PUSH
#endif
