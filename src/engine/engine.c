/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/hex.h"
#include "engine/event.h"
#include "engine/server.h"
#include "engine/sweep.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/fd.h"
#include "sys/mem.h"

#define ONE_SHOT_FD 3
#define MAX_ORPHANS (2 * CONFIG_MAX_CONTAINERS)

struct engine engine; /* no initialiser: its memory must not be in the file */

static struct loop_timer change_timer;
static struct loop_child orphans[MAX_ORPHANS];

/* Planning is asked for by every change and runs once, when the change is complete. */
static void on_change(struct loop_timer *t)
{
	(void)t;
	if (engine.stopping)
		shutdown_step();
	else if (!engine.one_shot)
		desired_step();
	sweep_now();
}

void engine_changed(void)
{
	loop_timer_fini(&change_timer);
	loop_timer_init(&change_timer, &engine.loop, on_change, NULL);
	loop_timer_set(&change_timer, 0);
}

static void orphan_gone(struct loop_child *c, struct sys_exit x)
{
	(void)x;
	c->pid = 0;
}

void engine_reap_later(pid_t pid)
{
	for (size_t i = 0; i < MAX_ORPHANS; i++)
		if (!orphans[i].pid) {
			loop_child_init(&orphans[i], &engine.loop, pid, orphan_gone, NULL);
			return;
		}
}

size_t engine_runtime_args(char *ret_args[static 3])
{
	size_t n = 0;

	if (engine.own_runtime)
		ret_args[n++] = (char *)(uintptr_t) "oci";
	ret_args[n++] = (char *)(uintptr_t) "--root";
	ret_args[n++] = engine.oci_root;
	return n;
}

/* Start ----------------------------------------------------------------------------------------- */

/* A second engine on the machine has cgroups of its own, found again after a restart. */
static void name_cgroup(void)
{
	struct digest d;
	struct sha256 h;
	char hex[DIGEST_HEX_LEN + 1];

	if (str_eq(engine.run, CTL_DEFAULT_RUN)) {
		str_copy(engine.cgroup_parent, sizeof(engine.cgroup_parent), "/cleat");
		return;
	}
	sha256_init(&h);
	sha256_update(&h, engine.run, span_of(engine.run).len);
	sha256_final(&h, &d);
	str_printf(engine.cgroup_parent, sizeof(engine.cgroup_parent), "/cleat-%.8s",
		   digest_hex(hex, &d));
}

static int set_paths(const struct ctl_paths *p, struct err *e)
{
	if (str_copy(engine.root, sizeof(engine.root), p->root) < 0 ||
	    str_copy(engine.run, sizeof(engine.run), p->run) < 0 ||
	    str_copy(engine.config, sizeof(engine.config), p->config) < 0)
		return err_text(e, -ENAMETOOLONG,
				"--root, --run and --config are at most %zu characters long",
				sizeof(engine.root) - 1);
	if (engine.root[0] != '/' || engine.run[0] != '/' || engine.config[0] != '/')
		return err_text(e, -EINVAL, "--root, --run and --config are absolute paths");
	str_printf(engine.oci_root, sizeof(engine.oci_root), "%s/oci", engine.run);
	net_table_name(engine.nft_table, engine.run);
	name_cgroup();
	return 0;
}

/*
 * The lock on the folder keeps out an engine with another store: it would take over the socket and the
 * containers of the one that runs.
 */
static int open_run(struct err *e)
{
	int r = sys_mkdir(AT_FDCWD, engine.run, 0711);

	if (r < 0 && r != -EEXIST)
		return err_set(e, r, "make %s", engine.run);
	engine.run_fd = sys_open(AT_FDCWD, engine.run, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (engine.run_fd < 0)
		return err_set(e, engine.run_fd, "open %s", engine.run);
	r = sys_flock(engine.run_fd, LOCK_EX | LOCK_NB);
	if (r == -EWOULDBLOCK)
		return err_text(
			e, r,
			"another engine runs in %s: give this one a folder of its own (--run)",
			engine.run);
	return r < 0 ? err_set(e, r, "lock %s", engine.run) : 0;
}

static void on_signal(struct loop *l, int sig, void *data)
{
	(void)l;
	(void)data;
	event("signal", "number=%d", sig);
	if (!engine.one_shot)
		shutdown_begin();
	else
		loop_stop(&engine.loop, 1);
}

/* Two verbs at a time without an engine: the second waits, and finds what the first has fetched. */
static int open_store(struct err *e)
{
	bool told = false;
	int r;

	while ((r = store_open(&engine.store, engine.root, e)) == -EAGAIN && engine.one_shot &&
	       !engine.loop.stop) {
		if (!told)
			fprintf(stderr, "cleat: waiting: %s\n", e->msg);
		told = true;
		*e = (struct err){0};
		loop_step(&engine.loop, 100);
	}
	if (r == 0 && engine.one_shot)
		store_lock_briefly(&engine.store);
	return r;
}

static int start(struct err *e)
{
	static const int signals[] = {SIGTERM, SIGINT};
	int r;

	arena_init(&engine.scratch, engine.scratch_mem, sizeof(engine.scratch_mem));
	r = loop_init(&engine.loop, signals, ARRAY_LEN(signals), on_signal, NULL);
	if (r < 0)
		return err_set(e, r, "start the event loop");
	engine.store.defer = !engine.one_shot;
	r = open_store(e);
	if (r < 0)
		return r;
	container_load_all();
	if (engine.one_shot) {
		event_mute();
		return server_serve(ONE_SHOT_FD, e);
	}
	r = open_run(e);
	if (r == 0)
		r = server_listen(e);
	if (r < 0)
		return r;
	network_start();
	adopt_all();
	desired_start();
	images_start();
	engine_changed();
	return 0;
}

/* Where nothing is below it any more; with living containers the kernel refuses. */
static void remove_cgroup_parent(void)
{
	auto_scratch size_t mark = scratch_mark();
	struct cgroup g;

	(void)mark;
	if (cgroup_find(&g, engine.cgroup_parent, "cleat", &engine.scratch, NULL) < 0)
		return;
	for (size_t i = 0; i < g.n; i++)
		sys_unlink(AT_FDCWD, g.h[i].path, AT_REMOVEDIR);
}

/* scratch memory of an apply or an inspect: nobody has any at rest */
static void rest(struct loop *l)
{
	struct arena *a = &engine.scratch;

	(void)l;
	sys_release(engine.scratch_mem + a->len, sizeof(engine.scratch_mem) - a->len);
}

int engine_main(const struct ctl_paths *paths, const char *runtime, bool one_shot)
{
	struct err e = {0};
	uint32_t ns;
	int r;

	engine.runtime = runtime ? runtime : "/proc/self/exe";
	engine.own_runtime = !runtime;
	engine.one_shot = one_shot;
	engine.run_fd = -1;
	sys_realtime(&engine.started_s, &ns);
	r = set_paths(paths, &e);
	if (r == 0)
		r = start(&e);
	if (r < 0) {
		fprintf(stderr, "cleat: %s\n", e.msg);
		return 1;
	}
	event("engine-started", "version=%s root=%s run=%s", CLEAT_VERSION, engine.root,
	      engine.run);
	engine.loop.rest_fn = rest;
	r = loop_run(&engine.loop);
	pull_cancel();
	server_close();
	remove_cgroup_parent();
	store_close(&engine.store);
	event("engine-ended", "status=%d", r);
	return r < 0 ? 1 : r;
}
