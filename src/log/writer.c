/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records are collected in a small buffer and written once per read from the container. Invariant of
 * the file: up to `whole` it consists of complete records. When a write fails, whatever came behind
 * that is cut off again and counted as lost; so a reader never meets half a record but after a power
 * cut, and a writer that continues such a file begins on a new line.
 */
#include "log/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/rfc3339.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/proc.h"

#define NAME_CAP 24
#define CHUNK	 512 /* bytes of text escaped at one time: at most 6 * CHUNK of output */

_Static_assert(6 * CHUNK < LOG_OUT_CAP, "a chunk's escaped form must fit the buffer");

static const char *file_name(char dst[static NAME_CAP], uint32_t number)
{
	if (number)
		snprintf(dst, NAME_CAP, LOG_FILE_NAME ".%u", number);
	else
		memcpy(dst, LOG_FILE_NAME, sizeof(LOG_FILE_NAME));
	return dst;
}

/* Whatever a power cut left without a newline stays a line of its own. */
static void end_torn_record(struct log_writer *w)
{
	char last = '\n';

	if (w->disk && sys_pread(w->fd, &last, 1, (off_t)w->disk - 1) == 1 && last != '\n' &&
	    sys_write_all(w->fd, "\n", 1) == 0)
		w->disk++;
	w->whole = w->disk;
}

