/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's own writable state: containers/<id>/{upper,work,log}. It appears and goes by
 * rename, but without fsync: `run --rm` must not wait for the flash, and what a container wrote is
 * as durable as its own fsyncs make it. After a power cut a container made just before may be
 * missing, never half there on a file system that orders its metadata; fsck names one that is.
 */
#include "store/container.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/stage.h"
#include "sys/fd.h"

const char *const container_dirs[CONTAINER_N_DIRS] = {"upper", "work", "log"};

static int make(int dir_fd, struct err *e)
{
	for (size_t i = 0; i < CONTAINER_N_DIRS; i++) {
		/* upper becomes the container's "/" */
		int r = sys_mkdir(dir_fd, container_dirs[i], i == 0 ? 0755 : 0700);

		if (r < 0)
			return err_set(e, r, "make %s of the container", container_dirs[i]);
	}
	return 0;
}

int store_container_create(struct store *s, const char *id, struct err *e)
{
	char staged[STAGE_NAME_CAP], from[LAYOUT_PATH_CAP], to[LAYOUT_PATH_CAP];
	auto_close int fd = -1;
	int r;

	r = layout_check_name("container", id, e);
	if (r < 0)
		return r;
	layout_path(to, LAYOUT_CONTAINERS, id, NULL);
	if (store_is_dir(s, to))
		return err_text(e, -EEXIST, "container %s exists already", id);
	fd = stage_begin(s, staged, e);
	if (fd < 0)
		return fd;
	r = make(fd, e);
	if (r == 0) {
		layout_path(from, LAYOUT_STAGING, staged, NULL);
		r = sys_rename(s->root_fd, from, s->root_fd, to, 0);
		if (r < 0)
			err_set(e, r, "store: put container %s in place", id);
	}
	if (r < 0) {
		stage_abort(s, staged);
		return r;
	}
	return take_fd(&fd);
}

int store_container_open(const struct store *s, const char *id, struct err *e)
{
	char path[LAYOUT_PATH_CAP];
	int fd, r;

	r = layout_check_name("container", id, e);
	if (r < 0)
		return r;
	layout_path(path, LAYOUT_CONTAINERS, id, NULL);
	fd = sys_open(s->root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return fd < 0 ? err_set(e, fd, "open the state of container %s", id) : fd;
}

int store_container_remove(struct store *s, const char *id, struct err *e)
{
	int r = layout_check_name("container", id, e);

	return r < 0 ? r : stage_drop(s, LAYOUT_CONTAINERS, id, e);
}

int store_container_each(const struct store *s, store_name_fn *fn, void *data, struct err *e)
{
	return store_each(s, LAYOUT_CONTAINERS, fn, data, e);
}
