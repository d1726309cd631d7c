/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "log/writer.h"
#include "loop/loop.h"

/*
 * A container's stdin, stdout and stderr: two pipes and /dev/null, three pipes, or one pseudo
 * terminal, between the container, its log and the clients attached to it. Everything is
 * non-blocking. While a client has not taken what it was given, nothing more is read from the
 * container, until CONFIG_MONITOR_STALL_MS have passed without progress.
 */

struct stdio;

struct stdio_stream {
	struct stdio *stdio;
	struct loop_io io;
	int fd; /* -1 = closed */
	enum log_stream log;
};

struct stdio_client {
	struct stdio *stdio;
	bool used;
	uint32_t id;
	int in_fd, out_fd, err_fd;
	struct loop_io in_io, out_io; /* out_io: while there is a backlog */
	bool in_always;		      /* a file: readable at any time, not for epoll */
	bool once;		      /* its end of stdin is the container's */
	struct loop_timer stall;
	bool lossy;
	uint64_t lost;
	int backlog_fd; /* out_fd or err_fd */
	size_t backlog_pos, backlog_len;
	char backlog[LOG_TEXT_MAX];
};

typedef void stdio_drained_fn(void *data);

struct stdio {
	struct loop *loop;
	struct log_writer log;
	struct stdio_stream out, err;
	int in_fd; /* -1 = none or closed */
	struct loop_io in_io;
	bool in_watched, in_closing;
	size_t in_pos, in_len;
	char in_buf[4096];
	bool tty;
	stdio_drained_fn *drained;
	void *drained_data;
	struct stdio_client clients[CONFIG_MONITOR_CLIENTS];
};

/** stdio_init() - nothing open yet; the writer is the caller's to open (s->log) */
void stdio_init(struct stdio *s, struct loop *l);

/**
 * stdio_pipes() - make the pipes
 * @ret_child_fds: the container's 0, 1, 2; the caller's to close after the start; -1 = /dev/null
 */
int stdio_pipes(struct stdio *s, bool stdin_open, int ret_child_fds[3]);

/** stdio_terminal() - use a pseudo terminal's master; takes it over, also on error */
int stdio_terminal(struct stdio *s, int master_fd);

/** stdio_message() - what a runtime that failed wrote to stderr. Return: @dst, one line, cut to fit */
char *stdio_message(int fd, char *dst, size_t cap);

/** stdio_begin() - start to read */
int stdio_begin(struct stdio *s);
int stdio_resize(struct stdio *s, uint32_t rows, uint32_t columns); /* -ENOTTY */

/**
 * stdio_attach() - @stdio: MON_ATTACH_* bits; @fds: as many as bits are set
 *
 * Takes the descriptors over, also on error. Terminals and pipes are opened anew, so that the client's
 * own are not made non-blocking.
 *
 * Return: 0; -EINVAL; -EBUSY all CONFIG_MONITOR_CLIENTS places are taken.
 */
int stdio_attach(struct stdio *s, uint32_t id, uint32_t stdio, const int *fds, size_t n_fds);
void stdio_detach(struct stdio *s, uint32_t id);

/**
 * stdio_drain() - the container is gone: @fn is called once, when all it wrote is in the log and with
 * the clients; maybe before this returns
 */
void stdio_drain(struct stdio *s, stdio_drained_fn *fn, void *data);

/** stdio_fini() - close everything; the log too */
void stdio_fini(struct stdio *s);
