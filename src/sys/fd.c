/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sys/ret.h"

#define PROC_FD_CAP 32

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* the same on every architecture */
#endif

static void proc_fd(char dst[static PROC_FD_CAP], int fd)
{
	snprintf(dst, PROC_FD_CAP, "/proc/self/fd/%d", fd);
}

/* Not restarted on EINTR: Linux has released the descriptor by then. */
void sys_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

void sys_close_ptr(int *fd)
{
	sys_close(*fd);
}

int sys_open(int dir_fd, const char *path, int flags, mode_t mode)
{
	return SYS_RETRY(openat(dir_fd, path, flags | O_CLOEXEC, mode));
}

int sys_openat2(int dir_fd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | O_TMPFILE) & ~O_DIRECTORY ? mode : 0,
		.resolve = resolve,
	};

	return SYS_RETRY(syscall(SYS_openat2, dir_fd, path, &how, sizeof(how)));
}

ssize_t sys_read(int fd, void *buf, size_t len)
{
	return SYS_RETRY_LONG(read(fd, buf, len));
}

ssize_t sys_pread(int fd, void *buf, size_t len, off_t at)
{
	return SYS_RETRY_LONG(pread(fd, buf, len, at));
}

ssize_t sys_write(int fd, const void *data, size_t len)
{
	return SYS_RETRY_LONG(write(fd, data, len));
}

ssize_t sys_writev(int fd, const struct iovec *parts, int n)
{
	return SYS_RETRY_LONG(writev(fd, parts, n));
}