static int open_file(struct log_writer *w)
{
	struct stat st;
	int r;

	w->fd = sys_open(w->dir_fd, LOG_FILE_NAME, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
	if (w->fd < 0)
		return w->fd;
	r = sys_stat(w->fd, &st);
	if (r == 0 && !S_ISREG(st.st_mode))
		r = -EINVAL;
	if (r < 0) {
		sys_close(take_fd(&w->fd));
		return r;
	}
	w->disk = (uint64_t)st.st_size;
	end_torn_record(w);
	return 0;
}

static void flush(struct log_writer *w, bool at_end)
{
	int r;

	if (!w->out_len && !w->n_out && !w->telling)
		return;
	r = w->fd < 0 ? open_file(w) : 0;
	if (r == 0 && w->out_len)
		r = sys_write_all(w->fd, w->out, w->out_len);
	if (r == 0) {
		w->disk += w->out_len;
		if (at_end) {
			w->whole = w->disk;
			w->n_out = 0;
			w->lost -= w->telling;
			w->telling = 0;
		}
	} else {
		w->lost += w->n_out;
		w->n_out = 0;
		w->telling = 0;
		w->dropping = !at_end;
		if (w->fd >= 0) {
			sys_truncate(w->fd, (off_t)w->whole);
			w->disk = w->whole;
		}
	}
	w->out_len = 0;
}

static void put(struct log_writer *w, const char *data, size_t len)
{
	if (w->dropping)
		return;
	if (len > sizeof(w->out) - w->out_len)
		flush(w, false);
	if (w->dropping)
		return;
	memcpy(w->out + w->out_len, data, len);
	w->out_len += len;
}

/* A sequence of UTF-8 must not be cut by the chunks: at most three bytes are left for the next. */
static size_t chunk_len(const char *text, size_t len)
{
	size_t n = CHUNK;

	if (len <= CHUNK)
		return len;
	while (n > CHUNK - 3 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void put_escaped(struct log_writer *w, const char *text, size_t len)
{
	char mem[6 * CHUNK + 3];
	struct buf b;

	while (len) {
		size_t n = chunk_len(text, len);

		buf_init(&b, mem, sizeof(mem));
		buf_json_n(&b, text, n);
		put(w, b.p + 1, b.len - 2); /* without the quotes */
		text += n;
		len -= n;
	}
}

static void put_record(struct log_writer *w, enum log_stream stream, const char *text, size_t len,
		       bool newline)
{
	char time[RFC3339_CAP], tail[128];
	int64_t s;
	uint32_t ns;
	int n;

	sys_realtime(&s, &ns);
	rfc3339_format(time, s, ns);
	n = snprintf(tail, sizeof(tail), "%s\",\"stream\":\"%s\",\"time\":\"%s\"}\n",
		     newline ? "\\n" : "", stream == LOG_STDERR ? "stderr" : "stdout", time);
	put(w, "{\"log\":\"", 8);
	put_escaped(w, text, len);
	put(w, tail, (size_t)n);
	w->dropping = false;
}

static void rotate(struct log_writer *w)
{
	char from[NAME_CAP], to[NAME_CAP];

	flush(w, true);
	if (w->fd < 0 || w->disk < w->max_bytes)
		return;
	for (uint32_t i = w->max_files - 1; i > 0; i--)
		sys_rename(w->dir_fd, file_name(from, i - 1), w->dir_fd, file_name(to, i), 0);
	if (w->max_files == 1)
		sys_unlink(w->dir_fd, LOG_FILE_NAME, 0);
	sys_close(take_fd(&w->fd));
	open_file(w); /* if it fails, the next flush tries again */
}

static void tell_loss(struct log_writer *w)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "cleat: %llu lines lost", (unsigned long long)w->lost);

	put_record(w, LOG_STDERR, text, (size_t)n, true);
	w->telling = w->lost;
}

static void record(struct log_writer *w, enum log_stream stream, const char *text, size_t len,
		   bool newline)
{
	if (w->max_bytes && w->disk + w->out_len >= w->max_bytes)
		rotate(w);
	if (w->lost && !w->telling)
		tell_loss(w);
	w->n_out++;
	put_record(w, stream, text, len, newline);
}

int log_writer_open(struct log_writer *w, int dir_fd, uint64_t max_bytes, uint32_t max_files,
		    struct err *e)
{
	int r;

	/* not memset: the lines' pages are not touched until they are needed */
	w->dir_fd = dir_fd;
	w->max_bytes = max_bytes;
	w->max_files = max_files < 1 ? 1 : max_files > LOG_MAX_FILES ? LOG_MAX_FILES : max_files;
	w->disk = w->whole = w->lost = w->telling = 0;
	w->n_out = 0;
	w->dropping = false;
	w->out_len = 0;
	w->line_len[LOG_STDOUT] = w->line_len[LOG_STDERR] = 0;
	r = open_file(w);
	return r < 0 ? err_set(e, r, "open the log file " LOG_FILE_NAME) : 0;
}

char *log_writer_space(struct log_writer *w, enum log_stream stream, size_t *ret_cap)
{
	*ret_cap = LOG_TEXT_MAX - w->line_len[stream];
	return w->line[stream] + w->line_len[stream];
}

void log_writer_take(struct log_writer *w, enum log_stream stream, size_t n)
{
	size_t from = w->line_len[stream], end = from + n, start = 0;
	char *text = w->line[stream], *newline;

	while ((newline = memchr(text + from, '\n', end - from))) {
		size_t at = (size_t)(newline - text);

		record(w, stream, text + start, at - start, true);
		start = from = at + 1;
	}
	if (start == 0 && end == LOG_TEXT_MAX) {
		record(w, stream, text, end, false); /* a part of a line, as Docker cuts it */
		start = end;
	}
	w->line_len[stream] = end - start;
	if (start && end > start)
		memmove(text, text + start, end - start);
	if (w->out_len)
		flush(w, true);
}

void log_writer_end(struct log_writer *w, enum log_stream stream)
{
	if (w->line_len[stream])
		record(w, stream, w->line[stream], w->line_len[stream], false);
	w->line_len[stream] = 0;
	flush(w, true);
}

void log_writer_close(struct log_writer *w)
{
	log_writer_end(w, LOG_STDOUT);
	log_writer_end(w, LOG_STDERR);
	if (w->lost) { /* the last chance to say so */
		tell_loss(w);
		flush(w, true);
	}
	sys_close(take_fd(&w->fd));
}
