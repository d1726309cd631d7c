/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/inet.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/str.h"
#include "sys/fd.h"
#include "sys/ret.h"
#include "sys/watch.h"

union any_addr {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

static int from_gai(int code)
{
	switch (code) {
	case EAI_AGAIN:
		return -EAGAIN;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_SYSTEM:
		return errno ? -errno : -EIO;
	default:
		return -ENOENT;
	}
}

int sys_resolve(const char *host, uint16_t port, struct sys_addr *ret_addrs, size_t cap)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	size_t n = 0;
	int r;

	r = getaddrinfo(host, NULL, &hints, &list);
	if (r)
		return from_gai(r);
	for (const struct addrinfo *i = list; i && n < cap; i = i->ai_next) {
		const union any_addr *from = (const void *)i->ai_addr;
		struct sys_addr *to = &ret_addrs[n];

		*to = (struct sys_addr){.family = i->ai_family, .port = port};
		if (i->ai_family == AF_INET) {
			memcpy(to->ip, &from->in4.sin_addr, 4);
		} else if (i->ai_family == AF_INET6) {
			memcpy(to->ip, &from->in6.sin6_addr, 16);
			to->scope_id = from->in6.sin6_scope_id;
		} else {
			continue;
		}
		n++;
	}
	freeaddrinfo(list);
	return n ? (int)n : -ENOENT;
}

char *sys_addr_text(char dst[static SYS_ADDR_TEXT_CAP], const struct sys_addr *a)
{
	char ip[INET6_ADDRSTRLEN] = "?";

	inet_ntop(a->family, a->ip, ip, sizeof(ip));
	snprintf(dst, SYS_ADDR_TEXT_CAP, a->family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip,
		 (unsigned int)a->port);
	return dst;
}

static socklen_t to_sockaddr(const struct sys_addr *a, union any_addr *ret)
{
	*ret = (union any_addr){.sa.sa_family = (sa_family_t)a->family};
	if (a->family == AF_INET) {
		ret->in4.sin_port = htons(a->port);
		memcpy(&ret->in4.sin_addr, a->ip, 4);
		return sizeof(ret->in4);
	}
	ret->in6.sin6_port = htons(a->port);
	ret->in6.sin6_scope_id = a->scope_id;
	memcpy(&ret->in6.sin6_addr, a->ip, 16);
	return sizeof(ret->in6);
}

static int finish_connect(int fd, int timeout_ms)
{
	socklen_t len = sizeof(int);
	int r, error = 0;

	r = sys_poll_one(fd, POLLOUT, timeout_ms);
	if (r <= 0)
		return r ? r : -ETIMEDOUT;
	r = SYS_RET(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len));
	return r < 0 ? r : -error;
}

int sys_tcp_connect(const struct sys_addr *a, int timeout_ms)
{
	auto_close int fd = -1;
	union any_addr addr;
	socklen_t len = to_sockaddr(a, &addr);
	int r, on = 1;

	fd = SYS_RET(socket(a->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (fd < 0)
		return fd;
	r = SYS_RET(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	if (r == 0)
		r = SYS_RET(connect(fd, &addr.sa, len));
	if (r == -EINPROGRESS || r == -EINTR)
		r = finish_connect(fd, timeout_ms);
	return r < 0 ? r : take_fd(&fd);
}

ssize_t sys_recv(int fd, void *buf, size_t len)
{
	return SYS_RETRY_LONG(recv(fd, buf, len, MSG_DONTWAIT));
}

ssize_t sys_send(int fd, const void *data, size_t len)
{
	return SYS_RETRY_LONG(send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL));
}
