/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a record to a running container. Each step sends something and returns; the answer takes the
 * next step. Whatever goes wrong ends in container_fail(), which gives everything back.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "engine/container.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/volume.h"
#include "file/rooted.h"
#include "file/tree.h"
#include "runtime/cgroup/cgroup.h"
#include "store/layout.h"
#include "sys/fd.h"

#define FRAME_CAP     4096
#define MAX_USER_FILE (1024 * 1024) /* bytes of an image's passwd and group */

static int fail(struct container *c, struct err *e)
{
	container_fail(c, 125, e->msg);
	return e->code;
}

/* Step 1: run directory and monitor --------------------------------------------------------------- */

static int make_run_dir(const struct container *c, struct err *e)
{
	int r = tree_remove(engine.run_fd, c->id, e);

	if (r == 0)
		r = sys_mkdir(engine.run_fd, c->id, 0700);
	return r < 0 ? err_set(e, r, "make %s/%.12s...", engine.run, c->id) : 0;
}

static void store_path(char *dst, size_t cap, const char *below)
{
	str_printf(dst, cap, "%s/%s", engine.store.root_path, below);
}

int container_start(struct container *c, struct err *e)
{
	char run_path[400], log_path[700], below[LAYOUT_PATH_CAP];
	struct err why = {0};
	int fd = -1, r;

	if (container_alive(c))
		return err_text(e, -EALREADY, "container %s runs already", c->name);
	if (engine.stopping)
		return err_text(e, -ECANCELED, "the engine is shutting down");
	loop_timer_fini(&c->timer);
	c->state = CONTAINER_MOUNTING;
	c->error[0] = '\0';
	c->exit_code = 0;
	c->oom = c->restart_asked = c->failed = false;
	c->started_s = c->finished_s = 0;
	r = make_run_dir(c, &why);
	if (r < 0)
		return fail(c, &why);
	container_run_path(c, run_path, sizeof(run_path), NULL);
	store_path(log_path, sizeof(log_path), layout_path(below, LAYOUT_CONTAINERS, c->id, "log"));
	c->monitor_pid = monitor_spawn(c->id, run_path, log_path, &fd, &why);
	if (c->monitor_pid < 0) {
		c->monitor_pid = 0;
		return fail(c, &why);
	}
	engine_reap_later(c->monitor_pid);
	r = container_follow(c, fd, &why);
	return r < 0 ? fail(c, &why) : 0;
}

/* Step 2: the root file system -------------------------------------------------------------------- */

static char *layer_path(const struct digest *diff_id)
{
	char below[LAYOUT_PATH_CAP];

	return arena_printf(&engine.scratch, "%s/%s", engine.store.root_path,
			    layout_object(below, LAYOUT_LAYERS, diff_id, "fs"));
}

static char *container_path(const struct container *c, const char *what)
{
	char below[LAYOUT_PATH_CAP];

	return arena_printf(&engine.scratch, "%s/%s", engine.store.root_path,
			    layout_path(below, LAYOUT_CONTAINERS, c->id, what));
}

static void send_mount(struct container *c)
{
	auto_scratch size_t mark = scratch_mark();
	struct container_record rec;
	struct monitor_mount m = {0};
	struct store_image img;
	struct err e = {0};
	int r;

	(void)mark;
	r = container_record_image(c, &rec, &img, &e);
	if (r == 0) {
		m.n_lower = img.config.n_diff_ids;
		m.lower = arena_array(&engine.scratch, m.n_lower + 1, sizeof(*m.lower));
		m.upper = container_path(c, "upper");
		m.work = container_path(c, "work");
		for (size_t i = 0; m.lower && i < m.n_lower; i++)
			m.lower[i] = layer_path(&img.layers[m.n_lower - 1 - i]);
		r = m.lower && m.upper && m.work ? monitor_send_mount(c->monitor_fd, &m) : -ENOMEM;
		if (r < 0)
			err_set(&e, r, "tell the monitor the %zu layers", m.n_lower);
	}
	if (r < 0)
		fail(c, &e);
}

/* Step 3: the user -------------------------------------------------------------------------------- */

static void prepare(struct container *c, const struct parse_user *user);

