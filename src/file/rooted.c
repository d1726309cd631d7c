/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two resolvers with the same answers. The kernel's openat2(RESOLVE_IN_ROOT) is used where it exists;
 * below Linux 5.6 the walk in rooted_walk.c takes its place. Which one is decided by the errno of
 * each call, so a sandbox that hides openat2 gets the walk as well.
 */
#include "file/rooted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "file/rooted_walk.h"
#include "sys/fd.h"

/* EAGAIN: a rename or mount elsewhere raced with "..". An attacker who does it for ever is refused. */
#define MAX_RACES 128

static int resolve(int root_fd, const char *path, int flags, mode_t mode)
{
	int r = -EAGAIN;

	for (int i = 0; i < MAX_RACES && r == -EAGAIN; i++)
		r = sys_openat2(root_fd, path, flags, mode,
				RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	return r == -ENOSYS || r == -EPERM ? rooted_walk(root_fd, path, flags, mode) : r;
}

int rooted_open(int root_fd, const char *path, int flags, mode_t mode, struct err *e)
{
	int fd;

	/* openat2 has no name for the root itself but "." and "/" */
	fd = resolve(root_fd, *path ? path : ".", flags, mode);
	return fd < 0 ? err_set(e, fd, "open %s in its root", path) : fd;
}

int rooted_open_straight(int root_fd, const char *path, int flags)
{
	int fd = strstr(path, "..") ? -ELOOP
				    : sys_openat2(root_fd, *path ? path : ".", flags | O_PATH, 0,
						  RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);

	return fd == -ENOSYS || fd == -EPERM || fd == -EAGAIN ? -ELOOP : fd;
}

int rooted_open_regular(int root_fd, const char *path, off_t max, struct err *e)
{
	auto_close int fd = rooted_open(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	r = sys_stat(fd, &st);
	if (r < 0)
		return err_set(e, r, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_text(e, -EINVAL, "%s is not a regular file", path);
	if (st.st_size > max)
		return err_text(e, -EFBIG, "%s is longer than %lld bytes", path, (long long)max);
	return take_fd(&fd);
}

/* Makes @name in @parent_fd as asked for, whatever the umask; set-group-id is inherited as the kernel does. Return: fd; -errno */
static int make_dir(int parent_fd, const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	auto_close int fd = -1;
	struct stat st;
	int r = sys_mkdir(parent_fd, name, uid || gid ? 0700 : mode);

	if (r < 0)
		return r;
	fd = sys_open(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	r = fd < 0 ? fd : sys_stat(fd, &st);
	if (r < 0)
		return r;
	if (st.st_uid == uid && st.st_gid == gid &&
	    (st.st_mode & 07777 & ~(unsigned int)S_ISGID) == mode)
		return take_fd(&fd);
	sys_close(fd);
	fd = sys_open(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	r = sys_chown(fd, "", uid, gid, AT_EMPTY_PATH);
	if (r == 0)
		r = sys_fchmod(fd, mode | (st.st_mode & S_ISGID));
	return r < 0 ? r : take_fd(&fd);
}

/* Cuts @prefix to the longest part of it that exists. Return: O_PATH fd of that; -errno */
static int open_existing(int root_fd, char *prefix, size_t *ret_len)
{
	size_t len = strlen(prefix);
	int fd = -ENOENT;

	while (fd == -ENOENT && len) {
		while (len && prefix[len - 1] == '/')
			len--;
		while (len && prefix[len - 1] != '/')
			len--;
		prefix[len] = '\0';
		fd = resolve(root_fd, len ? prefix : ".", O_PATH | O_DIRECTORY, 0);
	}
	*ret_len = len;
	return fd;
}

/*
 * Each prefix of the path is resolved from the root, so a link in the middle leads where the kernel
 * would lead. A component is made only in the directory that its prefix resolved to; a dangling link
 * is an error (EEXIST by mkdir), not a directory at its target.
 */
int rooted_mkdirs(int root_fd, const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *e)
{
	auto_close int at = resolve(root_fd, *path ? path : ".", O_PATH | O_DIRECTORY, 0);
	static char prefix[PATH_MAX];
	size_t end;

	if (at >= 0)
		return take_fd(&at);
	if (at != -ENOENT)
		return err_set(e, at, "open %s in its root", path);
	if (str_copy(prefix, sizeof(prefix), path) < 0)
		return err_set(e, -ENAMETOOLONG, "path in a root");
	at = open_existing(root_fd, prefix, &end);
	while (at >= 0) {
		size_t start = end + strspn(path + end, "/");
		int next, there;

		if (!path[start])
			return take_fd(&at);
		end = start + strcspn(path + start, "/");
		memcpy(prefix, path, end);
		prefix[end] = '\0';
		next = make_dir(at, prefix + start, mode, uid, gid);
		/* "..", or somebody was faster */
		if (next == -EEXIST) {
			there = resolve(root_fd, prefix, O_PATH | O_DIRECTORY, 0);
			next = there == -ENOENT ? -EEXIST : there;
		}
		sys_close(at);
		at = next;
	}
	return err_set(e, at, "make %.*s in its root", (int)end, path);
}

int rooted_parent(int root_fd, const char *path, char *ret_name, struct err *e)
{
	static char dir[PATH_MAX];
	size_t len = strlen(path), start;
	int fd;

	/* "a/b/", "a/b/." and "a/b" name the same */
	while (len && (path[len - 1] == '/' ||
		       (path[len - 1] == '.' && (len == 1 || path[len - 2] == '/'))))
		len--;
	start = len;
	while (start && path[start - 1] != '/')
		start--;
	if (len - start == 2 && memcmp(path + start, "..", 2) == 0)
		return err_text(e, -EINVAL, "%s ends in \"..\"", path);
	if (len - start > NAME_MAX || str_copy_n(dir, sizeof(dir), path, start) < 0)
		return err_set(e, -ENAMETOOLONG, "path in a root");
	fd = resolve(root_fd, *dir ? dir : ".", O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return err_set(e, fd, "open the directory of %s in its root", path);
	if (len)
		str_copy_n(ret_name, NAME_MAX + 1, path + start, len - start);
	else
		str_copy(ret_name, NAME_MAX + 1, ".");
	return fd;
}
