/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much room things take. Blocks are counted, not lengths; a file with several names counts a
 * share for each, so that a sum over trees is right. Trees belong to containers and change while
 * they are counted: what vanishes is nothing.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "file/tree.h"
#include "store/layer.h"
#include "store/stage.h"
#include "sys/fd.h"

#define BLOCK_BYTES 512

static uint64_t share(const struct stat *st)
{
	uint64_t bytes = (uint64_t)st->st_blocks * BLOCK_BYTES;

	return S_ISDIR(st->st_mode) || st->st_nlink < 2 ? bytes : bytes / st->st_nlink;
}

static int add(int dir_fd, const char *name, const struct stat *st, int depth, void *data)
{
	uint64_t *sum = data;

	(void)dir_fd, (void)name, (void)depth;
	*sum += share(st);
	return 0;
}

static uint64_t tree_bytes(int dir_fd, const char *name)
{
	uint64_t sum = 0;
	struct stat st;

	if (sys_statat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	sum = share(&st);
	if (S_ISDIR(st.st_mode))
		tree_each(dir_fd, name, add, &sum);
	return sum;
}

struct usage {
	const struct store *s;
	enum layout_dir dir;
	store_usage_fn *fn;
	void *data;
};

static int one(const char *name, void *data)
{
	const struct usage *u = data;
	char path[LAYOUT_PATH_CAP];
	uint64_t log = 0;

	if (u->dir == LAYOUT_CONTAINERS && layout_check_name("container", name, NULL) == 0)
		log = tree_bytes(u->s->root_fd, layout_path(path, u->dir, name, "log"));
	else if (u->dir == LAYOUT_VOLUMES && layout_check_name("volume", name, NULL) < 0)
		return 0;
	layout_path(path, u->dir, name, u->dir == LAYOUT_CONTAINERS ? "upper" : NULL);
	u->fn(u->dir, name, tree_bytes(u->s->root_fd, path), log, u->data);
	return 0;
}

int store_usage(const struct store *s, store_usage_fn *fn, void *data, struct err *e)
{
	static const enum layout_dir dirs[] = {LAYOUT_CONTAINERS, LAYOUT_VOLUMES, LAYOUT_PARTIAL,
					       LAYOUT_STAGING, LAYOUT_TRASH};
	struct usage u = {.s = s, .fn = fn, .data = data};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(dirs); i++) {
		u.dir = dirs[i];
		r = store_each(s, u.dir, one, &u, e);
	}
	return r;
}
