/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/proc.h"

/*
 * One epoll loop per process, no threads. All watches live in the caller's memory and are removed
 * with their *_fini. A callback may remove any watch, its own included. Callbacks never block.
 */

struct epoll_event;
struct loop;
struct loop_io;
struct loop_timer;
struct loop_child;

/* EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLERR */
typedef void loop_io_fn(struct loop_io *io, uint32_t events);
typedef void loop_timer_fn(struct loop_timer *t);
typedef void loop_child_fn(struct loop_child *c, struct sys_exit exit);
typedef void loop_signal_fn(struct loop *l, int sig, void *data);
typedef void loop_rest_fn(struct loop *l);
typedef void loop_orphan_fn(struct loop *l, pid_t pid, struct sys_exit exit);

struct loop_io {
	struct loop *loop; /* NULL = not watched */
	int fd;		   /* not owned */
	loop_io_fn *fn;
	void *data;
};

struct loop_timer {
	struct loop *loop;
	int64_t due_ms; /* monotonic; 0 = not armed */
	loop_timer_fn *fn;
	void *data;
	struct loop_timer *next, *prev;
};

struct loop_child {
	struct loop *loop; /* NULL = not watched */
	pid_t pid;
	loop_child_fn *fn; /* called once, after the process was reaped */
	void *data;
	struct loop_child *next, *prev;
};

struct loop {
	int epoll_fd, signal_fd;
	bool stop;
	int result;
	struct loop_timer *timers;
	struct loop_child *children;
	struct loop_io signal_io;
	loop_signal_fn *signal_fn;
	void *signal_data;
	bool reap_all;		   /* PID 1 and monitors: also reap processes nobody watches */
	loop_orphan_fn *orphan_fn; /* told of those, or NULL */
	bool check_children;	   /* something may wait to be reaped */
	loop_rest_fn *rest_fn;	   /* told when the process goes to rest, or NULL: give up memory */
	bool idle;		   /* nothing came in the last round */
	struct epoll_event *events; /* of the round that runs, those not yet delivered too */
	int n_events;
};

/** loop_init() - blocks SIGCHLD and the @n signals, which arrive at @fn from then on. Return: 0; -errno */
int loop_init(struct loop *l, const int *signals, size_t n, loop_signal_fn *fn, void *data);
void loop_fini(struct loop *l);

/** loop_run() - until loop_stop(); once nothing came for some seconds, the program's pages are unmapped
 *  (sys_release_program()), so that a process at rest holds what waiting needs. Return: its result, or -errno */
int loop_run(struct loop *l);
void loop_stop(struct loop *l, int result);

/** loop_step() - one round, waiting at most @timeout_ms (-1 = for ever). Return: 0; -errno */
int loop_step(struct loop *l, int timeout_ms);

int loop_io_init(struct loop_io *io, struct loop *l, int fd, uint32_t events, loop_io_fn *fn,
		 void *data);
int loop_io_set(struct loop_io *io, uint32_t events);
void loop_io_fini(struct loop_io *io); /* idempotent on a zeroed or finished watch */

void loop_timer_init(struct loop_timer *t, struct loop *l, loop_timer_fn *fn, void *data);
void loop_timer_set(struct loop_timer *t, int64_t in_ms); /* re-arms */
void loop_timer_fini(struct loop_timer *t);

void loop_child_init(struct loop_child *c, struct loop *l, pid_t pid, loop_child_fn *fn,
		     void *data);
void loop_child_fini(struct loop_child *c);
