/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generations: generations/<n>/{manifest.yaml,model}, numbered upward from 1, never changed once
 * they are there. `current` and `previous` are symbolic links to a number, replaced by rename.
 *
 * Order of activation: previous first, then current. A power cut between the two leaves previous
 * equal to current: what runs is still what ran, and only the way further back is forgotten.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "file/durable.h"
#include "store/generation.h"
#include "store/stage.h"
#include "sys/fd.h"

#define MODEL_NAME "model"

static int read_link(const struct store *s, const char *which, uint64_t *ret_number, struct err *e)
{
	char path[LAYOUT_PATH_CAP], target[32];
	int r;

	layout_path(path, LAYOUT_GENERATIONS, which, NULL);
	r = sys_readlink(s->root_fd, path, target, sizeof(target));
	if (r == -ENOENT)
		return err_text(e, r, "there is no %s generation yet", which);
	if (r < 0)
		return err_set(e, r, "store: read %s", path);
	if (layout_number_parse(target, ret_number) < 0)
		return err_text(e, -EBADMSG, "store: %s is damaged", path);
	return 0;
}

int store_generation_current(const struct store *s, uint64_t *ret_number, struct err *e)
{
	return read_link(s, GENERATION_CURRENT, ret_number, e);
}

int generation_previous(const struct store *s, uint64_t *ret_number, struct err *e)
{
	return read_link(s, GENERATION_PREVIOUS, ret_number, e);
}

int store_generation_previous(const struct store *s, uint64_t *ret_number, struct err *e)
{
	return generation_previous(s, ret_number, e);
}

static int max_number(const char *name, void *data)
{
	uint64_t number, *max = data;

	if (layout_number_parse(name, &number) == 0 && number > *max)
		*max = number;
	return 0;
}

int store_generation_put(struct store *s, struct span yaml, struct span encoded,
			 uint64_t *ret_number, struct err *e)
{
	char staged[STAGE_NAME_CAP], name[LAYOUT_NAME_CAP];
	auto_close int fd = -1;
	uint64_t number = 0;
	int r;

	r = store_each(s, LAYOUT_GENERATIONS, max_number, &number, e);
	if (r < 0)
		return r;
	layout_number(name, ++number);
	fd = stage_begin(s, staged, e);
	if (fd < 0)
		return fd;
	r = stage_file(fd, "manifest.yaml", yaml, e);
	if (r == 0)
		r = stage_file(fd, MODEL_NAME, encoded, e);
	if (r < 0)
		goto undo;
	r = sys_fsync(fd);
	if (r < 0) {
		err_set(e, r, "store: sync a staged generation");
		goto undo;
	}
	r = stage_commit(s, staged, LAYOUT_GENERATIONS, name, e);
	if (r < 0)
		goto undo;
	*ret_number = number;
	return 0;
undo:
	stage_abort(s, staged);
	return r;
}

static int set_link(const struct store *s, const char *which, uint64_t number, struct err *e)
{
	auto_close int fd = store_dir(s, LAYOUT_GENERATIONS, e);
	char target[LAYOUT_NAME_CAP];

	return fd < 0 ? fd : durable_symlink(fd, which, layout_number(target, number), e);
}

int store_generation_activate(struct store *s, uint64_t number, struct err *e)
{
	char name[LAYOUT_NAME_CAP], path[LAYOUT_PATH_CAP];
	uint64_t current;
	int r;

	layout_path(path, LAYOUT_GENERATIONS, layout_number(name, number), NULL);
	if (!store_is_dir(s, path))
		return err_text(e, -ENOENT, "there is no generation %llu",
				(unsigned long long)number);
	r = read_link(s, GENERATION_CURRENT, &current, NULL);
	if (r == 0 && current == number)
		return 0;
	if (r < 0 && r != -ENOENT && r != -EBADMSG)
		return err_set(e, r, "store: read the current generation");
	if (r == 0) {
		r = set_link(s, GENERATION_PREVIOUS, current, e);
		if (r < 0)
			return r;
	}
	return set_link(s, GENERATION_CURRENT, number, e);
}

ssize_t store_generation_read(const struct store *s, uint64_t number, void *buf, size_t cap,
			      struct err *e)
{
	char name[LAYOUT_NAME_CAP], path[LAYOUT_PATH_CAP];
	auto_close int fd = -1;

	layout_path(path, LAYOUT_GENERATIONS, layout_number(name, number), NULL);
	fd = sys_open(s->root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd == -ENOENT)
		return err_text(e, fd, "there is no generation %llu", (unsigned long long)number);
	if (fd < 0)
		return err_set(e, fd, "store: open %s", path);
	return file_read(fd, MODEL_NAME, buf, cap, e);
}
