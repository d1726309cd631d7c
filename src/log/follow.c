/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the reader is in the sequence of files is not remembered as a number, which every rotation
 * changes, but found out by inode when the end of a file is reached: the file that follows is the
 * one whose name is one lower. A file that has been rotated away gets no more records, so it is read
 * once more after that was seen, and then left.
 */
#include "log/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sys/fd.h"
#include "sys/watch.h"

#define NAME_CAP     24
#define BLOCK	     2048
#define POLL_STEP_MS 250 /* without inotify */

static const char *file_name(char dst[static NAME_CAP], uint32_t number)
{
	if (number)
		snprintf(dst, NAME_CAP, LOG_FILE_NAME ".%u", number);
	else
		memcpy(dst, LOG_FILE_NAME, sizeof(LOG_FILE_NAME));
	return dst;
}

static int open_number(const struct log_reader *r, uint32_t number)
{
	char name[NAME_CAP];

	return sys_open(r->dir_fd, file_name(name, number), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
}

/* Return: offset behind the @want + 1st newline from the end, *ret_have the newlines seen; -errno */
static off_t seek_back(int fd, uint64_t want, uint64_t *ret_have)
{
	off_t at = sys_seek(fd, 0, SEEK_END);
	char block[BLOCK];
	uint64_t have = 0;

	while (at > 0) {
		size_t n = at < BLOCK ? (size_t)at : BLOCK;
		ssize_t got;

		at -= (off_t)n;
		got = sys_pread(fd, block, n, at);
		if (got < 0)
			return (off_t)got;
		for (size_t i = (size_t)got; i > 0; i--) {
			if (block[i - 1] != '\n')
				continue;
			if (have == want) {
				*ret_have = have;
				return at + (off_t)i;
			}
			have++;
		}
	}
	*ret_have = have;
	return at < 0 ? at : 0;
}

static int go_to_tail(struct log_reader *r, uint64_t tail)
{
	for (uint32_t number = 0; number <= LOG_MAX_FILES; number++) {
		int fd = open_number(r, number);
		uint64_t have = 0;
		off_t at;

		if (fd < 0) /* the file before was the oldest: it is read from its start */
			return fd == -ENOENT ? 0 : fd;
		sys_close(r->fd);
		r->fd = fd;
		if (tail == LOG_TAIL_ALL)
			continue;
		at = tail ? seek_back(fd, tail, &have) : sys_seek(fd, 0, SEEK_END);
		if (at < 0)
			return (int)at;
		sys_seek(fd, at, SEEK_SET);
		if (have >= tail)
			return 0;
		tail -= have;
	}
	return 0;
}

int log_reader_open(struct log_reader *r, int dir_fd, uint64_t tail, int64_t since_s,
		    uint32_t since_ns, bool follow, struct err *e)
{
	int x;

	r->dir_fd = dir_fd;
	r->fd = r->notify_fd = -1;
	r->skipping = false;
	r->since_s = since_s;
	r->since_ns = since_ns;
	r->n_damaged = 0;
	r->pos = r->len = 0;
	/* before the first look at the files, so that no change between is missed */
	if (follow)
		r->notify_fd = sys_notify_dir(dir_fd);
	x = go_to_tail(r, tail);
	if (x < 0) {
		log_reader_close(r);
		return err_set(e, x, "open the log");
	}
	return 0;
}

void log_reader_close(struct log_reader *r)
{
	sys_close(take_fd(&r->fd));
	sys_close(take_fd(&r->notify_fd));
}

/* Return: the number under which the current file is found now; -ENOENT it is gone */
static int current_number(const struct log_reader *r, uint32_t *ret_oldest)
{
	struct stat ours, st;
	char name[NAME_CAP];
	int found = -ENOENT;

	*ret_oldest = 0;
	if (sys_stat(r->fd, &ours) < 0)
		return -ENOENT;
	for (uint32_t i = 0; i <= LOG_MAX_FILES; i++) {
		if (sys_statat(r->dir_fd, file_name(name, i), &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (i == 0)
				continue; /* between rename and creation */
			break;
		}
		*ret_oldest = i;
		if (st.st_ino == ours.st_ino && st.st_dev == ours.st_dev)
			found = (int)i;
	}
	return found;
}

/* At the end of the file. Return: 1 there may be more to read now; 0 no; -errno */
static int next_file(struct log_reader *r, bool *again)
{
	uint32_t oldest;
	int number, fd;

	if (r->fd < 0) {
		fd = open_number(r, 0);
		r->fd = fd;
		return fd == -ENOENT ? 0 : fd < 0 ? fd : 1;
	}
	number = current_number(r, &oldest);
	if (number == 0)
		return 0;
	if (!*again) { /* it is rotated: what was written before that may have come since */
		*again = true;
		return 1;
	}
	fd = open_number(r, number > 0 ? (uint32_t)number - 1 : oldest);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	sys_close(r->fd);
	r->fd = fd;
	r->pos = r->len = 0; /* a record without its end never gets one */
	r->skipping = false;
	*again = false;
	return 1;
}

/* Return: 1 bytes came; 0 no more for now; -errno */
static int fill(struct log_reader *r)
{
	bool again = false;
	ssize_t n;
	int x;

	if (r->pos) {
		memmove(r->buf, r->buf + r->pos, r->len - r->pos);
		r->len -= r->pos;
		r->pos = 0;
	}
	if (r->len == sizeof(r->buf)) {
		r->len = 0;
		r->n_damaged += !r->skipping;
		r->skipping = true;
	}
	for (;;) {
		n = r->fd < 0 ? 0 : sys_read(r->fd, r->buf + r->len, sizeof(r->buf) - r->len);
		if (n < 0)
			return (int)n;
		r->len += (size_t)n;
		if (n > 0)
			return 1;
		x = next_file(r, &again);
		if (x <= 0)
			return x;
	}
}

static bool wanted(const struct log_reader *r, const struct log_entry *e)
{
	return e->s > r->since_s || (e->s == r->since_s && e->ns >= r->since_ns);
}

int log_reader_next(struct log_reader *r, struct log_entry *ret_entry)
{
	for (;;) {
		char *line = r->buf + r->pos, *end;
		size_t len;
		bool skip;
		int x;

		end = memchr(line, '\n', r->len - r->pos);
		if (!end) {
			x = fill(r);
			if (x <= 0)
				return x;
			continue;
		}
		len = (size_t)(end - line);
		r->pos += len + 1;
		skip = r->skipping;
		r->skipping = false;
		if (skip)
			continue;
		if (log_entry_parse(line, len, ret_entry) < 0)
			r->n_damaged++;
		else if (wanted(r, ret_entry))
			return 1;
	}
}

int log_reader_wait(struct log_reader *r, int timeout_ms)
{
	bool short_wait = timeout_ms >= 0 && timeout_ms < POLL_STEP_MS;
	int x;

	if (r->notify_fd >= 0) {
		x = sys_poll_one(r->notify_fd, POLLIN, timeout_ms);
		sys_drain(r->notify_fd);
		return x < 0 ? x : 0;
	}
	/* coming back early is allowed: the caller looks and waits again */
	sys_sleep_ms(short_wait ? (unsigned int)timeout_ms : POLL_STEP_MS);
	return 0;
}

int log_reader_fd(const struct log_reader *r)
{
	return r->notify_fd;
}
