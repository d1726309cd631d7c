/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard input and output are handed to the engine as descriptors: what the container writes goes
 * to the terminal without passing through this process, which only waits, forwards signals and tells
 * the size of the window. The terminal of an exec'd process is the exception: its other end comes back
 * and is copied here.
 */
#include "cmd/attach.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "cmd/session.h"
#include "loop/loop.h"
#include "sys/fd.h"
#include "sys/tty.h"

#define DRAIN_MS 200 /* for what a process wrote just before it ended */

struct attach {
	const struct ctl_request *request;
	struct loop loop;
	struct loop_io engine_io, stdin_io, master_io, stdout_io;
	struct loop_timer drain;
	struct sys_tty tty;
	bool started, ended, raw;
	int master_fd; /* -1 = none */
	int status;
};

static struct attach attach;

static void forward(struct attach *a, enum ctl_verb verb, int sig, uint32_t rows, uint32_t columns)
{
	struct ctl_request r = {.verb = verb,
				.signal = sig,
				.rows = rows,
				.columns = columns,
				.timeout_ms = CTL_TIMEOUT_UNSET};
	struct err ignored = {0};

	(void)a;
	/* when it fails the engine is gone, which the read side reports */
	ctl_call(&session_client, &r, NULL, 0, &ignored);
}

static void tell_size(struct attach *a)
{
	uint32_t rows, columns;

	if (sys_tty_size(0, &rows, &columns) < 0 && sys_tty_size(1, &rows, &columns) < 0)
		return;
	if (a->master_fd >= 0) /* exec: the terminal is ours */
		sys_tty_set_size(a->master_fd, rows, columns);
	else
		forward(a, CTL_RESIZE, 0, rows, columns);
}

static void on_signal(struct loop *l, int sig, void *data)
{
	struct attach *a = data;

	if (sig == SIGWINCH) {
		if (a->started && (a->request->flags & CTL_F_TTY))
			tell_size(a);
	} else if (a->started && !a->ended) {
		forward(a, CTL_KILL, sig, 0, 0);
	} else {
		loop_stop(l, 128 + sig); /* nothing runs yet: give up waiting */
	}
}

static void make_raw(struct attach *a)
{
	if (!(a->request->flags & CTL_F_TTY))
		return;
	if ((a->request->flags & CTL_F_STDIN) && sys_tty_raw(&a->tty, 0, false) == 0)
		a->raw = true;
	tell_size(a);
}

static void stop_copying(struct attach *a)
{
	loop_io_fini(&a->stdin_io);
	loop_io_fini(&a->master_io);
	sys_close(take_fd(&a->master_fd));
}

static void on_keys(struct loop_io *io, uint32_t events)
{
	struct attach *a = io->data;
	char buf[1024];
	ssize_t n = sys_read(0, buf, sizeof(buf));

	(void)events;
	if (n <= 0 || sys_write_all(a->master_fd, buf, (size_t)n) < 0)
		loop_io_fini(io);
}

static void on_screen(struct loop_io *io, uint32_t events)
{
	struct attach *a = io->data;
	char buf[4000];
	ssize_t n = sys_read(a->master_fd, buf, sizeof(buf));

	(void)events;
	if (n > 0 && sys_write_all(1, buf, (size_t)n) == 0)
		return;
	stop_copying(a); /* the last process on it has ended (EIO) */
	if (a->ended)
		loop_stop(&a->loop, a->status);
}

static void take_master(struct attach *a, struct ctl_reply *reply)
{
	if (a->master_fd >= 0 || !reply->n_fds)
		return;
	a->master_fd = take_fd(&reply->fds[0]);
	a->started = true;
	make_raw(a);
	if (a->request->flags & CTL_F_STDIN)
		loop_io_init(&a->stdin_io, &a->loop, 0, EPOLLIN, on_keys, a);
	loop_io_init(&a->master_io, &a->loop, a->master_fd, EPOLLIN, on_screen, a);
}

static void on_drained(struct loop_timer *t)
{
	struct attach *a = t->data;

	loop_stop(&a->loop, a->status);
}

/*
 * The connection is over. What is still in a terminal is shown first, but its end is not waited for: a
 * process in the background may hold it open.
 */
static void finish(struct attach *a, int status)
{
	loop_io_fini(&a->stdin_io);
	a->status = status;
	a->ended = true;
	if (a->master_fd < 0)
		loop_stop(&a->loop, status);
	else
		loop_timer_set(&a->drain, DRAIN_MS);
}

static void on_reply(struct loop_io *io, uint32_t events)
{
	struct attach *a = io->data;
	struct ctl_reply reply;
	int r;

	(void)events;
	/* the text of an error must not be printed on a raw terminal */
	session_receive(&reply);
	if (reply.type == CTL_ERROR || reply.type == CTL_DONE) {
		loop_io_fini(io);
		sys_tty_restore(&a->tty);
	}
	r = session_show(&reply);
	if (r <= 0) {
		finish(a, r < 0 ? -r : a->status);
		return;
	}
	if (reply.type == CTL_STARTED && !a->started) {
		a->started = true;
		make_raw(a);
	} else if (reply.type == CTL_EXIT) {
		a->status = reply.exit_code & 0xff;
	} else if (reply.type == CTL_FD) {
		take_master(a, &reply);
	}
	for (size_t i = 0; i < reply.n_fds; i++)
		sys_close(reply.fds[i]);
}

/* `cleat run ... | head`: as for a program that writes there itself; the container goes on */
static void on_stdout_gone(struct loop_io *io, uint32_t events)
{
	struct attach *a = io->data;

	if (events & (EPOLLERR | EPOLLHUP))
		loop_stop(&a->loop, 128 + SIGPIPE);
}

int attach_check_tty(bool tty, bool input)
{
	if (!tty || !input || sys_tty_is(0))
		return 0;
	cmd_error("the input device is not a terminal: leave out -t, or -i");
	return 1;
}

int attach_run(const struct ctl_request *r)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
	struct attach *a = &attach;
	int fds[3], rc;
	size_t n = 0;

	*a = (struct attach){.request = r, .master_fd = -1, .tty = {.fd = -1}};
	for (int fd = 0; fd < 3; fd++)
		if (r->stdio & (1u << fd))
			fds[n++] = fd;
	fflush(stdout);
	rc = loop_init(&a->loop, signals, ARRAY_LEN(signals), on_signal, a);
	if (rc < 0) {
		cmd_error("event loop: %s", err_name(rc));
		return 1;
	}
	loop_timer_init(&a->drain, &a->loop, on_drained, a);
	rc = session_begin(r, fds, n);
	if (rc == 0)
		rc = loop_io_init(&a->engine_io, &a->loop, session_client.fd, EPOLLIN, on_reply, a);
	if (rc == 0 && (r->stdio & (1u << 1)))
		loop_io_init(&a->stdout_io, &a->loop, 1, 0, on_stdout_gone,
			     a); /* a file has no other end: -EPERM */
	if (rc == 0)
		rc = loop_run(&a->loop);
	loop_io_fini(&a->stdout_io);
	sys_tty_restore(&a->tty);
	stop_copying(a);
	session_end();
	loop_fini(&a->loop);
	return rc < 0 ? 1 : rc;
}
