/* SPDX-License-Identifier: Apache-2.0 */
/* Named volumes: volumes/<name>/_data, as Docker lays them out. What is inside belongs to the
 * containers. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/stage.h"
#include "sys/fd.h"

#define DATA_NAME "_data"

bool store_volume_exists(const struct store *s, const char *name)
{
	char path[LAYOUT_PATH_CAP];

	return layout_check_name("volume", name, NULL) == 0 &&
	       store_is_dir(s, layout_path(path, LAYOUT_VOLUMES, name, NULL));
}

int store_volume_begin(struct store *s, char ret_staged[static STAGE_NAME_CAP], struct err *e)
{
	auto_close int fd = stage_begin(s, ret_staged, e);
	int r;

	if (fd < 0)
		return fd;
	r = sys_mkdir(fd, DATA_NAME, 0755);
	if (r == 0)
		r = sys_fsync(fd);
	if (r == 0)
		r = sys_open(fd, DATA_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (r < 0) {
		err_set(e, r, "make the data directory of a volume");
		stage_abort(s, ret_staged);
	}
	return r;
}

int store_volume_commit(struct store *s, const char *staged, const char *name, struct err *e)
{
	int r = layout_check_name("volume", name, e);

	if (r == 0)
		r = stage_commit(s, staged, LAYOUT_VOLUMES, name, e);
	if (r < 0)
		stage_abort(s, staged);
	return r;
}

void store_volume_abort(struct store *s, const char *staged)
{
	stage_abort(s, staged);
}

int store_volume_ensure(struct store *s, const char *name, bool *ret_created, struct err *e)
{
	char path[LAYOUT_PATH_CAP], staged[STAGE_NAME_CAP];
	bool created = false;
	int fd, r;

	r = layout_check_name("volume", name, e);
	if (r < 0)
		return r;
	if (!store_volume_exists(s, name)) {
		fd = store_volume_begin(s, staged, e);
		if (fd < 0)
			return fd;
		sys_close(fd);
		r = store_volume_commit(s, staged, name, e);
		if (r < 0)
			return r;
		created = true;
	}
	layout_path(path, LAYOUT_VOLUMES, name, DATA_NAME);
	fd = sys_open(s->root_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return err_set(e, fd, "open volume %s", name);
	*ret_created = created;
	return fd;
}

int store_volume_remove(struct store *s, const char *name, struct err *e)
{
	char path[LAYOUT_PATH_CAP];
	int r;

	r = layout_check_name("volume", name, e);
	if (r < 0)
		return r;
	if (!store_is_dir(s, layout_path(path, LAYOUT_VOLUMES, name, NULL)))
		return err_text(e, -ENOENT, "no volume %s", name);
	return stage_discard(s, LAYOUT_VOLUMES, name, e);
}

int store_volume_each(const struct store *s, store_name_fn *fn, void *data, struct err *e)
{
	return store_each(s, LAYOUT_VOLUMES, fn, data, e);
}
