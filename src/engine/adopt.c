/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an engine begins and ends: what an earlier one left running is followed, what has ended since is
 * brought to the state that its exit record tells, a start that was under way is undone so that planning
 * begins it anew. At the other end everything stops, dependents before what they depend on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/hex.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/plan.h"
#include "engine/server.h"
#include "file/tree.h"
#include "sys/fd.h"
#include "sys/watch.h"

#define ANSWER_MS 2000 /* a monitor does nothing that takes longer */
#define FRAME_CAP 4096

/* One container ----------------------------------------------------------------------------------- */

/* the next frame of a monitor that the loop does not watch yet. Return: 0; -ETIMEDOUT; -ECONNRESET */
static int next_event(int fd, struct monitor_event *ev, int64_t until_ms)
{
	static uint8_t frame[FRAME_CAP];
	struct msg m;
	int r;

	for (;;) {
		int64_t left = until_ms - sys_now_ms();

		if (left <= 0)
			return -ETIMEDOUT;
		r = sys_poll_one(fd, POLLIN, (int)left);
		if (r < 0)
			return r;
		r = msg_recv(fd, frame, sizeof(frame), &m, MSG_DONTWAIT);
		if (r == -EAGAIN)
			continue;
		if (r <= 0)
			return -ECONNRESET;
		return monitor_event_decode(&m, ev);
	}
}

static int ask_state(int fd, struct monitor_event *ev)
{
	int64_t until = sys_now_ms() + ANSWER_MS;
	int r = monitor_send_simple(fd, MON_STATUS);

	while (r == 0) {
		r = next_event(fd, ev, until);
		if (r == 0 && ev->type == MON_STATE)
			return 0;
		if (r == 0)
			sys_close(ev->fd);
	}
	return r;
}

/* a start that nobody waits for any more; its monitor cleans up and ends */
static void abort_monitor(int fd)
{
	int64_t until = sys_now_ms() + ANSWER_MS;
	struct monitor_event ev;

	if (monitor_send_simple(fd, MON_ABORT) < 0)
		return;
	while (next_event(fd, &ev, until) == 0)
		sys_close(ev.fd);
}

static void remove_run_dir(const char *id)
{
	struct err e = {0};

	if (tree_remove(engine.run_fd, id, &e) < 0)
		event_err("run-directory", &e, "id=%.12s", id);
}

static void follow(struct container *c, int fd, const struct monitor_event *ev)
{
	struct err e = {0};

	c->state = CONTAINER_RUNNING;
	c->ran = true;
	c->pid = (pid_t)ev->pid;
	c->started_s = ev->started_s;
	c->started_ms = sys_now_ms();
	if (network_restore(c, &e) < 0)
		event_err("adopt-network", &e, "id=%.12s name=%s", c->id, c->name);
	e = (struct err){0};
	if (container_follow(c, fd, &e) < 0) {
		event_err("adopt", &e, "id=%.12s name=%s", c->id, c->name);
		return;
	}
	event("adopted", "id=%.12s name=%s pid=%d", c->id, c->name, (int)c->pid);
}

/* Its monitor answers. Return: false: it did not in the end */
static bool adopt_living(struct container *c, int fd)
{
	struct monitor_event ev;

	if (ask_state(fd, &ev) < 0) {
		sys_close(fd);
		return false;
	}
	if (ev.state >= MONITOR_RUNNING) {
		follow(c, fd, &ev);
		return true;
	}
	event("adopt-abort", "id=%.12s name=%s state=%s", c->id, c->name,
	      monitor_state_name(ev.state));
	abort_monitor(fd);
	sys_close(fd);
	remove_run_dir(c->id);
	return true;
}

/* container_ended() and container_failed() expect a container that is alive */
static void adopt_dead(struct container *c, const struct monitor_exit *x)
{
	c->state = CONTAINER_RUNNING;
	c->ran = x->started_s != 0;
	c->started_s = x->started_s;
	if (c->ran || x->signaled)
		container_ended(c, x);
	else
		container_failed(c, x->code, x->error);
}

static void adopt(struct container *c)
{
	auto_close int dir_fd = sys_open(engine.run_fd, c->id, O_RDONLY | O_DIRECTORY, 0);
	char path[400];
	struct monitor_exit x = {0};
	int fd;

	if (dir_fd < 0)
		return; /* has not run since the machine booted */
	if (monitor_exit_read(dir_fd, &x, NULL) == 0) {
		network_restore(c, NULL); /* so that it is released */
		adopt_dead(c, &x);
		return;
	}
	container_run_path(c, path, sizeof(path), NULL);
	fd = monitor_connect(path, NULL);
	if (fd >= 0 && adopt_living(c, fd))
		return;
	network_restore(c, NULL);
	if (monitor_exit_read(dir_fd, &x, NULL) < 0) { /* otherwise it ended while we asked */
		x = (struct monitor_exit){.code = 137, .signaled = true, .started_s = 1};
		str_copy(x.error, sizeof(x.error), "its monitor was killed");
	}
	adopt_dead(c, &x);
}

