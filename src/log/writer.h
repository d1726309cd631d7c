/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "log/entry.h"

/*
 * A container's log, written as Docker's json-file driver does. The container's output is read into
 * the writer's own memory and cut into lines there. Nothing here fails: what the disk does not take
 * is counted, and a record says so when there is room again, because a full disk must neither block
 * nor kill a container.
 */

#define LOG_OUT_CAP 4096

struct log_writer {
	int dir_fd, fd;	    /* dir_fd is the caller's */
	uint64_t max_bytes; /* of a file; 0 = no rotation */
	uint32_t max_files; /* current one included */
	uint64_t disk;	    /* length of the current file */
	uint64_t whole;	    /* of it, up to the end of the last whole record */
	uint64_t lost;	    /* records that are nowhere, not yet told */
	uint64_t telling;   /* of those, told by a record that is still in `out` */
	uint32_t n_out;	    /* records begun since `whole` */
	bool dropping;	    /* the record being written has already failed */
	size_t out_len;
	size_t line_len[2]; /* by enum log_stream: what came of a line that is not complete */
	char out[LOG_OUT_CAP];
	char line[2][LOG_TEXT_MAX];
};

/**
 * log_writer_open() - continue or begin the log in a directory
 * @dir_fd: not O_PATH; must stay open
 *
 * Return: 0; -errno of opening the current file (the writer can be used all the same: it tries again with each
 * record).
 */
int log_writer_open(struct log_writer *w, int dir_fd, uint64_t max_bytes, uint32_t max_files,
		    struct err *e);

/** log_writer_space() - where to read the container's output to. @ret_cap: room there, at least 1 */
char *log_writer_space(struct log_writer *w, enum log_stream stream, size_t *ret_cap);

/** log_writer_take() - @n bytes were put there: complete lines go to the file before it returns */
void log_writer_take(struct log_writer *w, enum log_stream stream, size_t n);

/** log_writer_end() - the stream is over: what is left of a line becomes a record */
void log_writer_end(struct log_writer *w, enum log_stream stream);
void log_writer_close(struct log_writer *w);