static void looked_up(struct loop_io *io, uint32_t events)
{
	auto_scratch size_t mark = scratch_mark();
	struct container *c = io->data;
	static struct parse_user user;
	struct err e = {0};
	int r;

	(void)mark;
	(void)events;
	loop_io_fini(&c->user_io);
	c->looking_up = false;
	r = parse_finish_user(&c->user_call, &engine.scratch, &user, &e);
	if (r < 0) {
		err_wrap(&e, "user of container %s", c->name);
		fail(c, &e);
		return;
	}
	prepare(c, &user);
}

static int start_lookup(struct container *c, struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	auto_close int passwd_fd =
		rooted_open_regular(c->rootfs_fd, "etc/passwd", MAX_USER_FILE, NULL);
	auto_close int group_fd =
		rooted_open_regular(c->rootfs_fd, "etc/group", MAX_USER_FILE, NULL);
	struct container_record rec;
	struct store_image img;
	const char *user;
	int r;

	(void)mark;
	r = container_record_image(c, &rec, &img, e);
	if (r < 0)
		return r;
	user = rec.spec.user ? rec.spec.user : img.config.user ? img.config.user : "";
	r = parse_start(&c->user_call, PARSE_USER, "etc/passwd", user,
			passwd_fd < 0 ? -1 : passwd_fd, group_fd < 0 ? -1 : group_fd, NULL, e);
	if (r < 0)
		return r;
	c->looking_up = true;
	c->state = CONTAINER_LOOKUP;
	r = loop_io_init(&c->user_io, &engine.loop, c->user_call.proc.peer_fd, EPOLLIN, looked_up,
			 c);
	return r < 0 ? err_set(e, r, "watch the parse role") : 0;
}

/* Step 4: files, volumes, the runtime's create -------------------------------------------------------------------- */

/* where the kernel counts kills for want of memory; NULL where nothing counts them */
static char *oom_events_path(const struct container *c)
{
	char path[128];
	struct cgroup g;

	str_printf(path, sizeof(path), "%s/%s", engine.cgroup_parent, c->id);
	if (cgroup_find(&g, path, c->id, &engine.scratch, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < g.n; i++) {
		if (g.ops == &cgroup_v2_ops)
			return arena_printf(&engine.scratch, "%s/memory.events", g.h[i].path);
		if (str_eq(g.h[i].controllers, "memory"))
			return arena_printf(&engine.scratch, "%s/memory.oom_control", g.h[i].path);
	}
	return NULL;
}

static int prepare_bundle(struct container *c, const struct parse_user *user, struct err *e)
{
	struct container_record rec;
	struct store_image img;
	int r = container_record_image(c, &rec, &img, e);

	if (r == 0)
		r = network_prepare(c, &rec.spec, e);
	if (r == 0)
		r = files_write(c, &rec, e);
	if (r == 0)
		r = volumes_prepare(c, &rec, &img, e);
	if (r == 0)
		r = spec_write(c, &rec, &img, user, e);
	return r;
}

static void prepare(struct container *c, const struct parse_user *user)
{
	auto_scratch size_t mark = scratch_mark();
	struct err e = {0};

	(void)mark;
	if (prepare_bundle(c, user, &e) < 0)
		fail(c, &e);
	else
		volumes_fill(c);
}

static void send_attach(struct container *c)
{
	static const uint32_t bits[] = {MON_ATTACH_STDIN, MON_ATTACH_STDOUT, MON_ATTACH_STDERR};
	uint32_t stdio = MON_ATTACH_STDIN_ONCE;
	int fds[3];
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		if (c->attach_fds[i] < 0 || (i == 0 && !c->attach_stdin))
			continue;
		stdio |= bits[i];
		fds[n++] = c->attach_fds[i];
	}
	if (n)
		monitor_send_attach(c->monitor_fd, c->attach_client, stdio, fds, n);
	for (size_t i = 0; i < 3; i++)
		sys_close(take_fd(&c->attach_fds[i]));
}

void container_create(struct container *c)
{
	auto_scratch size_t mark = scratch_mark();
	struct monitor_create m = {.runtime = (char *)(uintptr_t)engine.runtime,
				   .tty = c->tty,
				   .stdin_open = c->stdin_open,
				   .log_max_bytes = CONFIG_LOG_MAX_KIB * 1024ULL,
				   .log_files = CONFIG_LOG_FILES};
	char *args[3];
	struct err e = {0};
	int r;

	(void)mark;
	sys_close(take_fd(&c->rootfs_fd));
	m.n_args = engine_runtime_args(args);
	m.args = args;
	m.oom_events = oom_events_path(c);
	r = monitor_send_create(c->monitor_fd, &m);
	if (r < 0) {
		err_set(&e, r, "tell the monitor to create container %s", c->name);
		fail(c, &e);
		return;
	}
	c->state = CONTAINER_CREATING;
}

