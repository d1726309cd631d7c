/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels, newest first: private procfs with openat2 (5.6); private procfs, in which nothing can be
 * mounted (5.2); /proc with openat2, where somebody forbids the first; /proc and a comparison of mount
 * ids. A private one costs six calls, so it is made when there is something to write.
 */
#include "file/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/str.h"
#include "sys/fd.h"
#include "sys/mnt.h"

#define ROOT_INODE 1 /* PROC_ROOT_INO */

/* The host's, if it is the root of a procfs and not some directory of one. */
static int checked_root(void)
{
	auto_close int fd = sys_open(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	struct statfs fs;
	struct stat st;
	int r = fd < 0 ? fd : sys_statfs(fd, &fs);

	if (r == 0)
		r = sys_stat(fd, &st);
	if (r < 0)
		return r;
	return fs.f_type == PROC_SUPER_MAGIC && st.st_ino == ROOT_INODE ? take_fd(&fd) : -EXDEV;
}

/* The line "mnt_id:" of fdinfo, itself of procfs. Return: the id; -errno */
static int mount_id(int root, int fd)
{
	char path[32], text[256], *id;
	auto_close int info = -1;
	struct statfs fs;
	ssize_t n;
	int r;

	snprintf(path, sizeof(path), "self/fdinfo/%d", fd);
	info = sys_open(root, path, O_RDONLY | O_NOFOLLOW, 0);
	r = info < 0 ? info : sys_statfs(info, &fs);
	n = r < 0 ? r : sys_read(info, text, sizeof(text) - 1);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	id = strstr(text, "mnt_id:\t");
	if (fs.f_type != PROC_SUPER_MAGIC || !id)
		return -EXDEV;
	r = 0;
	for (id += strlen("mnt_id:\t"); *id >= '0' && *id <= '9' && r < 100000000; id++)
		r = r * 10 + (*id - '0');
	return r;
}

static int open_old(int root, const char *path, int flags)
{
	auto_close int fd = sys_open(root, path, flags | O_NOFOLLOW, 0);
	int want = fd < 0 ? fd : mount_id(root, root);
	int have = want < 0 ? want : mount_id(root, fd);

	if (have < 0)
		return have;
	return have == want ? take_fd(&fd) : -EXDEV;
}

int procfs_open(int *root, const char *path, int flags)
{
	int fd;

	if (strstr(path, ".."))
		return -EINVAL;
	if (*root < 0)
		*root = sys_fsmount_new("proc", str_starts(path, "sys/") ? NULL : "subset", "pid",
					0);
	if (*root < 0)
		*root = checked_root();
	if (*root < 0)
		return *root;
	fd = sys_openat2(*root, path, flags, 0,
			 RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
	return fd == -ENOSYS ? open_old(*root, path, flags) : fd;
}

int procfs_write(int *root, const char *path, const void *data, size_t len)
{
	auto_close int fd = procfs_open(root, path, O_WRONLY);
	ssize_t n = fd < 0 ? fd : sys_write(fd, data, len);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EIO;
}
