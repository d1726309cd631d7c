/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "engine/engine.h"
#include "engine/event.h"
#include "file/copy.h"
#include "file/rooted.h"
#include "sys/fd.h"

#define MAX_FILLED 64 /* bits of container_fill.mounts */
#define COPY_FROM  3
#define COPY_TO	   4

bool volume_hidden(const struct manifest_service *s, const char *target)
{
	for (size_t i = 0; i < s->n_mounts; i++)
		if (str_eq(s->mounts[i].target, target))
			return true;
	return false;
}

void volume_name(const struct container_record *rec, size_t number,
		 char dst[static VOLUME_NAME_CAP])
{
	const struct manifest_mount *m =
		number < rec->spec.n_mounts ? &rec->spec.mounts[number] : NULL;

	dst[0] = '\0';
	if (m && m->kind != MOUNT_VOLUME)
		return;
	if (m && m->source)
		str_copy(dst, VOLUME_NAME_CAP, m->source);
	else
		str_printf(dst, VOLUME_NAME_CAP, "anon-%.12s-%zu", rec->id, number);
}

static const char *target_of(const struct container_record *rec, const struct store_image *img,
			     size_t number)
{
	const struct manifest_service *s = &rec->spec;

	return number < s->n_mounts ? s->mounts[number].target
				    : img->config.volumes[number - s->n_mounts];
}

static int open_target(const struct container *c, const char *target)
{
	return rooted_open(c->rootfs_fd, target, O_RDONLY | O_DIRECTORY, 0, NULL);
}

static int prepare_one(struct container *c, const char *name, const char *target, size_t number,
		       struct err *e)
{
	auto_close int target_fd = -1;
	bool made;
	int fd;

	if (store_volume_exists(&engine.store, name))
		return 0;
	target_fd = open_target(c, target);
	if (target_fd < 0) {
		fd = store_volume_ensure(&engine.store, name, &made, e);
		sys_close(fd);
		return fd < 0 ? fd : 0;
	}
	if (number >= MAX_FILLED)
		return err_text(e, -E2BIG, "container %s has more than %d mounts and volumes",
				c->name, MAX_FILLED);
	c->fill.mounts |= UINT64_C(1) << number;
	return 0;
}

int volumes_prepare(struct container *c, const struct container_record *rec,
		    const struct store_image *img, struct err *e)
{
	size_t n = rec->spec.n_mounts + img->config.n_volumes;
	char name[VOLUME_NAME_CAP];
	int r = 0;

	c->fill.mounts = 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *target = target_of(rec, img, i);

		volume_name(rec, i, name);
		if (name[0] && (i < rec->spec.n_mounts || !volume_hidden(&rec->spec, target)))
			r = prepare_one(c, name, target, i, e);
	}
	return r;
}

/* Filling --------------------------------------------------------------------------------------- */

static void copied(struct loop_child *child, struct sys_exit x)
{
	struct container *c = child->data;
	int code = sys_exit_code(x);
	struct err e = {0};

	c->fill.pid = 0;
	if (code == 0) {
		store_volume_commit(&engine.store, c->fill.staged, c->fill.name, &e);
	} else {
		store_volume_abort(&engine.store, c->fill.staged);
		err_set(&e, code < 128 ? -code : -EIO, "copy what the image has to volume %s",
			c->fill.name);
	}
	c->fill.staged[0] = '\0';
	if (e.code)
		container_fail(c, 125, e.msg);
	else
		volumes_fill(c);
}

static int spawn_copy(struct container *c, int from_fd, int to_fd, struct err *e)
{
	static const char *const argv[] = {"cleat", "@copy", NULL};
	const int fds[] = {-1, 2, 2, from_fd, to_fd};
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
		return err_set(e, (int)pid, "start the copy");
	c->fill.pid = pid;
	loop_child_init(&c->fill.child, &engine.loop, pid, copied, c);
	return 0;
}

static int fill_one(struct container *c, size_t number, struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	auto_close int from_fd = -1;
	auto_close int to_fd = -1;
	struct container_record rec;
	struct store_image img;
	int r = container_record_image(c, &rec, &img, e);

	(void)mark;
	if (r < 0)
		return r;
	volume_name(&rec, number, c->fill.name);
	if (store_volume_exists(&engine.store, c->fill.name))
		return 0; /* two mounts of one volume, or another container was first */
	from_fd = open_target(c, target_of(&rec, &img, number));
	if (from_fd < 0)
		return err_set(e, from_fd, "open %s of the image", target_of(&rec, &img, number));
	to_fd = store_volume_begin(&engine.store, c->fill.staged, e);
	if (to_fd < 0) {
		c->fill.staged[0] = '\0';
		return to_fd;
	}
	r = spawn_copy(c, from_fd, to_fd, e);
	return r < 0 ? r : 1;
}

void volumes_fill(struct container *c)
{
	struct err e = {0};

	c->state = CONTAINER_FILLING;
	while (c->fill.mounts) {
		size_t number = (size_t)__builtin_ctzll(c->fill.mounts);
		int r;

		c->fill.mounts &= c->fill.mounts - 1;
		r = fill_one(c, number, &e);
		if (r > 0)
			return; /* copied() goes on */
		if (r < 0) {
			container_fail(c, 125, e.msg);
			return;
		}
	}
	container_create(c);
}

void volumes_cancel(struct container *c)
{
	if (c->fill.pid) {
		loop_child_fini(&c->fill.child);
		sys_kill(c->fill.pid, SIGKILL);
		engine_reap_later(c->fill.pid);
		c->fill.pid = 0;
	}
	if (c->fill.staged[0])
		store_volume_abort(&engine.store, c->fill.staged);
	c->fill.staged[0] = '\0';
	c->fill.mounts = 0;
}

void volumes_drop(const struct container *c)
{
	auto_scratch size_t mark = scratch_mark();
	struct container_record rec;
	struct store_image img;
	char name[VOLUME_NAME_CAP];

	(void)mark;
	if (container_record_image(c, &rec, &img, NULL) < 0)
		return;
	for (size_t i = 0; i < rec.spec.n_mounts + img.config.n_volumes; i++) {
		bool named = i < rec.spec.n_mounts && rec.spec.mounts[i].source;

		volume_name(&rec, i, name);
		if (name[0] && !named)
			store_volume_remove(&engine.store, name, NULL); /* most numbers have none */
	}
}

static bool uses(const struct container *k, const char *name)
{
	auto_scratch size_t mark = scratch_mark();
	char used[VOLUME_NAME_CAP];
	struct container_record rec;
	struct store_image img;

	(void)mark;
	if (container_record_image(k, &rec, &img, NULL) < 0)
		return true; /* cannot be told */
	for (size_t i = 0; i < rec.spec.n_mounts + img.config.n_volumes; i++) {
		volume_name(&rec, i, used);
		if (str_eq(used, name))
			return true;
	}
	return false;
}

bool volume_used(const char *name)
{
	for (struct container *k = NULL; (k = container_each(k));)
		if (uses(k, name))
			return true;
	return false;
}

int volume_copy_main(int argc, char **argv)
{
	struct err e = {0};
	int r = copy_tree(COPY_FROM, COPY_TO, &e);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = sys_syncfs(COPY_TO);
	if (e.code)
		event_err("volume-copy", &e, "%s", "");
	return -r;
}
