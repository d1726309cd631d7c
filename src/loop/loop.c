/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One epoll set, one signalfd, three intrusive lists. What makes removal from any callback safe: a
 * round's epoll events are kept in the loop, and removing a watch erases it from those that are
 * still to be delivered; the child list is walked from its head again after each callback; timers
 * are taken from the head one at a time against the time at which the round began, so that a timer
 * which re-arms itself cannot keep the round from ending.
 */
#include "loop/loop.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "sys/fd.h"
#include "sys/mem.h"
#include "sys/watch.h"

#define MAX_EVENTS    16
#define REST_AFTER_MS 2000

static void reap_watched(struct loop *l)
{
	struct loop_child *c = l->children;

	while (c) {
		struct sys_exit exit = {0};
		pid_t r = sys_wait(c->pid, WNOHANG, &exit);

		if (r == 0) {
			c = c->next;
			continue;
		}
		/* -ECHILD: somebody else reaped it, its status is lost */
		if (r < 0)
			exit = (struct sys_exit){.code = 255};
		loop_child_fini(c);
		c->fn(c, exit);
		c = l->children;
	}
}

static void reap_all(struct loop *l)
{
	struct sys_exit exit;
	pid_t pid;

	while ((pid = sys_wait(-1, WNOHANG, &exit)) > 0) {
		struct loop_child *c = l->children;

		while (c && c->pid != pid)
			c = c->next;
		if (!c) {
			if (l->orphan_fn)
				l->orphan_fn(l, pid, exit);
			continue;
		}
		loop_child_fini(c);
		c->fn(c, exit);
	}
}

static void reap(struct loop *l)
{
	l->check_children = false;
	if (l->reap_all)
		reap_all(l);
	else
		reap_watched(l);
}

static void on_signal(struct loop_io *io, uint32_t events)
{
	struct loop *l = io->loop;
	int sig;

	(void)events;
	while (l->signal_fd >= 0 && (sig = sys_signal_next(l->signal_fd)) > 0) {
		if (sig == SIGCHLD)
			l->check_children = true;
		else if (l->signal_fn)
			l->signal_fn(l, sig, l->signal_data);
	}
}

int loop_init(struct loop *l, const int *signals, size_t n, loop_signal_fn *fn, void *data)
{
	int r;

	*l = (struct loop){.signal_fd = -1, .signal_fn = fn, .signal_data = data};
	l->epoll_fd = sys_epoll_create();
	if (l->epoll_fd < 0)
		return l->epoll_fd;
	l->signal_fd = sys_signal_fd(signals, n);
	r = l->signal_fd;
	if (r >= 0)
		r = loop_io_init(&l->signal_io, l, l->signal_fd, EPOLLIN, on_signal, NULL);
	if (r < 0)
		loop_fini(l);
	return r < 0 ? r : 0;
}

void loop_fini(struct loop *l)
{
	loop_io_fini(&l->signal_io);
	sys_close(l->signal_fd);
	sys_close(l->epoll_fd);
	l->signal_fd = l->epoll_fd = -1;
}

void loop_stop(struct loop *l, int result)
{
	l->stop = true;
	l->result = result;
}

static void rest(struct loop *l)
{
	if (l->rest_fn)
		l->rest_fn(l);
	sys_release_program();
}

int loop_run(struct loop *l)
{
	l->stop = false;
	l->result = 0;
	while (!l->stop) {
		int r = loop_step(l, l->idle ? -1 : REST_AFTER_MS);

		if (r < 0)
			return r;
		if (l->idle)
			rest(l);
	}
	return l->result;
}

static int next_timeout(const struct loop *l, int timeout_ms)
{
	int64_t left;

	if (l->check_children)
		return 0;
	if (!l->timers)
		return timeout_ms;
	left = l->timers->due_ms - sys_now_ms();
	if (left < 0)
		left = 0;
	if (timeout_ms >= 0 && left > timeout_ms)
		left = timeout_ms;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static void fire_timers(struct loop *l)
{
	int64_t now_ms = sys_now_ms();

	while (l->timers && l->timers->due_ms <= now_ms) {
		struct loop_timer *t = l->timers;

		loop_timer_fini(t);
		l->idle = false;
		t->fn(t);
	}
}

int loop_step(struct loop *l, int timeout_ms)
{
	struct epoll_event events[MAX_EVENTS];
	int n = sys_epoll_wait(l->epoll_fd, events, MAX_EVENTS, next_timeout(l, timeout_ms));

	if (n < 0)
		return n;
	l->idle = n == 0 && !l->check_children;
	l->events = events;
	l->n_events = n;
	for (int i = 0; i < n; i++) {
		struct loop_io *io = events[i].data.ptr;

		if (io)
			io->fn(io, events[i].events);
	}
	l->events = NULL;
	l->n_events = 0;
	if (l->check_children)
		reap(l);
	fire_timers(l);
	return 0;
}

int loop_io_init(struct loop_io *io, struct loop *l, int fd, uint32_t events, loop_io_fn *fn,
		 void *data)
{
	int r;

	*io = (struct loop_io){.fd = fd, .fn = fn, .data = data};
	r = sys_epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, events, io);
	if (r < 0)
		return r;
	io->loop = l;
	return 0;
}

int loop_io_set(struct loop_io *io, uint32_t events)
{
	if (!io->loop)
		return -EINVAL;
	return sys_epoll_ctl(io->loop->epoll_fd, EPOLL_CTL_MOD, io->fd, events, io);
}

void loop_io_fini(struct loop_io *io)
{
	struct loop *l = io->loop;

	if (!l)
		return;
	sys_epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, io->fd, 0, NULL);
	for (int i = 0; i < l->n_events; i++)
		if (l->events[i].data.ptr == io)
			l->events[i].data.ptr = NULL;
	io->loop = NULL;
}

void loop_timer_init(struct loop_timer *t, struct loop *l, loop_timer_fn *fn, void *data)
{
	*t = (struct loop_timer){.loop = l, .fn = fn, .data = data};
}

void loop_timer_set(struct loop_timer *t, int64_t in_ms)
{
	struct loop_timer **at = &t->loop->timers, *prev = NULL;

	loop_timer_fini(t);
	t->due_ms = sys_now_ms() + (in_ms > 0 ? in_ms : 1);
	while (*at && (*at)->due_ms <= t->due_ms) {
		prev = *at;
		at = &(*at)->next;
	}
	t->next = *at;
	t->prev = prev;
	if (t->next)
		t->next->prev = t;
	*at = t;
}

void loop_timer_fini(struct loop_timer *t)
{
	if (!t->due_ms)
		return;
	if (t->prev)
		t->prev->next = t->next;
	else
		t->loop->timers = t->next;
	if (t->next)
		t->next->prev = t->prev;
	t->next = t->prev = NULL;
	t->due_ms = 0;
}

void loop_child_init(struct loop_child *c, struct loop *l, pid_t pid, loop_child_fn *fn, void *data)
{
	*c = (struct loop_child){
		.loop = l, .pid = pid, .fn = fn, .data = data, .next = l->children};
	if (c->next)
		c->next->prev = c;
	l->children = c;
	l->check_children = true; /* it may have ended before it was watched */
}

void loop_child_fini(struct loop_child *c)
{
	if (!c->loop)
		return;
	if (c->prev)
		c->prev->next = c->next;
	else
		c->loop->children = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->next = c->prev = NULL;
	c->loop = NULL;
}