int sys_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = sys_write(fd, p, len);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return -EIO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t sys_read_full(int fd, void *buf, size_t cap)
{
	size_t len = 0;

	while (len < cap) {
		ssize_t n = sys_read(fd, (char *)buf + len, cap - len);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

off_t sys_seek(int fd, off_t at, int whence)
{
	off_t pos = lseek(fd, at, whence);

	return pos < 0 ? -errno : pos;
}

int sys_truncate(int fd, off_t len)
{
	return SYS_RETRY(ftruncate(fd, len));
}

int sys_fsync(int fd)
{
	return SYS_RETRY(fsync(fd));
}

int sys_syncfs(int fd)
{
	return SYS_RET(syncfs(fd));
}

int sys_fallocate(int fd, int mode, off_t at, off_t len)
{
	return SYS_RETRY(fallocate(fd, mode, at, len));
}

int sys_stat(int fd, struct stat *ret)
{
	return SYS_RET(fstat(fd, ret));
}

int sys_statat(int dir_fd, const char *path, struct stat *ret, int flags)
{
	return SYS_RET(fstatat(dir_fd, path, ret, flags));
}

int sys_statfs(int fd, struct statfs *ret)
{
	return SYS_RETRY(fstatfs(fd, ret));
}

int sys_mkdir(int dir_fd, const char *path, mode_t mode)
{
	return SYS_RET(mkdirat(dir_fd, path, mode));
}

int sys_mknod(int dir_fd, const char *path, mode_t mode, dev_t dev)
{
	return SYS_RET(mknodat(dir_fd, path, mode, dev));
}

int sys_symlink(const char *target, int dir_fd, const char *path)
{
	return SYS_RET(symlinkat(target, dir_fd, path));
}

int sys_link(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	return SYS_RET(linkat(from_fd, from, to_fd, to, flags));
}

int sys_readlink(int dir_fd, const char *path, char *ret_target, size_t cap)
{
	ssize_t n = readlinkat(dir_fd, path, ret_target, cap);

	if (n < 0)
		return -errno;
	if ((size_t)n >= cap)
		return -ENAMETOOLONG;
	ret_target[n] = '\0';
	return (int)n;
}

int sys_rename(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	if (!flags)
		return SYS_RET(renameat(from_fd, from, to_fd, to));
	return SYS_RET(syscall(SYS_renameat2, from_fd, from, to_fd, to, flags));
}

int sys_unlink(int dir_fd, const char *path, int flags)
{
	return SYS_RET(unlinkat(dir_fd, path, flags));
}

/*
 * fchmodat2 is Linux 6.6. Before it, the way that never follows a link is an O_PATH descriptor and
 * /proc; in a root without /proc (unpack's) a descriptor opened for reading, which is harmless for
 * regular files and directories only: others are refused rather than opened.
 */
static int chmod_nofollow_old(int dir_fd, const char *path, mode_t mode)
{
	auto_close int fd = sys_open(dir_fd, path, O_PATH | O_NOFOLLOW, 0);
	auto_close int read_fd = -1;
	char name[PROC_FD_CAP];
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	r = sys_stat(fd, &st);
	if (r < 0)
		return r;
	if (S_ISLNK(st.st_mode))
		return -EOPNOTSUPP;
	proc_fd(name, fd);
	r = SYS_RET(fchmodat(AT_FDCWD, name, mode, 0));
	if (r != -ENOENT)
		return r;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -EOPNOTSUPP;
	read_fd = sys_open(dir_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	return read_fd < 0 ? read_fd : sys_fchmod(read_fd, mode);
}

int sys_chmod(int dir_fd, const char *path, mode_t mode, int flags)
{
	int r;

	if (!flags)
		return SYS_RET(fchmodat(dir_fd, path, mode, 0));
	r = SYS_RET(syscall(SYS_fchmodat2, dir_fd, path, mode, flags));
	if ((r == -ENOSYS || r == -EPERM) && flags == AT_SYMLINK_NOFOLLOW)
		r = chmod_nofollow_old(dir_fd, path, mode);
	return r;
}

int sys_fchmod(int fd, mode_t mode)
{
	return SYS_RET(fchmod(fd, mode));
}

int sys_chown(int dir_fd, const char *path, uid_t uid, gid_t gid, int flags)
{
	return SYS_RET(fchownat(dir_fd, path, uid, gid, flags));
}

int sys_utimens(int dir_fd, const char *path, const struct timespec ts[2], int flags)
{
	return SYS_RET(utimensat(dir_fd, path, ts, flags));
}

int sys_setxattr(int fd, const char *name, const void *value, size_t len)
{
	char path[PROC_FD_CAP];
	int r = SYS_RET(fsetxattr(fd, name, value, len, 0));

	if (r != -EBADF)
		return r;
	proc_fd(path, fd);
	return SYS_RET(setxattr(path, name, value, len, 0));
}

int sys_removexattr(int fd, const char *name)
{
	return SYS_RET(fremovexattr(fd, name));
}

ssize_t sys_listxattr(int fd, char *buf, size_t cap)
{
	return SYS_RET_LONG(flistxattr(fd, buf, cap));
}

ssize_t sys_getxattr(int fd, const char *name, void *buf, size_t cap)
{
	char path[PROC_FD_CAP];
	ssize_t n = SYS_RET_LONG(fgetxattr(fd, name, buf, cap));

	if (n != -EBADF)
		return n;
	proc_fd(path, fd);
	return SYS_RET_LONG(getxattr(path, name, buf, cap));
}

int sys_pipe(int ret_fds[2], int flags)
{
	return SYS_RET(pipe2(ret_fds, flags | O_CLOEXEC));
}

int sys_pipe_size(int fd, int bytes)
{
	int r = SYS_RET(fcntl(fd, F_SETPIPE_SZ, bytes));

	return r < 0 ? r : 0;
}

int sys_dup(int fd, int min_fd)
{
	return SYS_RET(fcntl(fd, F_DUPFD_CLOEXEC, min_fd));
}

int sys_dup_to(int fd, int to_fd)
{
	if (fd == to_fd)
		return sys_set_cloexec(fd, 0);
	return SYS_RETRY(dup3(fd, to_fd, 0));
}

int sys_set_cloexec(int fd, int on)
{
	return SYS_RET(fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0));
}

int sys_set_nonblock(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	return SYS_RET(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

int sys_memfd(const char *name, unsigned int flags)
{
	return SYS_RET(memfd_create(name, flags | MFD_CLOEXEC));
}

int sys_seal(int fd)
{
	return SYS_RET(
		fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL));
}

int sys_flock(int fd, int operation)
{
	return SYS_RETRY(flock(fd, operation));
}

int sys_chdir(const char *path)
{
	return SYS_RET(chdir(path));
}

int sys_fchdir(int fd)
{
	return SYS_RET(fchdir(fd));
}

int sys_ioctl(int fd, unsigned long request, void *arg)
{
	/* musl declares the request as int, glibc as unsigned long: both pass the same bits on */
	return SYS_RETRY(syscall(SYS_ioctl, fd, request, arg));
}

int sys_add_seals(int fd, int seals)
{
	return SYS_RET(fcntl(fd, F_ADD_SEALS, seals));
}

int sys_get_seals(int fd)
{
	return SYS_RET(fcntl(fd, F_GET_SEALS));
}
