/* SPDX-License-Identifier: Apache-2.0 */
/* Named volumes: volumes/<name>/_data, as Docker lays them out. What is inside belongs to the
 * containers. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/stage.h"
#include "sys/fd.h"

#define DATA_NAME "_data"

static int make(struct store *s, const char *name, struct err *e)
{
	char staged[STAGE_NAME_CAP];
	auto_close int fd = stage_begin(s, staged, e);
	int r;

	if (fd < 0)
		return fd;
	r = sys_mkdir(fd, DATA_NAME, 0755);
	if (r == 0)
		r = sys_fsync(fd);
	if (r < 0)
		err_set(e, r, "make the data directory of volume %s", name);
	else
		r = stage_commit(s, staged, LAYOUT_VOLUMES, name, e);
	if (r < 0)
		stage_abort(s, staged);
	return r;
}

int store_volume_ensure(struct store *s, const char *name, bool *ret_created, struct err *e)
{
	char path[LAYOUT_PATH_CAP];
	bool created = false;
	int fd, r;

	r = layout_check_name("volume", name, e);
	if (r < 0)
		return r;
	if (!store_is_dir(s, layout_path(path, LAYOUT_VOLUMES, name, NULL))) {
		r = make(s, name, e);
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
