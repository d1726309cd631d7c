#pragma once

#include_next <unistd.h>

#include "fortify.h"

FORTIFY_REAL(read);
FORTIFY_REAL(write);
FORTIFY_REAL(pread);
FORTIFY_REAL(readlinkat);

FORTIFY ssize_t read(int fd, void *buf, size_t n)
{
	FORTIFY_CHECK(buf, n);
	return fortify_real_read(fd, buf, n);
}

FORTIFY ssize_t write(int fd, const void *buf, size_t n)
{
	FORTIFY_CHECK(buf, n);
	return fortify_real_write(fd, buf, n);
}

FORTIFY ssize_t pread(int fd, void *buf, size_t n, off_t at)
{
	FORTIFY_CHECK(buf, n);
	return fortify_real_pread(fd, buf, n, at);
}

FORTIFY ssize_t readlinkat(int dir_fd, const char *restrict path, char *restrict buf, size_t n)
{
	FORTIFY_CHECK(buf, n);
	return fortify_real_readlinkat(dir_fd, path, buf, n);
}
