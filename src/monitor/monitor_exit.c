/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exit record, one line of "name=value" in fixed order:
 *
 *   code=137 signaled=1 oom=0 started=1700000000 finished=1700000100.000000001 error=
 *
 * The error is the rest of the line, control bytes replaced. Written by rename, so it is whole or absent.
 */
#include <errno.h>

#include "base/num.h"
#include "base/str.h"
#include "file/durable.h"
#include "monitor/monitor.h"

#define RECORD_NAME "exit"
#define RECORD_MAX  512

int monitor_exit_write(int run_dir_fd, const struct monitor_exit *x, struct err *e)
{
	char line[RECORD_MAX], error[sizeof(x->error)];
	int n;

	str_copy(error, sizeof(error), x->error);
	for (char *c = error; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	n = str_printf(line, sizeof(line),
		       "code=%d signaled=%d oom=%d started=%lld finished=%lld.%09u error=%s\n",
		       (int)x->code, x->signaled, x->oom, (long long)x->started_s,
		       (long long)x->finished_s, (unsigned int)x->finished_ns, error);
	if (n < 0)
		return err_set(e, n, "exit record");
	return durable_write(run_dir_fd, RECORD_NAME, line, (size_t)n, 0600, e);
}

/* The value of @name, which must come next in @rest. Empty if it does not; a number parser refuses that. */
static struct span field(struct span *rest, const char *name)
{
	struct span text, key, value;
	bool found;

	text = span_cut(*rest, ' ', rest, &found);
	key = span_cut(text, '=', &value, &found);
	return found && span_eq(key, name) ? value : (struct span){"", 0};
}

static int parse(struct span s, struct monitor_exit *ret)
{
	struct monitor_exit x = {0};
	int64_t code = 0, started = 0, finished = 0;
	uint32_t signaled = 0, oom = 0;
	struct span seconds, ns, key;
	bool found;
	int r;

	r = num_i64(field(&s, "code"), 0, 255, &code);
	r = r < 0 ? r : num_u32(field(&s, "signaled"), 1, &signaled);
	r = r < 0 ? r : num_u32(field(&s, "oom"), 1, &oom);
	r = r < 0 ? r : num_i64(field(&s, "started"), 0, INT64_MAX, &started);
	if (r < 0)
		return r;
	seconds = span_cut(field(&s, "finished"), '.', &ns, &found);
	r = num_i64(seconds, 0, INT64_MAX, &finished);
	r = r < 0 ? r : num_u32(ns, 999999999, &x.finished_ns);
	if (r < 0)
		return r;
	key = span_cut(s, '=', &s, &found);
	if (!found || !span_eq(key, "error") || !s.len || s.p[s.len - 1] != '\n')
		return -EINVAL;
	r = str_copy_n(x.error, sizeof(x.error), s.p, s.len - 1);
	if (r < 0)
		return r;
	x.code = (int32_t)code;
	x.signaled = signaled;
	x.oom = oom;
	x.started_s = started;
	x.finished_s = finished;
	*ret = x;
	return 0;
}

int monitor_exit_read(int run_dir_fd, struct monitor_exit *ret_exit, struct err *e)
{
	char text[RECORD_MAX];
	ssize_t n = file_read(run_dir_fd, RECORD_NAME, text, sizeof(text), e);

	if (n < 0)
		return (int)n;
	if (parse((struct span){text, (size_t)n}, ret_exit) < 0)
		return err_text(e, -EBADMSG, "the exit record is malformed");
	return 0;
}
