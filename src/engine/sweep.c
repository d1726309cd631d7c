/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing what was thrown away, and counting what things take (`cleat df`). The figures of a count
 * come back in a memory file, in base/codec form: u8 directory, str name, u64 bytes, u64 log bytes
 * for each object.
 */
#include "engine/sweep.h"

#include <errno.h>
#include <signal.h>

#include "engine/engine.h"
#include "engine/event.h"
#include "engine/volume.h"
#include "sys/fd.h"
#include "sys/mem.h"

#define ANSWER_CAP (64 * 1024)

int sweep_spawn(const char *name, int work_fd, int answer_fd, struct loop_child *child,
		loop_child_fn *done, struct err *e)
{
	const char *const argv[] = {"cleat", name, NULL};
	const int fds[] = {-1, 2, 2, work_fd, answer_fd};
	const struct sys_spawn s = {.path = "/proc/self/exe",
				    .argv = argv,
				    .fds = fds,
				    .n_fds = ARRAY_LEN(fds),
				    .cgroup_fd = -1,
				    .parent_death_signal = SIGKILL};
	int pidfd = -1;
	pid_t pid = sys_spawn(&s, &pidfd);

	sys_close(pidfd);
	if (pid < 0)
		return err_set(e, (int)pid, "start %s", name);
	loop_child_init(child, &engine.loop, pid, done, NULL);
	return 0;
}

/* Sweeping ---------------------------------------------------------------------------------------- */

static struct loop_child sweeper;

static void swept(struct loop_child *child, struct sys_exit x)
{
	(void)child;
	(void)x;
	engine_changed(); /* something may have come meanwhile */
}

void sweep_now(void)
{
	auto_close int fd = -1;
	struct err e = {0};

	if (!engine.store.trashed || sweeper.loop)
		return;
	engine.store.trashed = false;
	fd = store_trash(&engine.store, &e);
	if (fd < 0 || sweep_spawn("@sweep", fd, -1, &sweeper, swept, &e) < 0)
		event_err("sweep", &e, "%s", ""); /* the next start of an engine tries again */
}

bool sweep_busy(void)
{
	return engine.store.trashed || sweeper.loop;
}

int sweep_main(int argc, char **argv)
{
	struct err e = {0};
	int r = store_sweep(SWEEP_FD_WORK, &e);

	(void)argc;
	(void)argv;
	if (r < 0)
		event_err("sweep", &e, "%s", "");
	return r < 0;
}

/* Counting ---------------------------------------------------------------------------------------- */

enum usage_row { ROW_IMAGES, ROW_CONTAINERS, ROW_VOLUMES, ROW_LOGS, ROW_OTHER, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {"Images", "Containers", "Local Volumes", "Logs",
						 "Under Way"};

struct row {
	uint64_t total, active, bytes, free_bytes;
};

/* one count at a time */
static struct {
	struct loop_child child;
	int answer_fd;
} count = {.answer_fd = -1};

static void put_usage(enum layout_dir d, const char *name, uint64_t bytes, uint64_t log_bytes,
		      void *data)
{
	struct enc *enc = data;

	enc_u8(enc, (uint8_t)d);
	enc_str(enc, name);
	enc_u64(enc, bytes);
	enc_u64(enc, log_bytes);
}

int usage_main(int argc, char **argv)
{
	static uint8_t mem[ANSWER_CAP];
	struct store s = {.root_fd = SWEEP_FD_WORK};
	struct enc enc;

	(void)argc;
	(void)argv;
	enc_init(&enc, mem, sizeof(mem));
	return store_usage(&s, put_usage, &enc, NULL) < 0 || !enc_ok(&enc) ||
	       sys_write_all(SWEEP_FD_ANSWER, enc.p, enc.len) < 0;
}

static bool in_use(enum layout_dir d, const char *name)
{
	struct container *k = NULL;

	if (d == LAYOUT_VOLUMES)
		return volume_used(name);
	while ((k = container_each(k)))
		if (str_eq(k->id, name))
			return container_alive(k);
	return false;
}

static void add(struct row *row, bool active, uint64_t bytes)
{
	row->total++;
	row->active += active;
	row->bytes += bytes;
	row->free_bytes += active ? 0 : bytes;
}

static int take_answer(struct row *rows)
{
	auto_unmap struct sys_map map = {0};
	auto_scratch size_t mark = scratch_mark();
	struct dec d;
	int r = sys_map_file(count.answer_fd, &map);

	(void)mark;
	if (r < 0)
		return r;
	dec_init(&d, map.p, map.len, &engine.scratch);
	while (!d.bad && d.pos < d.len) {
		enum layout_dir dir = (enum layout_dir)dec_u8(&d);
		char *name = dec_str_req(&d);
		uint64_t bytes = dec_u64(&d), log = dec_u64(&d);
		bool active = in_use(dir, name);

		if (dir == LAYOUT_CONTAINERS) {
			add(&rows[ROW_CONTAINERS], active, bytes);
			add(&rows[ROW_LOGS], active, log);
		} else {
			add(&rows[dir == LAYOUT_VOLUMES ? ROW_VOLUMES : ROW_OTHER], active, bytes);
		}
	}
	return dec_done(&d);
}

static int count_image(const struct digest *manifest, void *data)
{
	struct row *row = data;
	bool active = false;

	for (struct container *k = NULL; (k = container_each(k));)
		active |= digest_eq(&k->image, manifest);
	row->total++;
	row->active += active;
	return 0;
}

static int count_images(struct row *row, struct err *e)
{
	struct store_shares shares;
	struct store_keep keep;
	int r;

	images_needed(&keep, NULL);
	r = store_image_shares(&engine.store, keep.images, keep.n_images, &shares, e);
	if (r < 0)
		return r;
	row->bytes = shares.bytes;
	row->free_bytes = shares.unused_bytes;
	return store_image_each(&engine.store, count_image, row, e);
}

static void answer(struct client *c, struct sys_exit x)
{
	struct row rows[ROW_COUNT] = {0};
	struct err e = {0};
	int r = sys_exit_code(x) ? -EIO : take_answer(rows);

	if (r < 0)
		err_text(&e, r, "what is stored could not be counted");
	else
		r = count_images(&rows[ROW_IMAGES], &e);
	if (r < 0) {
		client_error(c, 1, "%s", e.msg);
		return;
	}
	for (size_t i = 0; i < ROW_COUNT; i++)
		client_pair(c, row_names[i], "%llu %llu %llu %llu",
			    (unsigned long long)rows[i].total, (unsigned long long)rows[i].active,
			    (unsigned long long)rows[i].bytes,
			    (unsigned long long)rows[i].free_bytes);
	client_done(c);
}

static void counted(struct loop_child *child, struct sys_exit x)
{
	(void)child;
	for (struct client *c = NULL; (c = client_each(c));)
		if (c->wait == CLIENT_DF)
			answer(c, x);
	sys_close(take_fd(&count.answer_fd));
}

void verb_df(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct err e = {0};

	(void)r;
	(void)m;
	if (count.answer_fd >= 0) {
		client_error(c, 1, "another 'cleat df' is under way");
		return;
	}
	count.answer_fd = sys_memfd("usage", 0);
	if (count.answer_fd < 0)
		err_set(&e, count.answer_fd, "make a memory file");
	else
		sweep_spawn("@usage", engine.store.root_fd, count.answer_fd, &count.child, counted,
			    &e);
	if (e.code) {
		sys_close(take_fd(&count.answer_fd));
		client_error(c, 1, "%s", e.msg);
		return;
	}
	client_watch(c, CLIENT_DF, NULL);
}
