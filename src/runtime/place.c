/* SPDX-License-Identifier: Apache-2.0 */
/* Where a mount goes: found inside the root, made where missing, and fit to be mounted on. */
#include "runtime/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/str.h"
#include "file/rooted.h"
#include "runtime/bind.h"
#include "sys/fd.h"

#define DIR_MODE   0755
#define FILE_MODE  0644
#define PROC_INODE 1 /* of the root of a procfs */

int place_parent(int root_fd, const char *path, char *ret_name, struct err *e)
{
	static char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	auto_close int made = -1;
	int fd = rooted_parent(root_fd, path, ret_name, NULL);

	if (fd != -ENOENT || !slash)
		return fd < 0 ? err_set(e, fd, "parent of %s in the root", path) : fd;
	if (str_copy_n(dir, sizeof(dir), path, (size_t)(slash - path)) < 0)
		return err_set(e, -ENAMETOOLONG, "path in the root");
	made = rooted_mkdirs(root_fd, dir, DIR_MODE, 0, 0, e);
	return made < 0 ? made : rooted_parent(root_fd, path, ret_name, e);
}

static int make_file(int root_fd, const char *path, struct err *e)
{
	char name[NAME_MAX + 1];
	auto_close int parent = place_parent(root_fd, path, name, e);
	auto_close int fd = -1;

	if (parent < 0)
		return parent;
	fd = sys_open(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, FILE_MODE);
	return fd < 0 && fd != -EEXIST ? err_set(e, fd, "make %s in the root", path) : 0;
}

int place_open(int root_fd, const char *path, bool dir, bool nofollow, struct place *ret,
	       struct err *e)
{
	static char real[PATH_MAX];
	int flags = O_PATH | (dir ? O_DIRECTORY : 0) | (nofollow ? O_NOFOLLOW : 0);
	int fd = rooted_open_straight(root_fd, path, flags);
	int r;

	ret->straight = fd >= 0;
	if (fd == -ELOOP)
		fd = rooted_open(root_fd, path, flags, 0, NULL);
	ret->made = fd == -ENOENT;
	if (fd != -ENOENT)
		return fd < 0 ? err_set(e, fd, "destination %s", path) : fd;
	if (dir)
		fd = rooted_mkdirs(root_fd, path, DIR_MODE, 0, 0, NULL);
	if (fd >= 0) { /* a link may have come while it was made */
		int again = rooted_open_straight(root_fd, path, flags);

		ret->straight = again >= 0;
		if (again >= 0)
			sys_close(fd);
		return again >= 0 ? again : fd;
	}
	if (fd != -EEXIST && fd != -ENOENT)
		return err_set(e, fd, "make %s in the root", path);
	/* a link that dangles names the place to be made, inside the root */
	r = rooted_resolve(root_fd, path, real, sizeof(real), e);
	if (r < 0)
		return r;
	if (dir)
		return rooted_mkdirs(root_fd, real, DIR_MODE, 0, 0, e);
	r = make_file(root_fd, real, e);
	return r < 0 ? r : rooted_open(root_fd, real, flags, 0, e);
}

int place_open_plain(int root_fd, const char *path, struct err *e)
{
	char name[NAME_MAX + 1] = ".";
	const char *p = path;
	auto_close int fd = -1;
	int next, at = root_fd;

	do {
		size_t len = strcspn(p += strspn(p, "/"), "/");

		if ((len && str_copy_n(name, sizeof(name), p, len) < 0) || str_eq(name, ".."))
			return err_set(e, -EINVAL, "destination %s", path);
		next = sys_open(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		if (next == -ENOENT) {
			next = sys_mkdir(at, name, DIR_MODE);
			if (next == 0 || next == -EEXIST)
				next = sys_open(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		}
		if (next == -ENOTDIR || next == -ELOOP)
			return err_text(e, next, "%s must be mounted on ordinary directory", path);
		sys_close(fd);
		at = fd = next;
		p += len;
	} while (fd >= 0 && p[strspn(p, "/")]);
	return fd < 0 ? err_set(e, fd, "destination %s", path) : take_fd(&fd);
}

/* What may be covered in /proc: lxcfs does that, and it tells nothing that the kernel relies on. */
static bool may_cover(const char *path)
{
	static const char *const files[] = {
		"cpuinfo",
		"diskstats",
		"meminfo",
		"stat",
		"swaps",
		"uptime",
		"loadavg",
		"slabinfo",
		"sys/kernel/ns_last_pid",
		"sys/crypto/fips_enabled",
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (str_eq(path, files[i]))
			return true;
	return false;
}

/* Is the first component "proc", or is there none? */
static bool near_proc(const char *path)
{
	while (*path == '/' || (*path == '.' && (path[1] == '/' || !path[1])))
		path++;
	return !*path || (str_starts(path, "proc") && (path[4] == '/' || !path[4]));
}

int place_check(int root_fd, int dst_fd, const char *straight, bool proc, struct err *e)
{
	static char path[PATH_MAX];
	static int len; /* of the root's path: there is one in a process */
	const char *inside;
	int r = 0;

	if (straight && !near_proc(straight))
		return 0;
	if (!len)
		len = r = sys_readlink(AT_FDCWD, fd_path(root_fd).p, path, sizeof(path));
	if (r >= 0)
		r = sys_readlink(AT_FDCWD, fd_path(dst_fd).p, path, sizeof(path));
	if (r < 0)
		return err_set(e, r, "look at the destination");
	inside = path + (len == 1 ? 0 : len); /* len 1: "/" */
	if (!*inside || str_eq(inside, "/"))
		return err_text(e, -EINVAL, "the destination is the root itself");
	if (str_eq(inside, "/proc"))
		return proc ? 0 : err_text(e, -EINVAL, "only a procfs may be mounted on /proc");
	if (!str_starts(inside, "/proc/") || may_cover(inside + strlen("/proc/")))
		return 0;
	return err_text(e, -EINVAL, "%.64s is inside of /proc", inside);
}

bool place_is_proc(int fd)
{
	struct statfs fs;

	return sys_statfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}
