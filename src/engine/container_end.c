/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a container's run ends, and what comes after: restart by its policy, removal, or rest. Docker's
 * policies; the pause between two starts doubles from 100 ms to a minute and starts anew after ten
 * seconds of health.
 */
#include <errno.h>
#include <signal.h>

#include "base/signame.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/volume.h"
#include "file/tree.h"
#include "sys/fd.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS	 60000
#define HEALTHY_MS	 10000
/* SIGKILL has no answer but the end; a monitor that gives none is hung */
#define AFTER_KILL_MS 10000

static void on_timer(struct loop_timer *t);

static void arm(struct container *c, int64_t ms)
{
	loop_timer_fini(&c->timer);
	loop_timer_init(&c->timer, &engine.loop, on_timer, c);
	loop_timer_set(&c->timer, ms);
}

/* What a run holds outside the container's record. Idempotent. */
static void let_go(struct container *c)
{
	loop_timer_fini(&c->timer);
	loop_io_fini(&c->monitor_io);
	sys_close(take_fd(&c->monitor_fd));
	loop_io_fini(&c->user_io);
	if (c->looking_up)
		parse_cancel(&c->user_call);
	c->looking_up = false;
	volumes_cancel(c);
	sys_close(take_fd(&c->rootfs_fd));
	for (size_t i = 0; i < 3; i++)
		sys_close(take_fd(&c->attach_fds[i]));
	network_release(c);
	c->pid = c->monitor_pid = 0;
}

/* The runtime ends and removes what a killed monitor was parent of. */
static void delete_by_runtime(const struct container *c)
{
	char *args[3];
	const char *argv[10] = {"cleat"};
	const int fds[] = {-1, 2, 2};
	struct sys_spawn s = {
		.path = engine.runtime, .argv = argv, .fds = fds, .n_fds = 3, .cgroup_fd = -1};
	size_t n = engine_runtime_args(args);
	int pidfd = -1;
	pid_t pid;

	for (size_t i = 0; i < n; i++)
		argv[1 + i] = args[i];
	argv[1 + n] = "delete";
	argv[2 + n] = "--force";
	argv[3 + n] = c->id;
	pid = sys_spawn(&s, &pidfd);
	sys_close(pidfd);
	if (pid > 0)
		engine_reap_later(pid);
	event("monitor-lost", "id=%.12s name=%s", c->id, c->name);
}

static void remove_now(struct container *c)
{
	struct err e = {0};

	loop_timer_fini(&c->timer);
	if (c->drop_volumes || c->auto_remove)
		volumes_drop(c);
	if (tree_remove(engine.run_fd, c->id, &e) < 0)
		event_err("run-directory", &e, "id=%.12s", c->id);
	e = (struct err){0};
	if (store_container_remove(&engine.store, c->id, &e) < 0)
		event_err("container-remove", &e, "id=%.12s", c->id);
	event("container-removed", "id=%.12s name=%s", c->id, c->name);
	c->state = CONTAINER_FREE;
	client_container_removed(c);
	engine_changed();
}

static bool wants_restart(const struct container *c)
{
	if (c->removing || c->held || engine.stopping)
		return false;
	if (c->restart_asked)
		return true;
	if (c->failed && !c->service[0])
		return false; /* whoever typed `cleat run` has read the error */
	switch (c->restart) {
	case RESTART_NO:
		return false;
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return true;
	case RESTART_ON_FAILURE:
		return c->exit_code != 0 && (!c->restart_max || c->restarts < c->restart_max);
	}
	return false;
}

static void schedule(struct container *c)
{
	if (c->started_ms && sys_now_ms() - c->started_ms >= HEALTHY_MS)
		c->backoff_ms = 0;
	c->backoff_ms = c->backoff_ms ? c->backoff_ms * 2 : BACKOFF_FIRST_MS;
	if (c->backoff_ms > BACKOFF_MAX_MS)
		c->backoff_ms = BACKOFF_MAX_MS;
	c->state = CONTAINER_BACKOFF;
	arm(c, c->restart_asked ? 1 : c->backoff_ms);
}

/* The run is over and all is given back: what now? */
static void rest(struct container *c)
{
	bool again = wants_restart(c);

	c->state = CONTAINER_EXITED;
	files_update_hosts();
	if (c->failed)
		client_container_failed(c);
	else
		client_container_ended(c);
	if (c->removing || (c->auto_remove && !again))
		remove_now(c);
	else if (again)
		schedule(c);
	c->started_ms = 0;
	engine_changed();
}

