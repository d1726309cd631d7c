/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "loop/loop.h"

#define HELPER_OUTPUT_MAX (16 * 1024)

/*
 * A credential helper: a program docker-credential-NAME of the machine that keeps passwords. It runs as the engine's
 * user, as it must reach its key store, but without capabilities and without a way to new ones, in a session of its
 * own, with PATH and the engine's environment. What it prints goes to the parse role unread.
 */
struct helper {
	pid_t pid; /* 0 = none */
	char name[64];
	int out_fd, answer_fd; /* pipe; memfd */
	size_t len;
	bool ended, closed;
	struct sys_exit exit;
	struct loop_child child;
	struct loop_io io;
	struct loop_timer timer;
	/* called once; on success @answer_fd holds what was printed, from its start */
	void (*done)(void *data, int answer_fd, const struct err *e);
	void *data;
};

/**
 * helper_start() - run docker-credential-@name @verb
 * @input: for its standard input, at most a pipe's content
 *
 * Whatever happens within CONFIG_HELPER_S ends in done(), from the loop. -ENOENT there: it has no such credentials.
 *
 * Return: 0; -errno, then done() is not called.
 */
int helper_start(struct helper *h, struct loop *loop, const char *name, const char *verb,
		 struct span input, struct err *e);
void helper_cancel(struct helper *h); /* idempotent on a zeroed one */

/** helper_main() - the process that becomes the program: NAME VERB */
int helper_main(int argc, char **argv);
