/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "loop/loop.h"
#include "monitor/monitor.h"
#include "monitor/monitor_stdio.h"

/* The inside of a monitor. One per process, static. */

/* clang-format off */
#define MONITOR_EVENTS(X)									\
	X(MOUNT) X(CREATE) X(START) X(KILL) X(ATTACH) X(DETACH) X(RESIZE) X(STATUS)		\
	X(ABORT) X(RUNTIME_OK) X(RUNTIME_FAILED) X(CONTAINER_END) X(DRAINED)			\
	X(ENGINE_GONE) X(FAILED)
/* clang-format on */

enum monitor_event_id {
#define X(name) EVENT_##name,
	MONITOR_EVENTS(X)
#undef X
		EVENT_COUNT
};

#define MONITOR_MAX_ORPHANS 8
#define MONITOR_MAX_PENDING 4

struct monitor {
	const char *id, *run_dir;
	int run_fd, log_fd;
	struct loop loop;
	enum monitor_state state;
	enum monitor_event_id
		pending[MONITOR_MAX_PENDING]; /* raised by actions, stepped after them */
	size_t n_pending;
	bool stepping;
	int conn_fd, listen_fd;
	struct loop_io conn_io, listen_io;
	struct msg *frame; /* the one that is being handled, or NULL */
	struct monitor_create create;
	struct arena keep; /* holds its strings */
	struct loop_child runtime;
	struct loop_timer runtime_timer;
	pid_t runtime_pid; /* 0 = none runs */
	bool runtime_late; /* it was killed for taking too long */
	int runtime_code;  /* exit status of the last one; 0 if it was killed */
	int message_fd;	   /* its stderr, if that is not the container's; -1 */
	int console_fd;	   /* where it hands over the terminal; -1 */
	struct err error;  /* why it could not even be started */
	pid_t pid;	   /* container's first process; 0 = none yet */
	int pidfd;
	struct loop_child container;
	bool gone;   /* it has ended: record holds how */
	bool failed; /* MON_FAILED was sent: MON_EXITED is not */
	bool aborted;
	int oom_fd;
	struct {
		pid_t pid;
		struct sys_exit exit;
	} orphans[MONITOR_MAX_ORPHANS]; /* reaped before anybody knew them: a ring */
	size_t n_orphans;
	struct monitor_exit record;
	struct stdio stdio;
};

/** struct monitor_step - a cell of the table; no action: the event is refused, or means nothing */
struct monitor_step {
	void (*action)(struct monitor *m);
	enum monitor_state next;
};
extern const struct monitor_step monitor_steps[MONITOR_STATE_COUNT][EVENT_COUNT];
const char *monitor_event_name(enum monitor_event_id ev);

/** monitor_step() - the one function that changes the state; actions may raise further events by it */
void monitor_step(struct monitor *m, enum monitor_event_id ev);

/* monitor_actions.c; each is a cell's action */
void monitor_do_mount(struct monitor *m);
void monitor_do_create(struct monitor *m);
void monitor_created(struct monitor *m);
void monitor_create_failed(struct monitor *m);
void monitor_do_start(struct monitor *m);
void monitor_started(struct monitor *m);
void monitor_start_failed(struct monitor *m);
void monitor_do_kill(struct monitor *m);
void monitor_do_attach(struct monitor *m);
void monitor_do_detach(struct monitor *m);
void monitor_do_resize(struct monitor *m);
void monitor_tell_state(struct monitor *m);
void monitor_abort(struct monitor *m);
void monitor_give_up(struct monitor *m);
void monitor_note_end(struct monitor *m);
void monitor_do_drain(struct monitor *m);
void monitor_do_delete(struct monitor *m);
void monitor_deleted(struct monitor *m);
void monitor_delete_failed(struct monitor *m);
void monitor_end(struct monitor *m);

/** monitor_fail() - the container will not run: record, MON_FAILED. @code: 125, 126, 127 */
void monitor_fail(struct monitor *m, int code, const char *text);

/* monitor_runtime.c */

/**
 * monitor_run() - start a command of the OCI runtime; its end is EVENT_RUNTIME_OK or _FAILED
 * @stdio: three descriptors, borrowed; -1 = /dev/null
 */
int monitor_run(struct monitor *m, const char *const *args, const int stdio[3]);

/** monitor_runtime_message() - why the last command failed. Return: @dst */
char *monitor_runtime_message(struct monitor *m, char *dst, size_t cap);
void monitor_run_cancel(struct monitor *m); /* SIGKILL; the end still comes as an event */

/** monitor_overlay() - mount on RUN_DIR/rootfs in this mount namespace. Return: O_PATH fd; -errno */
int monitor_overlay(int run_fd, const char *run_dir, const struct monitor_mount *mnt,
		    struct err *e);

/** monitor_oom_happened() - @fd: memory.events (v2) or memory.oom_control (v1), or -1 */
bool monitor_oom_happened(int fd);
