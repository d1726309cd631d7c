/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Files and descriptors. sys/ is the only folder that enters the kernel; each function is one
 * system call (or one with its documented fallback for older kernels), returns -errno, restarts on
 * EINTR where that is safe and sets close-on-exec on everything it creates.
 */

struct iovec;
struct stat;
struct statfs;
struct timespec;

#define auto_close __attribute__((cleanup(sys_close_ptr)))

/** sys_close_ptr() - close *@fd if >= 0; for auto_close */
void sys_close_ptr(int *fd);
void sys_close(int fd); /* ignores fd < 0 */

/** take_fd() - hand over ownership: returns *@fd and leaves -1 */
static inline int take_fd(int *fd)
{
	int f = *fd;

	*fd = -1;
	return f;
}

int sys_open(int dir_fd, const char *path, int flags, mode_t mode); /* O_CLOEXEC is added */

/** sys_openat2() - openat2(2); -ENOSYS below Linux 5.6 (file/rooted has the fallback) */
int sys_openat2(int dir_fd, const char *path, int flags, mode_t mode, uint64_t resolve);
ssize_t sys_read(int fd, void *buf, size_t len);
ssize_t sys_pread(int fd, void *buf, size_t len, off_t at);
ssize_t sys_write(int fd, const void *data, size_t len);
ssize_t sys_writev(int fd, const struct iovec *parts, int n);
int sys_write_all(int fd, const void *data, size_t len);

/** sys_read_full() - until @cap bytes or end of file. Return: bytes read; -errno */
ssize_t sys_read_full(int fd, void *buf, size_t cap);
off_t sys_seek(int fd, off_t at, int whence);
int sys_truncate(int fd, off_t len);
int sys_fsync(int fd);
int sys_syncfs(int fd);
int sys_fallocate(int fd, int mode, off_t at, off_t len);
int sys_stat(int fd, struct stat *ret);
int sys_statat(int dir_fd, const char *path, struct stat *ret, int flags);
int sys_statfs(int fd, struct statfs *ret);
int sys_mkdir(int dir_fd, const char *path, mode_t mode);
int sys_mknod(int dir_fd, const char *path, mode_t mode, dev_t dev);
int sys_symlink(const char *target, int dir_fd, const char *path);
int sys_link(int from_fd, const char *from, int to_fd, const char *to, int flags);
/* NUL-terminated. Return: length; -ENAMETOOLONG */
int sys_readlink(int dir_fd, const char *path, char *ret_target, size_t cap);
int sys_rename(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);
int sys_unlink(int dir_fd, const char *path, int flags);
/* AT_SYMLINK_NOFOLLOW also on old kernels */
int sys_chmod(int dir_fd, const char *path, mode_t mode, int flags);
int sys_fchmod(int fd, mode_t mode);
int sys_chown(int dir_fd, const char *path, uid_t uid, gid_t gid, int flags);
int sys_utimens(int dir_fd, const char *path, const struct timespec ts[2], int flags);
/* works on O_PATH too, by /proc/self/fd */
int sys_setxattr(int fd, const char *name, const void *value, size_t len);
int sys_removexattr(int fd, const char *name);
ssize_t sys_getxattr(int fd, const char *name, void *buf, size_t cap);
ssize_t sys_listxattr(int fd, char *buf, size_t cap); /* names, each with its NUL */
int sys_pipe(int ret_fds[2], int flags);

/** sys_pipe_size() - ask for room for @bytes in a pipe; -EPERM above the system's limit, -EBADF no pipe */
int sys_pipe_size(int fd, int bytes);
int sys_dup(int fd, int min_fd);
int sys_dup_to(int fd, int to_fd); /* close-on-exec is cleared on to_fd, also when fd == to_fd */
int sys_set_cloexec(int fd, int on);
int sys_set_nonblock(int fd, int on);
int sys_memfd(const char *name, unsigned int flags);

/** sys_seal() - no further change to a memfd made with MFD_ALLOW_SEALING, by whoever else holds it */
int sys_seal(int fd);
int sys_flock(int fd, int operation);
int sys_chdir(const char *path);
int sys_fchdir(int fd);
int sys_ioctl(int fd, unsigned long request, void *arg);

/** sys_close_from() - close every descriptor >= @first that is not in @keep (sorted ascending) */
int sys_close_from(int first, const int *keep, size_t n_keep);

/** sys_cloexec_from() - set close-on-exec on every descriptor >= @first */
int sys_cloexec_from(int first);

/** sys_add_seals()/sys_get_seals() - F_SEAL_* of a memfd; -EINVAL for any other file */
int sys_add_seals(int fd, int seals);
int sys_get_seals(int fd);

/** struct sys_dir - directory reader in the caller's memory */
struct sys_dir {
	int fd;
	off_t next_at; /* behind the entry returned last, for sys_dir_init_at() */
	size_t pos, len;
	_Alignas(8) char mem[2048];
};

void sys_dir_init(struct sys_dir *d, int fd); /* fd stays the caller's; from the first entry on */
void sys_dir_init_at(struct sys_dir *d, int fd, off_t at);

/** sys_dir_next() - Return: 1 and a name (never "." or "..", valid until the next call) and DT_ type; 0 at the end; -errno */
int sys_dir_next(struct sys_dir *d, const char **ret_name, unsigned char *ret_type);
