/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cmd/cmd.h"

/*
 * One connection to the engine for the verbs, which do little more than send a request and show what
 * comes back. Errors are printed here, once.
 */

extern struct ctl_client session_client;

/** session_failure - exit status when the engine cannot be reached or goes away: 1; run makes it 125 */
extern int session_failure;

/** session_config() - --config, if it was given: LOGIN tells an engine with another one. NULL = the default */
char *session_config(void);

/** session_begin() - connect and send. Return: 0; exit status, the error is printed */
int session_begin(const struct ctl_request *r, const int *fds, size_t n_fds);

/** session_next() - next reply that is no PROGRESS (those are shown). Return: 1 a reply; 0 CTL_DONE, the
 *  connection is closed; -exit status after CTL_ERROR or a broken connection, the error is printed */
int session_next(struct ctl_reply *ret_reply);

/** session_receive() - next reply; a broken connection is made a CTL_ERROR */
void session_receive(struct ctl_reply *ret_reply);

/** session_show() - print PROGRESS and ERROR. Return: 1 more will come; 0 and -exit status as session_next() */
int session_show(struct ctl_reply *reply);

/** session_run() - begin, and drop every reply. Return: exit status */
int session_run(const struct ctl_request *r);

/** session_texts() - begin, and print every TEXT: pieces of a document, or a line each. Return: exit status */
int session_texts(const struct ctl_request *r, const int *fds, size_t n_fds, bool lines);

/** session_each() - @r for each of the names, which are printed as it succeeds. Return: exit status */
int session_each(struct ctl_request *r, int argc, char **argv);

void session_end(void);

/** progress_show() - a line on standard error that is overwritten on a terminal */
void progress_show(const struct ctl_progress *p);
void progress_end(void);

/**
 * session_file() - a file or "-" for standard input as a descriptor that can be read from the start
 *
 * Return: fd; -errno with @e.
 */
int session_file(const char *path, struct err *e);
