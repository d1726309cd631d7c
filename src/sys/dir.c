/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors in number and directories by entry: closing all but some, and reading a directory
 * without the heap. Both work in a child between fork and exec.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/num.h"
#include "sys/fd.h"
#include "sys/ret.h"

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

void sys_dir_init_at(struct sys_dir *d, int fd, off_t at)
{
	d->fd = fd;
	d->next_at = at;
	d->pos = d->len = 0;
	lseek(fd, at, SEEK_SET);
}

void sys_dir_init(struct sys_dir *d, int fd)
{
	sys_dir_init_at(d, fd, 0);
}

static unsigned char type_of(int dir_fd, const char *name)
{
	struct stat st;

	if (sys_statat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_UNKNOWN;
	return (unsigned char)IFTODT(st.st_mode);
}

int sys_dir_next(struct sys_dir *d, const char **ret_name, unsigned char *ret_type)
{
	for (;;) {
		const struct entry *e;

		if (d->pos >= d->len) {
			int n = SYS_RET(syscall(SYS_getdents64, d->fd, d->mem, sizeof(d->mem)));

			if (n <= 0)
				return n;
			d->len = (size_t)n;
			d->pos = 0;
		}
		e = (const struct entry *)(const void *)(d->mem + d->pos);
		d->pos += e->reclen;
		d->next_at = (off_t)e->off;
		if (strcmp(e->name, ".") == 0 || strcmp(e->name, "..") == 0)
			continue;
		*ret_name = e->name;
		/* some file systems do not know the type without reading the inode */
		*ret_type = e->type == DT_UNKNOWN ? type_of(d->fd, e->name) : e->type;
		return 1;
	}
}

static int close_between(unsigned int first, unsigned int last)
{
	if (first > last)
		return 0;
	return SYS_RET(syscall(SYS_close_range, first, last, 0));
}

static bool kept(int fd, const int *keep, size_t n_keep)
{
	for (size_t i = 0; i < n_keep; i++)
		if (keep[i] == fd)
			return true;
	return false;
}

/* Linux < 5.9. The directory is read again until a whole pass finds nothing to close. */
static int close_by_proc(int first, const int *keep, size_t n_keep)
{
	auto_close int dir_fd = sys_open(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY, 0);
	unsigned char type;
	struct sys_dir d;
	const char *name;
	bool again = true;
	uint32_t fd;
	int r = 0;

	if (dir_fd < 0)
		return dir_fd;
	while (again) {
		again = false;
		sys_dir_init(&d, dir_fd);
		while ((r = sys_dir_next(&d, &name, &type)) > 0) {
			if (num_u32(span_of(name), INT_MAX, &fd) < 0 || (int)fd < first ||
			    (int)fd == dir_fd || kept((int)fd, keep, n_keep))
				continue;
			close((int)fd);
			again = true;
		}
	}
	return r;
}

/* no /proc either: the limit may have been lowered below an open descriptor, hence the floor */
static void close_by_number(int first, const int *keep, size_t n_keep)
{
	struct rlimit limit;
	int end = 4096;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 4096)
		end = limit.rlim_cur > 65536 ? 65536 : (int)limit.rlim_cur;
	for (int fd = first; fd < end; fd++)
		if (!kept(fd, keep, n_keep))
			close(fd);
}

int sys_close_from(int first, const int *keep, size_t n_keep)
{
	unsigned int from = (unsigned int)first;
	int r;

	for (size_t i = 0; i < n_keep; i++) {
		if (keep[i] < (int)from)
			continue;
		r = close_between(from, (unsigned int)keep[i] - 1);
		if (r < 0)
			goto old;
		from = (unsigned int)keep[i] + 1;
	}
	r = close_between(from, UINT_MAX);
	if (r == 0)
		return 0;
old:
	if (close_by_proc(first, keep, n_keep) < 0)
		close_by_number(first, keep, n_keep);
	return 0;
}

int sys_cloexec_from(int first)
{
	auto_close int dir_fd = -1;
	unsigned char type;
	struct sys_dir d;
	const char *name;
	uint32_t fd;
	int r = SYS_RET(syscall(SYS_close_range, first, UINT_MAX, 4U /* CLOSE_RANGE_CLOEXEC */));

	if (r != -ENOSYS && r != -EINVAL)
		return r;
	dir_fd = sys_open(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY, 0); /* Linux < 5.11 */
	if (dir_fd < 0)
		return dir_fd;
	sys_dir_init(&d, dir_fd);
	while ((r = sys_dir_next(&d, &name, &type)) > 0)
		if (num_u32(span_of(name), INT_MAX, &fd) == 0 && (int)fd >= first)
			sys_set_cloexec((int)fd, 1);
	return r;
}
