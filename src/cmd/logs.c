/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log is read here, from the container's own folder, whose descriptor the engine hands over: it
 * never passes through the engine.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "base/num.h"
#include "base/rfc3339.h"
#include "cmd/session.h"
#include "log/follow.h"
#include "loop/loop.h"
#include "sys/fd.h"
#include "sys/proc.h"

#define POLL_MS 500 /* where the kernel has no inotify */

static bool follow, timestamps;
static const char *tail, *since;

static const struct opt options[] = {
	{'f', "follow", NULL, "go on until the container ends", .flag = &follow},
	{'n', "tail", "LINES", "begin with the last lines, or all", .text = &tail},
	{0, "since", "TIME", "only what is newer: 2026-01-02T03:04:05Z, or 10m", .text = &since},
	{'t', "timestamps", NULL, "print the time of each line", .flag = &timestamps},
};

struct show {
	struct log_reader reader;
	struct loop loop;
	struct loop_io engine_io, log_io;
	struct loop_timer timer;
	int dir_fd;
	int status;
};

static struct show show;

static int parse_since(int64_t *ret_s, uint32_t *ret_ns)
{
	uint64_t ms;

	*ret_s = INT64_MIN;
	*ret_ns = 0;
	if (!since)
		return 0;
	if (rfc3339_parse(span_of(since), ret_s, ret_ns) == 0)
		return 0;
	if (num_duration_ms(span_of(since), &ms) == 0) {
		sys_realtime(ret_s, ret_ns);
		*ret_s -= (int64_t)(ms / 1000);
		return 0;
	}
	return num_i64(span_of(since), 0, INT64_MAX,
		       ret_s); /* seconds since 1970, as docker takes them */
}

/* Return: 0; -errno of the log or of our output */
static int print_new(struct show *s)
{
	struct log_entry entry;
	char time[RFC3339_CAP];
	int r;

	while ((r = log_reader_next(&s->reader, &entry)) > 0) {
		FILE *out = entry.stream == LOG_STDERR ? stderr : stdout;

		if (timestamps)
			fprintf(out, "%s ", rfc3339_format(time, entry.s, entry.ns));
		fwrite(entry.text, 1, entry.len, out);
	}
	fflush(stdout);
	return ferror(stdout) ? -EPIPE : r;
}

static void more(struct show *s)
{
	int r = log_reader_wait(&s->reader, 0);

	if (r == 0)
		r = print_new(s);
	if (r < 0)
		loop_stop(&s->loop, 1);
}

static void on_log(struct loop_io *io, uint32_t events)
{
	(void)events;
	more(io->data);
}

static void on_timer(struct loop_timer *t)
{
	more(t->data);
	loop_timer_set(t, POLL_MS);
}

/* DONE: the container has ended and its last lines are written. */
static void on_reply(struct loop_io *io, uint32_t events)
{
	struct show *s = io->data;
	struct ctl_reply reply;
	int r;

	(void)events;
	session_receive(&reply);
	r = session_show(&reply);
	if (r > 0)
		return;
	loop_io_fini(io);
	print_new(s);
	loop_stop(&s->loop, -r);
}

static int follow_log(struct show *s)
{
	int r = loop_init(&s->loop, NULL, 0, NULL, NULL);

	if (r < 0)
		return 1;
	loop_timer_init(&s->timer, &s->loop, on_timer, s);
	r = loop_io_init(&s->engine_io, &s->loop, session_client.fd, EPOLLIN, on_reply, s);
	if (r == 0 && log_reader_fd(&s->reader) >= 0)
		r = loop_io_init(&s->log_io, &s->loop, log_reader_fd(&s->reader), EPOLLIN, on_log,
				 s);
	else
		loop_timer_set(&s->timer, POLL_MS);
	if (r == 0)
		r = loop_run(&s->loop);
	loop_fini(&s->loop);
	return r < 0 ? 1 : r;
}

static int show_log(struct show *s, uint64_t n, int64_t since_s, uint32_t since_ns)
{
	struct err e = {0};
	int rc;

	if (log_reader_open(&s->reader, s->dir_fd, n, since_s, since_ns, follow, &e) < 0)
		return cmd_fail(&e);
	rc = print_new(s) < 0;
	if (!rc && follow)
		rc = follow_log(s);
	log_reader_close(&s->reader);
	if (s->reader.n_damaged)
		cmd_error("%llu damaged lines of the log were left out",
			  (unsigned long long)s->reader.n_damaged);
	return rc;
}

static int run(int argc, char **argv)
{
	struct ctl_request r = {.verb = CTL_LOGS,
				.timeout_ms = CTL_TIMEOUT_UNSET,
				.name = argv[0],
				.flags = follow ? CTL_F_FOLLOW : 0};
	uint64_t n = LOG_TAIL_ALL;
	struct ctl_reply reply;
	uint32_t since_ns;
	int64_t since_s;
	int rc;

	(void)argc;
	if (tail && !str_eq(tail, "all") && num_u64(span_of(tail), UINT64_MAX - 1, &n) < 0)
		return cmd_usage(&cmd_logs, "--tail takes a number or all, not \"%.40s\"", tail);
	if (parse_since(&since_s, &since_ns) < 0)
		return cmd_usage(
			&cmd_logs,
			"--since takes a time such as 2026-01-02T03:04:05Z or 10m, not \"%.60s\"",
			since);
	rc = session_begin(&r, NULL, 0);
	if (rc)
		return rc;
	rc = session_next(&reply);
	if (rc <= 0)
		return -rc;
	if (reply.type != CTL_FD || !reply.n_fds) {
		cmd_error("the engine did not hand over the log");
		session_end();
		return 1;
	}
	show.dir_fd = reply.fds[0];
	rc = show_log(&show, n, since_s, since_ns);
	sys_close(show.dir_fd);
	session_end();
	return rc;
}

const struct cmd cmd_logs = {
	.name = "logs",
	.summary = "print what a container wrote",
	.usage = "[OPTIONS] CONTAINER",
	.example = "  cleat logs -f --tail 20 web\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
