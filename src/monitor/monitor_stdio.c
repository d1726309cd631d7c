/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the container outwards: streams, log and drain. monitor_client_io.c has the clients.
 */
#include "monitor/monitor_stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "monitor/monitor_clients.h"
#include "sys/fd.h"

/* reads of one stream in one round of the loop, so that a flood leaves room for everything else */
#define READS_A_ROUND 4

static void close_stream(struct stdio_stream *st)
{
	struct stdio *s = st->stdio;

	if (st->fd < 0)
		return;
	loop_io_fini(&st->io);
	sys_close(take_fd(&st->fd));
	log_writer_end(&s->log, st->log);
}

/* Return: 1 something came; 0 nothing for now, or the stream is closed */
static int read_once(struct stdio_stream *st)
{
	size_t cap;
	char *p = log_writer_space(&st->stdio->log, st->log, &cap);
	ssize_t n = sys_read(st->fd, p, cap);

	if (n == -EAGAIN)
		return 0;
	if (n <= 0) { /* EIO: the last process has left the terminal */
		close_stream(st);
		return 0;
	}
	clients_give(st->stdio, st->log, p, (size_t)n);
	log_writer_take(&st->stdio->log, st->log, (size_t)n);
	return 1;
}

static void on_stream(struct loop_io *io, uint32_t events)
{
	struct stdio_stream *st = io->data;

	(void)events;
	for (int i = 0; i < READS_A_ROUND && st->fd >= 0 && st->io.loop; i++)
		if (!read_once(st))
			break;
}

/* Without a watch rather than with an empty one: epoll reports EPOLLHUP to that as well. */
static void watch_stream(struct stdio_stream *st, bool on)
{
	if (!on)
		loop_io_fini(&st->io);
	else if (st->fd >= 0 && !st->io.loop)
		loop_io_init(&st->io, st->stdio->loop, st->fd, EPOLLIN, on_stream, st);
}

static void finish_drain(struct stdio *s)
{
	stdio_drained_fn *fn = s->drained;

	s->drained = NULL;
	fn(s->drained_data);
}

/* All writers are dead: what is in the pipe now is all there will be. */
static void drain_stream(struct stdio_stream *st)
{
	while (st->fd >= 0 && !clients_hold(st->stdio))
		if (!read_once(st))
			break;
}

static void drain(struct stdio *s)
{
	drain_stream(&s->out);
	drain_stream(&s->err);
	if (!clients_hold(s))
		finish_drain(s);
}

void stdio_flow(struct stdio *s, bool on)
{
	if (on && s->drained) {
		drain(s);
		return;
	}
	watch_stream(&s->out, on);
	watch_stream(&s->err, on);
}

void stdio_drain(struct stdio *s, stdio_drained_fn *fn, void *data)
{
	s->drained = fn;
	s->drained_data = data;
	watch_stream(&s->out, false);
	watch_stream(&s->err, false);
	drain(s);
}

void stdio_init(struct stdio *s, struct loop *l)
{
	/* static memory, zero: only what is not zero is touched */
	s->loop = l;
	s->out = (struct stdio_stream){.stdio = s, .fd = -1, .log = LOG_STDOUT};
	s->err = (struct stdio_stream){.stdio = s, .fd = -1, .log = LOG_STDERR};
	s->in_fd = -1;
}

int stdio_pipes(struct stdio *s, bool stdin_open, int ret_child_fds[3])
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1}, r;

	r = stdin_open ? sys_pipe(in, 0) : 0;
	if (r == 0)
		r = sys_pipe(out, 0);
	if (r == 0)
		r = sys_pipe(err, 0);
	/* ours alone: the container's ends stay blocking */
	if (r == 0 && stdin_open)
		r = sys_set_nonblock(in[1], 1);
	if (r == 0)
		r = sys_set_nonblock(out[0], 1);
	if (r == 0)
		r = sys_set_nonblock(err[0], 1);
	if (r < 0) {
		for (int i = 0; i < 2; i++) {
			sys_close(in[i]);
			sys_close(out[i]);
			sys_close(err[i]);
		}
		return r;
	}
	s->in_fd = in[1];
	s->out.fd = out[0];
	s->err.fd = err[0];
	ret_child_fds[0] = in[0];
	ret_child_fds[1] = out[1];
	ret_child_fds[2] = err[1];
	return 0;
}

int stdio_terminal(struct stdio *s, int master_fd)
{
	int r = sys_set_nonblock(master_fd, 1);

	s->tty = true;
	s->out.fd = master_fd;
	if (r < 0)
		return r;
	/* a descriptor of its own for writing, because epoll takes each only once */
	s->in_fd = sys_dup(master_fd, 3);
	return s->in_fd < 0 ? s->in_fd : 0;
}

char *stdio_message(int fd, char *dst, size_t cap)
{
	ssize_t n = fd < 0 ? 0 : sys_read(fd, dst, cap - 1);
	size_t len = n > 0 ? (size_t)n : 0;

	while (len && (unsigned char)dst[len - 1] <= ' ')
		len--;
	dst[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)dst[i] < ' ')
			dst[i] = ' ';
	return dst;
}

int stdio_begin(struct stdio *s)
{
	watch_stream(&s->out, true);
	watch_stream(&s->err, true);
	return (s->out.fd >= 0 && !s->out.io.loop) || (s->err.fd >= 0 && !s->err.io.loop) ? -ENOMEM
											  : 0;
}

int stdio_resize(struct stdio *s, uint32_t rows, uint32_t columns)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

	if (!s->tty || s->out.fd < 0)
		return -ENOTTY;
	return sys_ioctl(s->out.fd, TIOCSWINSZ, &size);
}

void stdio_fini(struct stdio *s)
{
	for (size_t i = 0; i < CONFIG_MONITOR_CLIENTS; i++)
		if (s->clients[i].used)
			stdio_detach(s, s->clients[i].id);
	loop_io_fini(&s->in_io);
	sys_close(take_fd(&s->in_fd));
	close_stream(&s->out);
	close_stream(&s->err);
	log_writer_close(&s->log);
}
