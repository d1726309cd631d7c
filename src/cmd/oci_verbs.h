/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "cmd/oci_opts.h"
#include "runtime/runtime.h"

struct oci_cmd;

/** struct oci_verb - a row of the table in oci_main.c; argv of main() starts behind the name */
struct oci_verb {
	const char *name, *args, *help;
	int (*main)(struct oci_cmd *c, int argc, char **argv);
	bool enters;	    /* comes near a container: our file is protected first */
	bool stop_at_first; /* what follows the first word belongs to a command */
};

/** struct oci_cmd - what the global options say */
struct oci_cmd {
	const char *root, *log, *cgroup_manager, *rootless;
	bool log_json, debug, systemd;
	const struct oci_verb *verb;
	int status; /* of a verb that oci_words() ends */
	struct runtime rt;
};

/** oci_tell() - to stderr and the log file. @level: "error", "warning" */
void oci_tell(const struct oci_cmd *c, const char *level, const char *text);

/* Return: exit status */
int oci_create_main(struct oci_cmd *c, int argc, char **argv);
int oci_start_main(struct oci_cmd *c, int argc, char **argv);
int oci_run_main(struct oci_cmd *c, int argc, char **argv);
int oci_state_main(struct oci_cmd *c, int argc, char **argv);
int oci_kill_main(struct oci_cmd *c, int argc, char **argv);
int oci_delete_main(struct oci_cmd *c, int argc, char **argv);
int oci_pause_main(struct oci_cmd *c, int argc, char **argv);
int oci_resume_main(struct oci_cmd *c, int argc, char **argv);
int oci_update_main(struct oci_cmd *c, int argc, char **argv);
int oci_events_main(struct oci_cmd *c, int argc, char **argv);
int oci_ps_main(struct oci_cmd *c, int argc, char **argv);
int oci_exec_main(struct oci_cmd *c, int argc, char **argv);
int oci_list_main(struct oci_cmd *c, int argc, char **argv);
int oci_checkpoint_main(struct oci_cmd *c, int argc, char **argv);
int oci_restore_main(struct oci_cmd *c, int argc, char **argv);
int oci_features_main(struct oci_cmd *c, int argc, char **argv);
int oci_spec_main(struct oci_cmd *c, int argc, char **argv);

/**
 * oci_words() - the options of the verb that runs; @min to @max (-1: any number) other words are wanted
 *
 * Return: how many there are, now in front of argv; -1: help was printed or a mistake told, c->status
 * is the exit status.
 */
int oci_words(struct oci_cmd *c, int argc, char **argv, const struct oci_opt *opts, int min,
	      int max);

/** oci_usage() - a mistake in the command line. Return: 1, as runc */
int oci_usage(const struct oci_cmd *c, const struct err *e);

/** oci_fail() - tell and give the exit status: @status, or if 0 runc's: 255 of exec, 1 of the others */
int oci_fail(struct oci_cmd *c, const struct err *e, int status);

/**
 * oci_fds() - the descriptors from 3 on that the caller wants passed on; to be asked before any of ours is open
 * @listen:   these must be there
 * @preserve: as many behind them, or up to the last one that is there, with a warning; a gap is an error
 */
int oci_fds(const struct oci_cmd *c, uint32_t listen, uint32_t *preserve, struct err *e);

/** oci_find_program() - the first of this @name in an absolute folder of PATH. Return: 0; -ENOENT */
int oci_find_program(const char *name, char *ret_path, size_t cap);

/** oci_format() - "table" or "json". Return: 0; -1 a mistake was told */
int oci_format(struct oci_cmd *c, const char *format, bool *ret_json);

/** oci_indent() - @json, as the writers make it, with lines and tabs for people */
void oci_indent(struct buf *to, struct span json);

/** oci_systemd() - the socket of the systemd that makes cgroups, NULL if that is not asked for. Return: 0; -EOPNOTSUPP there is none */
int oci_systemd(const struct oci_cmd *c, const char **ret_socket, struct err *e);

/** oci_number() - the value of an option, 0 if @text is NULL */
int oci_number(const char *name, const char *text, uint32_t max, uint32_t *ret, struct err *e);
