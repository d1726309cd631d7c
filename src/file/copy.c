/* SPDX-License-Identifier: Apache-2.0 */
#include "file/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "sys/fd.h"

static char chunk[64 * 1024];
static char link_target[PATH_MAX];

static int copy_bytes(int from_fd, int to_fd)
{
	ssize_t n;

	while ((n = sys_read(from_fd, chunk, sizeof(chunk))) > 0) {
		int r = sys_write_all(to_fd, chunk, (size_t)n);

		if (r < 0)
			return r;
	}
	return (int)n;
}

static int copy_file(int from_dir, int to_dir, const char *name)
{
	auto_close int from_fd = sys_open(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	auto_close int to_fd = -1;

	if (from_fd < 0)
		return from_fd;
	to_fd = sys_open(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	return to_fd < 0 ? to_fd : copy_bytes(from_fd, to_fd);
}

static int copy_link(int from_dir, int to_dir, const char *name)
{
	int r = sys_readlink(from_dir, name, link_target, sizeof(link_target));

	return r < 0 ? r : sys_symlink(link_target, to_dir, name);
}

/* owner first: chown clears the set-id bits that chmod then sets */
static int set_attributes(int dir_fd, const char *name, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	int r = sys_chown(dir_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW);

	if (r == 0 && !S_ISLNK(st->st_mode))
		r = sys_chmod(dir_fd, name, st->st_mode & 07777, AT_SYMLINK_NOFOLLOW);
	if (r == 0)
		r = sys_utimens(dir_fd, name, times, AT_SYMLINK_NOFOLLOW);
	return r;
}

static int copy_dir(int from_fd, int to_fd, unsigned int depth, struct err *e);

static int copy_subdir(int from_dir, int to_dir, const char *name, unsigned int depth,
		       struct err *e)
{
	auto_close int from_fd = sys_open(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	auto_close int to_fd = -1;
	int r = from_fd < 0 ? from_fd : sys_mkdir(to_dir, name, 0700);

	if (r < 0)
		return r;
	to_fd = sys_open(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return to_fd < 0 ? to_fd : copy_dir(from_fd, to_fd, depth + 1, e);
}

static int copy_entry(int from_dir, int to_dir, const char *name, unsigned int depth, struct err *e)
{
	struct stat st;
	int r = sys_statat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW);

	if (r < 0)
		return r;
	if (S_ISSOCK(st.st_mode))
		return 0;
	if (S_ISDIR(st.st_mode))
		r = copy_subdir(from_dir, to_dir, name, depth, e);
	else if (S_ISREG(st.st_mode))
		r = copy_file(from_dir, to_dir, name);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(from_dir, to_dir, name);
	else
		r = sys_mknod(to_dir, name, st.st_mode & S_IFMT, st.st_rdev);
	return r < 0 ? r : set_attributes(to_dir, name, &st);
}

static int copy_dir(int from_fd, int to_fd, unsigned int depth, struct err *e)
{
	struct sys_dir dir;
	unsigned char type;
	const char *name;
	int r;

	if (depth >= COPY_MAX_DEPTH)
		return err_text(e, -ELOOP, "directories are more than %d deep", COPY_MAX_DEPTH);
	sys_dir_init(&dir, from_fd);
	while ((r = sys_dir_next(&dir, &name, &type)) > 0) {
		r = copy_entry(from_fd, to_fd, name, depth, e);
		if (r < 0) {
			if (e && !e->code)
				err_set(e, r, "%s", name);
			return r;
		}
	}
	return r < 0 ? err_set(e, r, "read a directory") : 0;
}

int copy_tree(int from_fd, int to_fd, struct err *e)
{
	struct stat st;
	int r = copy_dir(from_fd, to_fd, 0, e);

	if (r < 0)
		return r;
	r = sys_stat(from_fd, &st);
	if (r == 0)
		r = set_attributes(to_fd, ".", &st);
	return r < 0 ? err_set(e, r, "owner and mode of the top directory") : 0;
}
