/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/attach.h"
#include "cmd/flags.h"
#include "cmd/session.h"

static _Alignas(16) char memory[256 * 1024];
static uint8_t encoded[MSG_MAX];

/* the request without stdio; @encoded stays valid. Return: 0; exit status */
static int request(const struct cmd *c, int argc, char **argv, struct ctl_request *r)
{
	struct manifest_service service;
	struct err e = {0};
	struct arena a;
	struct enc enc;

	if (flags.pull && !str_eq(flags.pull, "missing") && !str_eq(flags.pull, "never"))
		return cmd_usage(c, "--pull takes missing or never, not \"%.40s\"", flags.pull);
	arena_init(&a, memory, sizeof(memory));
	if (flags_service(argc, argv, &a, &service, &e) < 0)
		return cmd_usage(c, "%s", e.msg);
	enc_init(&enc, encoded, sizeof(encoded));
	manifest_service_encode(&enc, &service);
	if (!enc_ok(&enc)) {
		cmd_error("%s: arguments and environment are longer than %d bytes", c->name,
			  MSG_MAX);
		return 1;
	}
	*r = (struct ctl_request){.verb = CTL_RUN,
				  .timeout_ms = CTL_TIMEOUT_UNSET,
				  .service = {(const char *)encoded, enc.len}};
	if (flags.rm)
		r->flags |= CTL_F_RM;
	if (flags.tty)
		r->flags |= CTL_F_TTY;
	if (flags.pull && str_eq(flags.pull, "never"))
		r->flags |= CTL_F_NO_PULL;
	if (flags.interactive)
		r->flags |= CTL_F_STDIN;
	return 0;
}

/* run -d and create: print the ID */
static int without_terminal(const struct ctl_request *r)
{
	struct ctl_reply reply;
	int rc = session_begin(r, NULL, 0);

	if (rc)
		return rc;
	while ((rc = session_next(&reply)) > 0)
		if (reply.type == CTL_STARTED)
			puts(reply.started.id);
	return -rc;
}

static int run_run(int argc, char **argv)
{
	struct ctl_request r;
	int rc = request(&cmd_run, argc, argv, &r);

	if (rc == 0 && !flags.detach)
		rc = attach_check_tty(flags.tty, flags.interactive);
	if (rc)
		return rc;
	session_failure = 125; /* docker's "the container could not be made" */
	if (flags.detach) {
		r.flags |= CTL_F_DETACH;
		return without_terminal(&r);
	}
	r.stdio = CTL_STDOUT | CTL_STDERR | (flags.interactive ? CTL_STDIN : 0);
	return attach_run(&r);
}

static int run_create(int argc, char **argv)
{
	struct ctl_request r;
	int rc = request(&cmd_create, argc, argv, &r);

	if (rc)
		return rc;
	r.flags |= CTL_F_CREATE;
	return without_terminal(&r);
}

const struct cmd cmd_run = {
	.name = "run",
	.summary = "create and start a container",
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.example = "  cleat run -d --name web -p 8080:80 -v pages:/srv:ro nginx:1.27\n",
	.options = {flags_run_options, FLAGS_RUN_OPTIONS},
	.min_args = 1,
	.max_args = -1,
	.stop_at_first = true,
	.run = run_run,
};

const struct cmd cmd_create = {
	.name = "create",
	.summary = "create a container without starting it",
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.example = "  cleat create --name job busybox:1.36 sh -c 'date > /tmp/x'\n",
	.options = {flags_create_options, FLAGS_CREATE_OPTIONS},
	.min_args = 1,
	.max_args = -1,
	.stop_at_first = true,
	.run = run_create,
};
