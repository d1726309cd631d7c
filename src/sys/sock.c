/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/fd.h"
#include "sys/ret.h"

#define BACKLOG 16

union control {
	struct cmsghdr align;
	char mem[CMSG_SPACE(sizeof(int) * SYS_SOCK_MAX_FDS)];
};

int sys_socket(int family, int type, int protocol)
{
	return SYS_RET(socket(family, type | SOCK_CLOEXEC, protocol));
}

int sys_socketpair_seqpacket(int ret_fds[2])
{
	return SYS_RET(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds));
}

/*
 * A socket address holds 107 bytes of path. A longer one is reached through its directory's
 * descriptor, which the caller keeps open meanwhile.
 */
static int address(struct sockaddr_un *sa, int dir_fd, const char *path, const char *name)
{
	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (str_copy(sa->sun_path, sizeof(sa->sun_path), path) >= 0)
		return 0;
	return str_printf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s", dir_fd, name) <
			       0
		       ? -ENAMETOOLONG
		       : 0;
}

/* Opens the directory that holds @path. @ret_name points into @path. */
static int open_parent(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char dir[2048];

	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return sys_open(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
	if (str_copy_n(dir, sizeof(dir) - 1, path, slash == path ? 1 : (size_t)(slash - path)) < 0)
		return -ENAMETOOLONG;
	return sys_open(AT_FDCWD, dir, O_PATH | O_DIRECTORY, 0);
}

/*
 * The mode of the socket's inode before bind() is the mode of the name (less the umask), so there is
 * no moment at which the name is open to more.
 */
static int bind_and_listen(int fd, int dir_fd, const char *tmp_name, mode_t mode)
{
	struct sockaddr_un sa;
	int r;

	r = sys_fchmod(fd, mode);
	if (r < 0)
		return r;
	if (str_printf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/%s", dir_fd, tmp_name) <
	    0)
		return -ENAMETOOLONG;
	sa.sun_family = AF_UNIX;
	r = SYS_RET(bind(fd, (struct sockaddr *)&sa, sizeof(sa)));
	if (r < 0)
		return r;
	r = sys_chmod(dir_fd, tmp_name, mode, 0);
	if (r == 0)
		r = SYS_RET(listen(fd, BACKLOG));
	return r == -EOPNOTSUPP ? 0 : r; /* datagrams come without */
}

int sys_listen_unix(const char *path, mode_t mode, int type)
{
	auto_close int dir_fd = -1, fd = -1;
	const char *name;
	char tmp[64];
	int r;

	dir_fd = open_parent(path, &name);
	if (dir_fd < 0)
		return dir_fd;
	if (str_printf(tmp, sizeof(tmp), ".%s.%d", name, (int)getpid()) < 0)
		return -ENAMETOOLONG;
	fd = sys_socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	r = sys_unlink(dir_fd, tmp, 0);
	if (r < 0 && r != -ENOENT)
		return r;
	r = bind_and_listen(fd, dir_fd, tmp, mode);
	if (r == 0)
		r = sys_rename(dir_fd, tmp, dir_fd, name, 0);
	if (r < 0) {
		sys_unlink(dir_fd, tmp, 0);
		return r;
	}
	return take_fd(&fd);
}

int sys_connect_unix(const char *path, int type)
{
	auto_close int dir_fd = -1, fd = -1;
	struct sockaddr_un sa;
	socklen_t len = sizeof(sa);
	const char *name;
	int r;

	dir_fd = *path == '@' ? -1 : open_parent(path, &name);
	if (dir_fd < 0 && *path != '@')
		return dir_fd;
	r = address(&sa, dir_fd, path, name);
	if (r < 0)
		return r;
	if (*path == '@') { /* a name in no file system: length counts, no NUL at its end */
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
		sa.sun_path[0] = '\0';
	}
	fd = sys_socket(AF_UNIX, type, 0);
	if (fd < 0)
		return fd;
	r = SYS_RETRY(connect(fd, (struct sockaddr *)&sa, len));
	return r < 0 ? r : take_fd(&fd);
}

int sys_accept(int fd)
{
	return SYS_RETRY(accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

int sys_peer_cred(int fd, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int r = SYS_RET(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len));

	if (r < 0)
		return r;
	*ret_pid = cred.pid;
	*ret_uid = cred.uid;
	*ret_gid = cred.gid;
	return 0;
}

int sys_send_fds(int fd, const void *data, size_t len, const int *fds, size_t n_fds)
{
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
	union control control = {0};
	struct cmsghdr *c;
	ssize_t n;

	if (n_fds > SYS_SOCK_MAX_FDS)
		return -EMSGSIZE;
	if (n_fds) {
		m.msg_control = control.mem;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	n = SYS_RETRY_LONG(sendmsg(fd, &m, MSG_NOSIGNAL));
	if (n < 0)
		return n == -ECONNRESET ? -EPIPE : (int)n;
	return (size_t)n == len ? 0 : -EMSGSIZE;
}

/* Takes what fits; what does not is closed. Return: the number that came */
static size_t take_fds(struct msghdr *m, int *ret_fds, size_t cap_fds)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++, n++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (n < cap_fds)
				ret_fds[n] = fd;
			else
				sys_close(fd);
		}
	}
	return n;
}

ssize_t sys_recv_fds(int fd, void *buf, size_t cap, int *ret_fds, size_t cap_fds, size_t *ret_n_fds,
		     int flags)
{
	struct iovec part = {.iov_base = buf, .iov_len = cap};
	union control control;
	struct msghdr m = {.msg_iov = &part,
			   .msg_iovlen = 1,
			   .msg_control = control.mem,
			   .msg_controllen = sizeof(control.mem)};
	size_t n_fds;
	ssize_t n;

	n = SYS_RETRY_LONG(recvmsg(fd, &m, flags | MSG_CMSG_CLOEXEC));
	if (n < 0)
		return n == -ECONNRESET ? 0 : n;
	n_fds = take_fds(&m, ret_fds, cap_fds);
	if (n_fds > cap_fds || m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		for (size_t i = 0; i < n_fds && i < cap_fds; i++)
			sys_close(ret_fds[i]);
		return -EMSGSIZE;
	}
	*ret_n_fds = n_fds;
	return n;
}
