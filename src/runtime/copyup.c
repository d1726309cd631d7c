/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/copyup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "sys/fd.h"

#define MAX_DEPTH 32

static char block[16 * 1024], target[PATH_MAX];

static int copy_file(int from_fd, int to_fd, const char *name, const struct stat *st)
{
	/* O_NONBLOCK: what was a file a moment ago may be a pipe by now */
	auto_close int in = sys_open(from_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	auto_close int out =
		in < 0 ? in : sys_open(to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	struct stat now;
	ssize_t n = 1;
	int r = out < 0 ? out : sys_stat(in, &now);

	if (r == 0 && !S_ISREG(now.st_mode))
		return 0;
	while (r == 0 && (n = sys_read(in, block, sizeof(block))) > 0)
		r = sys_write_all(out, block, (size_t)n);
	if (r == 0)
		r = n < 0 ? (int)n : sys_chown(out, "", st->st_uid, st->st_gid, AT_EMPTY_PATH);
	return r < 0 ? r : sys_fchmod(out, st->st_mode & 07777);
}

static int copy_link(int from_fd, int to_fd, const char *name, const struct stat *st)
{
	int r = sys_readlink(from_fd, name, target, sizeof(target));

	if (r >= 0)
		r = sys_symlink(target, to_fd, name);
	return r < 0 ? r : sys_chown(to_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW);
}

static int copy_dir(int from_fd, int to_fd, unsigned int depth);

static int copy_one(int from_fd, int to_fd, const char *name, unsigned int depth)
{
	auto_close int from = -1;
	auto_close int to = -1;
	struct stat st;
	int r = sys_statat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (S_ISREG(st.st_mode))
		return copy_file(from_fd, to_fd, name, &st);
	if (S_ISLNK(st.st_mode))
		return copy_link(from_fd, to_fd, name, &st);
	if (!S_ISDIR(st.st_mode))
		return 0;
	r = sys_mkdir(to_fd, name, 0700);
	from = r < 0 ? r : sys_open(from_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	to = from < 0 ? from : sys_open(to_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (to < 0)
		return to;
	r = copy_dir(from, to, depth + 1);
	if (r == 0)
		r = sys_chown(to, "", st.st_uid, st.st_gid, AT_EMPTY_PATH);
	return r < 0 ? r : sys_fchmod(to, st.st_mode & 07777);
}

/* Depth is bounded, so is the recursion: a directory reader and two stats a level. */
static int copy_dir(int from_fd, int to_fd, unsigned int depth)
{
	unsigned char type;
	struct sys_dir d;
	const char *name;
	int r;

	if (depth > MAX_DEPTH)
		return -ELOOP;
	sys_dir_init(&d, from_fd);
	while ((r = sys_dir_next(&d, &name, &type)) == 1) {
		r = copy_one(from_fd, to_fd, name, depth);
		if (r < 0)
			return r;
	}
	return r;
}

int copyup(int from_fd, int to_fd, struct err *e)
{
	auto_close int from = sys_open(from_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	int r = from < 0 ? from : copy_dir(from, to_fd, 0);

	return r < 0 ? err_set(e, r, "copy what the directory holds") : 0;
}
