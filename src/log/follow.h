/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "log/entry.h"

/*
 * Reading a container's log while its monitor writes it, across rotations: for `cleat logs`, which
 * gets the log's directory as a descriptor. Records come oldest first; damaged ones are skipped and
 * counted.
 */

#define LOG_TAIL_ALL UINT64_MAX

struct log_reader {
	int dir_fd;    /* the caller's */
	int fd;	       /* current file, -1 = none yet */
	int notify_fd; /* -1 = not following, or no inotify here */
	bool skipping; /* until the end of a record that is too long */
	int64_t since_s;
	uint32_t since_ns;
	uint64_t n_damaged;
	size_t pos, len;
	char buf[LOG_RECORD_MAX];
};

/**
 * log_reader_open() - position the reader
 * @dir_fd:  log directory, not O_PATH; must stay open
 * @tail:    begin with the last @tail records; LOG_TAIL_ALL
 * @since_s: leave out records before this time; INT64_MIN = none
 * @follow:  log_reader_wait() will be used
 *
 * A directory without a log file is not an error.
 *
 * Return: 0; -errno.
 */
int log_reader_open(struct log_reader *r, int dir_fd, uint64_t tail, int64_t since_s,
		    uint32_t since_ns, bool follow, struct err *e);
void log_reader_close(struct log_reader *r);

/** log_reader_next() - @ret_entry: valid until the next call. Return: 1; 0 no more for now; -errno */
int log_reader_next(struct log_reader *r, struct log_entry *ret_entry);

/** log_reader_wait() - until there may be more, at most @timeout_ms (-1 = for ever). Return: 0; -errno */
int log_reader_wait(struct log_reader *r, int timeout_ms);

/** log_reader_fd() - readable when there may be more, for a loop of the caller's: then call
 *  log_reader_wait(r, 0) and log_reader_next() until it returns 0. -1: poll by time */
int log_reader_fd(const struct log_reader *r);