/* Step 5: the network, then the program ----------------------------------------------------------- */

static void created(struct container *c, pid_t pid)
{
	auto_scratch size_t mark = scratch_mark();
	struct container_record rec;
	struct err e = {0};
	int r;

	(void)mark;
	c->pid = pid;
	r = container_record_read(c, &rec, &e);
	if (r == 0)
		r = network_attach(c, pid, &rec.spec, &e);
	if (r == 0) {
		send_attach(c);
		r = monitor_send_simple(c->monitor_fd, MON_START);
		if (r < 0)
			err_set(&e, r, "tell the monitor to start container %s", c->name);
	}
	if (r < 0)
		fail(c, &e);
	else
		c->state = CONTAINER_STARTING;
}

static void started(struct container *c)
{
	uint32_t ns;

	c->state = CONTAINER_RUNNING;
	c->ran = true;
	sys_realtime(&c->started_s, &ns);
	c->started_ms = sys_now_ms();
	event("container-started", "id=%.12s name=%s pid=%d", c->id, c->name, (int)c->pid);
	files_update_hosts();
	client_container_started(c);
	engine_changed();
}

static void adopted_state(struct container *c, const struct monitor_event *ev)
{
	if (ev->state != MONITOR_RUNNING && ev->state != MONITOR_ENDING)
		return; /* a start that an earlier engine began: adopt.c ends it */
	c->pid = (pid_t)ev->pid;
	c->started_s = ev->started_s;
}

/* Answers of the monitor -------------------------------------------------------------------------- */

static void answer(struct container *c, struct monitor_event *ev)
{
	struct err e = {0};

	switch (ev->type) {
	case MON_READY:
		if (c->state == CONTAINER_MOUNTING)
			send_mount(c);
		break;
	case MON_MOUNTED:
		if (c->state != CONTAINER_MOUNTING)
			break;
		c->rootfs_fd = take_fd(&ev->fd);
		if (start_lookup(c, &e) < 0)
			fail(c, &e);
		break;
	case MON_CREATED:
		if (c->state == CONTAINER_CREATING)
			created(c, (pid_t)ev->pid);
		break;
	case MON_STARTED:
		if (c->state == CONTAINER_STARTING)
			started(c);
		break;
	case MON_STATE:
		adopted_state(c, ev);
		break;
	case MON_EXITED:
		container_ended(c, &ev->exit);
		break;
	case MON_FAILED:
		container_failing(c, ev->exit.code, ev->exit.error);
		break;
	case MON_REFUSED:
		event("monitor-refused", "id=%.12s text=%s", c->id, ev->exit.error);
		break;
	}
	sys_close(ev->fd);
}

/* Its last frame may have gone to an engine that is no more: the record tells the same. Without one it
 * was killed, or was no monitor: what it was parent of is ended by the runtime. */
static void monitor_gone(struct container *c)
{
	auto_close int dir_fd = sys_open(engine.run_fd, c->id, O_RDONLY | O_DIRECTORY, 0);
	struct monitor_exit x = {0};

	if (!container_alive(c))
		return;
	if (dir_fd < 0 || monitor_exit_read(dir_fd, &x, NULL) < 0) {
		x = (struct monitor_exit){.code = 137, .signaled = true};
		str_copy(x.error, sizeof(x.error), "its monitor was killed");
	}
	container_ended(c, &x);
}

static void on_monitor(struct loop_io *io, uint32_t events)
{
	struct container *c = io->data;
	static uint8_t frame[FRAME_CAP];
	struct monitor_event ev;
	struct msg m;
	int r;

	(void)events;
	r = msg_recv(c->monitor_fd, frame, sizeof(frame), &m, MSG_DONTWAIT);
	if (r == -EAGAIN)
		return;
	if (r == 1 && monitor_event_decode(&m, &ev) == 0) {
		answer(c, &ev);
		return;
	}
	monitor_gone(c);
}

int container_follow(struct container *c, int fd, struct err *e)
{
	int r = loop_io_init(&c->monitor_io, &engine.loop, fd, EPOLLIN, on_monitor, c);

	if (r < 0) {
		sys_close(fd);
		return err_set(e, r, "watch a monitor");
	}
	c->monitor_fd = fd;
	return 0;
}
