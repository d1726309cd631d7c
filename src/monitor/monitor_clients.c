/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clients of a container's stdio. Outwards each has a backlog of one read; while any is not
 * empty, nothing is read from the container, so it cannot grow. Inwards there is one buffer for all:
 * while it is not empty, no client is read.
 */
#include "monitor/monitor_clients.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "monitor/monitor.h"
#include "sys/fd.h"
#include "sys/watch.h"

static void watch_inputs(struct stdio *s, bool on);

bool clients_hold(const struct stdio *s)
{
	for (size_t i = 0; i < CONFIG_MONITOR_CLIENTS; i++)
		if (s->clients[i].used && s->clients[i].backlog_len)
			return true;
	return false;
}

static void drop_backlog(struct stdio_client *c)
{
	loop_io_fini(&c->out_io);
	loop_timer_fini(&c->stall);
	c->backlog_len = c->backlog_pos = 0;
}

static void close_output(struct stdio_client *c, int *fd)
{
	if (*fd >= 0 && *fd == c->backlog_fd)
		drop_backlog(c);
	sys_close(take_fd(fd));
}

static void resume(struct stdio *s)
{
	if (!clients_hold(s))
		stdio_flow(s, true);
}

static void on_stall(struct loop_timer *t)
{
	struct stdio_client *c = t->data;

	c->lossy = true;
	c->lost += c->backlog_len - c->backlog_pos;
	drop_backlog(c);
	resume(c->stdio);
}

static void on_writable(struct loop_io *io, uint32_t events)
{
	struct stdio_client *c = io->data;
	ssize_t n = sys_write(c->backlog_fd, c->backlog + c->backlog_pos,
			      c->backlog_len - c->backlog_pos);

	(void)events;
	if (n == -EAGAIN)
		return;
	if (n < 0) {
		close_output(c, c->backlog_fd == c->out_fd ? &c->out_fd : &c->err_fd);
		resume(c->stdio);
		return;
	}
	c->backlog_pos += (size_t)n;
	if (c->backlog_pos < c->backlog_len) {
		loop_timer_set(&c->stall, CONFIG_MONITOR_STALL_MS);
		return;
	}
	drop_backlog(c);
	resume(c->stdio);
}

static void keep(struct stdio_client *c, int fd, const char *data, size_t len)
{
	if (CONFIG_MONITOR_STALL_MS == 0 ||
	    loop_io_init(&c->out_io, c->stdio->loop, fd, EPOLLOUT, on_writable, c) < 0) {
		c->lossy = true;
		c->lost += len;
		return;
	}
	memcpy(c->backlog, data, len);
	c->backlog_len = len;
	c->backlog_pos = 0;
	c->backlog_fd = fd;
	loop_timer_set(&c->stall, CONFIG_MONITOR_STALL_MS);
	stdio_flow(c->stdio, false);
}

/* Return: 0 the client reads again, and knows; -EAGAIN it does not */
static int tell_loss(struct stdio_client *c, int fd)
{
	char text[80];
	int n;

	/* a full pipe may have a gap that takes these few bytes: that is not yet a client that reads */
	if (!(sys_poll_one(fd, POLLOUT, 0) & POLLOUT))
		return -EAGAIN;
	n = snprintf(text, sizeof(text), "\r\ncleat: %llu bytes of output lost here\r\n",
		     (unsigned long long)c->lost);

	if (sys_write(fd, text, (size_t)n) < 0)
		return -EAGAIN;
	c->lossy = false;
	c->lost = 0;
	return 0;
}

static void give(struct stdio_client *c, int *fd, const char *data, size_t len)
{
	ssize_t n;

	if (c->lossy && tell_loss(c, *fd) < 0) {
		c->lost += len;
		return;
	}
	n = sys_write(*fd, data, len);
	if (n < 0 && n != -EAGAIN) {
		close_output(c, fd);
		return;
	}
	if (n < 0)
		n = 0;
	if ((size_t)n < len)
		keep(c, *fd, data + n, len - (size_t)n);
}

void clients_give(struct stdio *s, enum log_stream stream, const char *data, size_t len)
{
	for (size_t i = 0; i < CONFIG_MONITOR_CLIENTS; i++) {
		struct stdio_client *c = &s->clients[i];
		int *fd = stream == LOG_STDERR ? &c->err_fd : &c->out_fd;

		if (c->used && *fd >= 0)
			give(c, fd, data, len);
	}
}

/* Inwards -------------------------------------------------------------------------------------- */

static void close_input(struct stdio *s)
{
	loop_io_fini(&s->in_io);
	sys_close(take_fd(&s->in_fd));
	s->in_len = s->in_pos = 0;
	for (size_t i = 0; i < CONFIG_MONITOR_CLIENTS; i++)
		loop_io_fini(&s->clients[i].in_io);
}

/* Return: 0 the buffer is empty; -EAGAIN the container does not read */
static int flush_input(struct stdio *s)
{
	while (s->in_len) {
		ssize_t n = sys_write(s->in_fd, s->in_buf + s->in_pos, s->in_len);

		if (n == -EAGAIN)
			return -EAGAIN;
		if (n < 0) {
			close_input(s); /* EPIPE: the container has closed its stdin */
			return 0;
		}
		s->in_pos += (size_t)n;
		s->in_len -= (size_t)n;
	}
	s->in_pos = 0;
	if (s->in_closing && s->in_fd >= 0)
		close_input(s);
	return 0;
}

static void end_input(struct stdio_client *c)
{
	struct stdio *s = c->stdio;

	loop_io_fini(&c->in_io);
	sys_close(take_fd(&c->in_fd));
	c->in_always = false;
	if (c->once && !s->tty)
		s->in_closing = true;
	flush_input(s);
}