/* All of them ------------------------------------------------------------------------------------- */

static bool known(const char *id)
{
	for (struct container *c = NULL; (c = container_each(c));)
		if (str_eq(c->id, id))
			return true;
	return false;
}

/* a container without a record: its removal was under way */
static void remove_stranger(const char *id)
{
	char path[400];
	int fd;

	str_printf(path, sizeof(path), "%s/%s", engine.run, id);
	fd = monitor_connect(path, NULL);
	event("adopt-unknown", "id=%.12s monitor=%s", id, fd >= 0 ? "running" : "gone");
	if (fd >= 0)
		abort_monitor(fd);
	sys_close(fd);
	remove_run_dir(id);
}

static void remove_strangers(void)
{
	auto_close int dir_fd = sys_open(engine.run_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	unsigned char type, raw[(CONTAINER_ID_CAP - 1) / 2];
	static struct sys_dir dir;
	const char *name;

	if (dir_fd < 0)
		return;
	sys_dir_init(&dir, dir_fd);
	while (sys_dir_next(&dir, &name, &type) == 1) {
		char id[CONTAINER_ID_CAP];

		if (hex_decode(raw, sizeof(raw), span_of(name)) < 0 || known(name))
			continue;
		str_copy(id, sizeof(id), name);
		remove_stranger(id);
	}
}

/* `cleat run` containers after a boot; services are the plan's */
static void begin_again(struct container *c)
{
	struct err e = {0};

	if (c->service[0] || c->state != CONTAINER_CREATED)
		return;
	if (c->auto_remove)
		container_remove(c);
	else if (c->restart == RESTART_ALWAYS ||
		 (c->restart == RESTART_UNLESS_STOPPED && !c->held)) {
		container_set_held(c, false);
		container_start(c, &e);
	}
}

void adopt_all(void)
{
	pull_sweep(engine.cgroup_parent);
	for (struct container *c = NULL; (c = container_each(c));)
		if (c->state == CONTAINER_CREATED)
			adopt(c);
	remove_strangers();
	for (struct container *c = NULL; (c = container_each(c));)
		begin_again(c);
	files_update_hosts();
}

/* The end ----------------------------------------------------------------------------------------- */

void shutdown_begin(void)
{
	if (engine.stopping)
		return;
	event("shutdown", "%s", "");
	engine.stopping = true;
	if (pull_active())
		pull_cancel();
	engine_changed();
}

static bool ended(const struct container *c)
{
	return !container_alive(c) && c->state != CONTAINER_BACKOFF;
}

static size_t fill(struct plan_have *have, struct container **of)
{
	size_t n = 0;

	for (struct container *c = NULL; (c = container_each(c)) && n < PLAN_MAX;) {
		if (ended(c))
			continue;
		of[n] = c;
		have[n++] = (struct plan_have){
			.name = c->service[0] ? c->service : c->id,
			.state = c->state == CONTAINER_STOPPING ? PLAN_BUSY : PLAN_RUNNING};
	}
	return n;
}

static void fill_needs(struct plan_have *have, struct container *const *of, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_scratch size_t mark = scratch_mark();
		struct container_record rec;

		(void)mark;
		if (!of[i]->service[0] || container_record_read(of[i], &rec, NULL) < 0)
			continue;
		for (size_t d = 0; d < rec.spec.n_depends; d++)
			for (size_t k = 0; k < n; k++)
				if (str_eq(have[k].name, rec.spec.depends[d].service))
					have[i].needs |= UINT64_C(1) << k;
	}
}

/* What the run directory says of containers matters to a new engine only while they run, or after a
 * crash: after an orderly end the next engine begins as after a boot. */
static void finish(void)
{
	for (struct container *c = NULL; (c = container_each(c));)
		remove_run_dir(c->id);
	remove_run_dir("oci"); /* state of the runtime: no container has any now */
	network_shutdown();
	event("stopped", "%s", "");
	loop_stop(&engine.loop, 0);
}

void shutdown_step(void)
{
	static struct plan_have have[PLAN_MAX];
	static struct container *of[PLAN_MAX];
	static struct plan plan;
	size_t n = fill(have, of);

	if (n == 0) {
		finish();
		return;
	}
	fill_needs(have, of, n);
	plan_make(NULL, 0, have, n, &plan);
	for (size_t i = 0; i < plan.n_steps; i++)
		container_stop(of[plan.steps[i].index], CTL_TIMEOUT_UNSET);
}

void verb_takeover(struct client *c, const struct ctl_request *r, struct msg *m)
{
	(void)r;
	(void)m;
	event("takeover", "%s", "");
	client_done(c);
	if (pull_active())
		pull_cancel();
	loop_stop(&engine.loop, 0);
}
