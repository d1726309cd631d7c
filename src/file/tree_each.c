/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "file/tree.h"
#include "sys/fd.h"

static int open_dir(int dir_fd, const char *name)
{
	return sys_open(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* Return: 1 one level down, in *ret_fd; 0 the end of this directory; else fn's, or -errno */
static int read_on(struct sys_dir *dir, int depth, tree_visit_fn *fn, void *data, int *ret_fd)
{
	unsigned char type;
	const char *name;
	struct stat st;
	int r;

	while ((r = sys_dir_next(dir, &name, &type)) > 0) {
		r = sys_statat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW);
		if (r == 0)
			r = fn(dir->fd, name, &st, depth, data);
		if (r == 0 && S_ISDIR(st.st_mode) && depth + 1 < TREE_MAX_DEPTH)
			r = *ret_fd = open_dir(dir->fd, name);
		if (r == -ENOENT) /* it has vanished */
			continue;
		if (r < 0)
			return r;
		if (*ret_fd >= 0)
			return 1;
	}
	return r;
}

int tree_each(int dir_fd, const char *name, tree_visit_fn *fn, void *data)
{
	struct sys_dir dir; /* one reader; positions are kept for each level */
	int fds[TREE_MAX_DEPTH], depth = 0, r;
	off_t at[TREE_MAX_DEPTH] = {0};

	r = fds[0] = open_dir(dir_fd, name);
	while (depth >= 0 && r >= 0) {
		int down = -1;

		sys_dir_init_at(&dir, fds[depth], at[depth]);
		r = read_on(&dir, depth, fn, data, &down);
		if (r == 1) {
			at[depth++] = dir.next_at;
			fds[depth] = down;
			at[depth] = 0;
		} else if (r == 0) {
			sys_close(fds[depth--]);
		}
	}
	while (depth >= 0)
		sys_close(fds[depth--]);
	return r;
}