/* Reads one client once; the buffer is empty. */
static void take_input(struct stdio_client *c)
{
	struct stdio *s = c->stdio;
	ssize_t n = sys_read(c->in_fd, s->in_buf, sizeof(s->in_buf));

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		end_input(c);
		return;
	}
	s->in_len = (size_t)n;
	if (flush_input(s) == -EAGAIN)
		watch_inputs(s, false);
}

static void on_client_input(struct loop_io *io, uint32_t events)
{
	(void)events;
	take_input(io->data);
}

static bool any_always(const struct stdio *s)
{
	for (size_t i = 0; i < CONFIG_MONITOR_CLIENTS; i++)
		if (s->clients[i].used && s->clients[i].in_always)
			return true;
	return false;
}

static void on_input_writable(struct loop_io *io, uint32_t events)
{
	struct stdio *s = io->data;

	(void)events;
	if (flush_input(s) == -EAGAIN || s->in_fd < 0)
		return;
	for (size_t i = 0; i < CONFIG_MONITOR_CLIENTS && !s->in_len && s->in_fd >= 0; i++)
		if (s->clients[i].used && s->clients[i].in_always)
			take_input(&s->clients[i]);
	if (!s->in_len && s->in_fd >= 0)
		watch_inputs(s, true);
}

/* on: wait for clients (and for the container, if a client is a file); off: for the container alone */
static void watch_inputs(struct stdio *s, bool on)
{
	bool want_writable = !on || any_always(s);

	for (size_t i = 0; i < CONFIG_MONITOR_CLIENTS; i++) {
		struct stdio_client *c = &s->clients[i];

		if (!c->used || c->in_fd < 0 || c->in_always)
			continue;
		if (!on)
			loop_io_fini(&c->in_io);
		else if (!c->in_io.loop && loop_io_init(&c->in_io, s->loop, c->in_fd, EPOLLIN,
							on_client_input, c) == -EPERM)
			c->in_always = want_writable = true;
	}
	if (!want_writable)
		loop_io_fini(&s->in_io);
	else if (!s->in_io.loop)
		loop_io_init(&s->in_io, s->loop, s->in_fd, EPOLLOUT, on_input_writable, s);
}

/* Coming and going ----------------------------------------------------------------------------- */

/*
 * O_NONBLOCK belongs to the open file, which the client shares with its shell: a terminal or pipe is
 * opened anew. A regular file is not, for its offset; it never says EAGAIN. A socket cannot be.
 */
static int own(int fd, int access)
{
	char path[32];
	struct stat st;
	int again, r = sys_stat(fd, &st);

	if (r < 0 || S_ISREG(st.st_mode))
		return r < 0 ? r : fd;
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		again = sys_open(AT_FDCWD, path, access | O_NONBLOCK | O_NOCTTY, 0);
		if (again >= 0) {
			sys_close(fd);
			return again;
		}
	}
	r = sys_set_nonblock(fd, 1);
	return r < 0 ? r : fd;
}

static struct stdio_client *free_client(struct stdio *s, uint32_t id)
{
	struct stdio_client *place = NULL;

	for (size_t i = 0; i < CONFIG_MONITOR_CLIENTS; i++) {
		struct stdio_client *c = &s->clients[i];

		if (c->used && c->id == id)
			return NULL;
		if (!c->used && !place)
			place = c;
	}
	return place;
}

int stdio_attach(struct stdio *s, uint32_t id, uint32_t stdio, const int *fds, size_t n_fds)
{
	static const uint32_t bits[3] = {MON_ATTACH_STDIN, MON_ATTACH_STDOUT, MON_ATTACH_STDERR};
	struct stdio_client *c = free_client(s, id);
	int three[3] = {-1, -1, -1}, r = c ? 0 : -EBUSY;
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		if (!(stdio & bits[i]))
			continue;
		if (n == n_fds) {
			r = -EINVAL;
			break;
		}
		three[i] = fds[n++];
		if (r == 0) {
			int fd = own(three[i], i == 0 ? O_RDONLY : O_WRONLY);

			r = fd < 0 ? fd : 0;
			three[i] = fd < 0 ? three[i] : fd;
		}
	}
	if (n < n_fds)
		r = -EINVAL;
	if (r < 0) {
		for (size_t i = 0; i < 3; i++)
			sys_close(three[i]);
		for (; n < n_fds; n++)
			sys_close(fds[n]);
		return r;
	}
	c->stdio = s;
	c->used = true;
	c->id = id;
	c->in_fd = three[0];
	c->out_fd = three[1];
	c->err_fd = three[2];
	c->in_always = c->lossy = false;
	c->once = stdio & MON_ATTACH_STDIN_ONCE;
	c->lost = 0;
	c->backlog_fd = -1;
	c->backlog_pos = c->backlog_len = 0;
	c->in_io.loop = c->out_io.loop = NULL;
	loop_timer_init(&c->stall, s->loop, on_stall, c);
	if (c->in_fd >= 0 && s->in_fd >= 0 && !s->in_len)
		watch_inputs(s, true);
	return 0;
}

void stdio_detach(struct stdio *s, uint32_t id)
{
	for (size_t i = 0; i < CONFIG_MONITOR_CLIENTS; i++) {
		struct stdio_client *c = &s->clients[i];

		if (!c->used || c->id != id)
			continue;
		drop_backlog(c);
		loop_io_fini(&c->in_io);
		sys_close(take_fd(&c->in_fd));
		sys_close(take_fd(&c->out_fd));
		sys_close(take_fd(&c->err_fd));
		c->in_always = false;
		c->used = false;
		resume(s);
		return;
	}
}
