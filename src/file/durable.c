/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order is everything here: content is on the medium before the name points to it, and the name is
 * on the medium before the caller is told. A failed fsync is final: the kernel has dropped the dirty
 * pages, so the temporary file is thrown away and the caller builds it again.
 */
#include "file/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/stat.h>

#include "base/str.h"
#include "sys/fd.h"

/* One fixed temporary name per name: what a power cut leaves behind is replaced by the next write. */
static int temporary(char dst[static NAME_MAX + 1], const char *name, struct err *e)
{
	if (str_printf(dst, NAME_MAX + 1, ".%s.tmp", name) < 0)
		return err_set(e, -ENAMETOOLONG, "temporary name for %s", name);
	return 0;
}

static int remove_leftover(int dir_fd, const char *tmp, struct err *e)
{
	int r = sys_unlink(dir_fd, tmp, 0);

	return r < 0 && r != -ENOENT ? err_set(e, r, "remove old %s", tmp) : 0;
}

static int sync_dir(int dir_fd, const char *name, struct err *e)
{
	auto_close int fd = -1;
	int r = sys_fsync(dir_fd);

	if (r == -EBADF) { /* an O_PATH descriptor */
		fd = sys_open(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
		r = fd < 0 ? fd : sys_fsync(fd);
	}
	return r < 0 ? err_set(e, r, "sync the directory of %s", name) : 0;
}

static int write_synced(int dir_fd, const char *tmp, const void *data, size_t len, mode_t mode,
			struct err *e)
{
	auto_close int fd = sys_open(dir_fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return err_set(e, fd, "create %s", tmp);
	r = sys_fchmod(fd, mode);
	if (r < 0)
		return err_set(e, r, "set mode of %s", tmp);
	r = sys_write_all(fd, data, len);
	if (r < 0)
		return err_set(e, r, "write %s (%zu bytes)", tmp, len);
	r = sys_fsync(fd);
	return r < 0 ? err_set(e, r, "sync %s", tmp) : 0;
}

/* @tmp is whole and synced: make it @name, or remove it */
static int publish(int dir_fd, const char *tmp, const char *name, struct err *e)
{
	int r = sys_rename(dir_fd, tmp, dir_fd, name, 0);

	if (r < 0) {
		sys_unlink(dir_fd, tmp, 0);
		return err_set(e, r, "rename %s to %s", tmp, name);
	}
	return sync_dir(dir_fd, name, e);
}

int durable_write(int dir_fd, const char *name, const void *data, size_t len, mode_t mode,
		  struct err *e)
{
	char tmp[NAME_MAX + 1];
	int r = temporary(tmp, name, e);

	if (r == 0)
		r = remove_leftover(dir_fd, tmp, e);
	if (r < 0)
		return r;
	r = write_synced(dir_fd, tmp, data, len, mode, e);
	if (r < 0) {
		sys_unlink(dir_fd, tmp, 0);
		return r;
	}
	return publish(dir_fd, tmp, name, e);
}

int durable_symlink(int dir_fd, const char *name, const char *target, struct err *e)
{
	char tmp[NAME_MAX + 1];
	int r = temporary(tmp, name, e);

	if (r == 0)
		r = remove_leftover(dir_fd, tmp, e);
	if (r < 0)
		return r;
	r = sys_symlink(target, dir_fd, tmp);
	if (r < 0)
		return err_set(e, r, "create link %s", tmp);
	/* the link's inode is written with the directory's sync: before it the old name stands */
	r = sync_dir(dir_fd, tmp, e);
	if (r < 0) {
		sys_unlink(dir_fd, tmp, 0);
		return r;
	}
	return publish(dir_fd, tmp, name, e);
}

static int rename_new(int from_fd, const char *from, int to_fd, const char *to)
{
	struct stat st;
	int r = sys_rename(from_fd, from, to_fd, to, RENAME_NOREPLACE);

	if (r != -EINVAL && r != -ENOSYS)
		return r;
	/* a file system without the flag: its only writer is whoever holds the store's lock */
	r = sys_statat(to_fd, to, &st, AT_SYMLINK_NOFOLLOW);
	if (r != -ENOENT)
		return r < 0 ? r : -EEXIST;
	return sys_rename(from_fd, from, to_fd, to, 0);
}

int durable_rename(int from_fd, const char *from, int to_fd, const char *to, struct err *e)
{
	int r = rename_new(from_fd, from, to_fd, to);

	if (r < 0)
		return err_set(e, r, "rename %s to %s", from, to);
	r = sync_dir(to_fd, to, e);
	if (r == 0 && from_fd != to_fd)
		r = sync_dir(from_fd, from, e);
	return r;
}

int durable_unlink(int dir_fd, const char *name, struct err *e)
{
	int r = sys_unlink(dir_fd, name, 0);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? err_set(e, r, "remove %s", name) : sync_dir(dir_fd, name, e);
}

ssize_t file_read(int dir_fd, const char *name, void *buf, size_t cap, struct err *e)
{
	auto_close int fd =
		sys_open(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	ssize_t n;
	int r;

	if (fd < 0)
		return err_set(e, fd, "open %s", name);
	r = sys_stat(fd, &st);
	if (r < 0)
		return err_set(e, r, "stat %s", name);
	if (!S_ISREG(st.st_mode))
		return err_text(e, -EINVAL, "%s is not a regular file", name);
	n = sys_read_full(fd, buf, cap);
	if (n < 0)
		return err_set(e, (int)n, "read %s", name);
	if ((size_t)n == cap)
		return err_text(e, -EFBIG, "%s is longer than %zu bytes", name, cap - 1);
	((char *)buf)[n] = '\0';
	return n;
}
