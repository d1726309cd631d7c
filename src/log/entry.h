/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One record of a container's log, a line of Docker's json-file format:
 *
 *   {"log":"text\n","stream":"stdout","time":"2026-01-02T03:04:05.000000006Z"}
 *
 * A text without "\n" is part of a line that was longer than LOG_TEXT_MAX, or the last of a container
 * that ended without one.
 */

#define LOG_TEXT_MAX (16 * 1024)
/* every byte of the text escaped as \uXXXX, and what surrounds it */
#define LOG_RECORD_MAX (6 * LOG_TEXT_MAX + 256)

#define LOG_FILE_NAME "json.log" /* older ones: json.log.1, json.log.2, ... */
#define LOG_MAX_FILES 99

enum log_stream { LOG_STDOUT, LOG_STDERR };

struct log_entry {
	enum log_stream stream;
	int64_t s; /* since 1970 */
	uint32_t ns;
	const char *text; /* in the caller's line; may hold NUL bytes */
	size_t len;
};

/**
 * log_entry_parse() - one line without its newline
 * @line: decoded in place
 *
 * Unknown members with string values are skipped.
 *
 * Return: 0; -EBADMSG not a record.
 */
int log_entry_parse(char *line, size_t len, struct log_entry *ret_entry);
