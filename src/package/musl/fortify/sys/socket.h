#pragma once

#include_next <sys/socket.h>

#include "../fortify.h"

FORTIFY_REAL(recv);
FORTIFY_REAL(send);

FORTIFY ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	FORTIFY_CHECK(buf, n);
	return fortify_real_recv(fd, buf, n, flags);
}

FORTIFY ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	FORTIFY_CHECK(buf, n);
	return fortify_real_send(fd, buf, n, flags);
}
