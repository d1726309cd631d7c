/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "sys/fd.h"
#include "sys/netns.h"

int sys_netlink_open(int netns_fd, int protocol)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	auto_close int fd = -1;
	int one = 1;

	fd = sys_netns_socket(netns_fd, AF_NETLINK, SOCK_RAW, protocol);
	if (fd < 0)
		return fd;
	/* Linux 4.12; without them errors are a bare number */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return take_fd(&fd);
}

int sys_netlink_join(int fd, int group)
{
	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return 0;
}

int sys_netlink_send(int fd, const void *data, size_t len)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int room = (int)len + 4096;
	ssize_t n;

	/* a batch is one datagram, and the default buffer ends it at about 200 KiB */
	if (len > 65536)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	do {
		n = sendto(fd, data, len, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

ssize_t sys_netlink_recv(int fd, void *buf, size_t cap, bool wait)
{
	for (;;) {
		struct sockaddr_nl from = {0};
		struct iovec iov = {buf, cap};
		struct msghdr m = {.msg_name = &from,
				   .msg_namelen = sizeof(from),
				   .msg_iov = &iov,
				   .msg_iovlen = 1};
		ssize_t n = recvmsg(fd, &m, wait ? 0 : MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (m.msg_namelen != sizeof(from) || from.nl_pid != 0)
			/* another process may write to our port; only the kernel is believed */
			continue;
		return m.msg_flags & MSG_TRUNC ? -EMSGSIZE : n;
	}
}
