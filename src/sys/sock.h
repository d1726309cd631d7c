/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define SYS_SOCK_MAX_FDS 8

int sys_socket(int family, int type, int protocol); /* SOCK_CLOEXEC is added */
int sys_socketpair_seqpacket(int ret_fds[2]);

/**
 * sys_listen_unix() - SEQPACKET listener at @path (made as a temporary name with @mode and renamed, so
 * it is never reachable with wider permissions; a stale socket is replaced)
 */
int sys_listen_unix(const char *path, mode_t mode, int type);

/** sys_connect_unix() - paths beyond 107 bytes work (by /proc/self/fd); "@name" is abstract. Return: fd; -ENOENT, -ECONNREFUSED: nobody there */
int sys_connect_unix(const char *path, int type);
int sys_accept(int fd); /* non-blocking; -EAGAIN */

/** sys_peer_cred() - SO_PEERCRED */
int sys_peer_cred(int fd, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid);

/** sys_send_fds() - one SEQPACKET message with descriptors; blocks unless @fd is O_NONBLOCK. Return: 0; -EAGAIN; -EPIPE (no SIGPIPE); -EMSGSIZE */
int sys_send_fds(int fd, const void *data, size_t len, const int *fds, size_t n_fds);

/**
 * sys_recv_fds() - one SEQPACKET message. A message that was cut (data or descriptors) is an error and
 * its descriptors are closed.
 *
 * Return: bytes; 0 end of file; -EAGAIN; -EMSGSIZE cut.
 */
ssize_t sys_recv_fds(int fd, void *buf, size_t cap, int *ret_fds, size_t cap_fds, size_t *ret_n_fds,
		     int flags);