void container_failed(struct container *c, int code, const char *text)
{
	struct err e = {0};
	uint32_t ns;

	if (!c->failed) {
		c->exit_code = code;
		str_printf(c->error, sizeof(c->error), "%.190s", text);
	}
	c->failed = true;
	sys_realtime(&c->finished_s, &ns);
	err_text(&e, -EIO, "%s", c->error);
	event_err("container-failed", &e, "id=%.12s name=%s code=%d", c->id, c->name, c->exit_code);
	let_go(c);
	rest(c);
}

void container_failing(struct container *c, int code, const char *text)
{
	c->failed = true;
	c->exit_code = code;
	str_printf(c->error, sizeof(c->error), "%.190s", text);
	c->state = CONTAINER_STOPPING;
	arm(c, AFTER_KILL_MS);
}

void container_fail(struct container *c, int code, const char *text)
{
	if (c->monitor_fd < 0 || monitor_send_simple(c->monitor_fd, MON_ABORT) < 0)
		container_failed(c, code, text);
	else
		container_failing(c, code, text);
}

void container_ended(struct container *c, const struct monitor_exit *x)
{
	bool lost = x->error[0] && x->signaled;

	if (!container_alive(c))
		return;
	if (lost)
		delete_by_runtime(c);
	if (c->failed) {
		container_failed(c, c->exit_code, c->error);
		return;
	}
	c->exit_code = x->code;
	c->oom = x->oom;
	c->finished_s = x->finished_s;
	str_copy(c->error, sizeof(c->error), x->error);
	event("container-ended", "id=%.12s name=%s code=%d%s", c->id, c->name, c->exit_code,
	      c->oom ? " oom=true" : "");
	let_go(c);
	rest(c);
}

static void on_timer(struct loop_timer *t)
{
	struct container *c = t->data;
	struct err e = {0};

	if (c->state == CONTAINER_BACKOFF) {
		if (!c->restart_asked)
			c->restarts++;
		container_start(c, &e);
	} else if (c->state == CONTAINER_STOPPING && (c->failed || c->pid == 0)) {
		struct monitor_exit x = {.code = 137, .signaled = true};

		str_copy(x.error, sizeof(x.error), "its monitor did not answer");
		container_ended(c, &x);
	} else if (c->state == CONTAINER_STOPPING) {
		event("container-kill", "id=%.12s name=%s", c->id, c->name);
		monitor_send_kill(c->monitor_fd, SIGKILL);
		c->pid = 0;
		arm(c, AFTER_KILL_MS);
	}
}

static int stop_signal_of(const struct container *c)
{
	auto_scratch size_t mark = scratch_mark();
	struct container_record rec;
	struct store_image img;
	int sig;

	(void)mark;
	if (c->stop_signal)
		return c->stop_signal;
	if (container_record_image(c, &rec, &img, NULL) == 0 && img.config.stop_signal) {
		sig = signame_parse(span_of(img.config.stop_signal));
		if (sig > 0)
			return sig;
	}
	return SIGTERM;
}

void container_stop(struct container *c, int64_t timeout_ms)
{
	if (c->state == CONTAINER_BACKOFF) {
		loop_timer_fini(&c->timer);
		c->state = CONTAINER_EXITED;
		client_container_ended(c);
		engine_changed();
		return;
	}
	if (!container_alive(c) || c->state == CONTAINER_STOPPING)
		return;
	if (c->state != CONTAINER_RUNNING) {
		container_fail(c, 137, "stopped before it had started");
		return;
	}
	event("container-stop", "id=%.12s name=%s", c->id, c->name);
	c->state = CONTAINER_STOPPING;
	monitor_send_kill(c->monitor_fd, stop_signal_of(c));
	arm(c, timeout_ms >= 0 ? timeout_ms : c->stop_grace_ms);
}

int container_kill(struct container *c, int sig, struct err *e)
{
	int r;

	if (c->state != CONTAINER_RUNNING && c->state != CONTAINER_STOPPING)
		return err_text(e, -ESRCH, "container %s does not run", c->name);
	r = monitor_send_kill(c->monitor_fd, sig);
	return r < 0 ? err_set(e, r, "send signal %d to container %s", sig, c->name) : 0;
}

void container_remove(struct container *c)
{
	c->removing = true;
	if (c->state == CONTAINER_STOPPING)
		return; /* goes on when it has ended */
	if (c->state == CONTAINER_RUNNING)
		container_stop(c, CTL_TIMEOUT_UNSET);
	else if (container_alive(c))
		container_fail(c, 137, "removed before it had started");
	else
		remove_now(c);
}
