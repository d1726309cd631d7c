/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "sys/ret.h"

int sys_epoll_create(void)
{
	return SYS_RET(epoll_create1(EPOLL_CLOEXEC));
}

int sys_epoll_ctl(int epoll_fd, int op, int fd, uint32_t events, void *ptr)
{
	struct epoll_event e = {.events = events, .data.ptr = ptr};

	return SYS_RET(epoll_ctl(epoll_fd, op, fd, &e));
}

int sys_epoll_wait(int epoll_fd, struct epoll_event *ret_events, int cap, int timeout_ms)
{
	int r = SYS_RET(epoll_wait(epoll_fd, ret_events, cap, timeout_ms));

	return r == -EINTR ? 0 : r;
}

int sys_signal_fd(const int *signals, size_t n)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < n; i++)
		sigaddset(&set, signals[i]);
	r = SYS_RET(sigprocmask(SIG_BLOCK, &set, NULL));
	return r < 0 ? r : SYS_RET(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int sys_signal_next(int signal_fd)
{
	struct signalfd_siginfo info;
	ssize_t n = SYS_RETRY_LONG(read(signal_fd, &info, sizeof(info)));

	if (n < 0)
		return (int)n;
	return n == (ssize_t)sizeof(info) ? (int)info.ssi_signo : -EIO;
}

int sys_poll_one(int fd, short events, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	int r = SYS_RETRY(poll(&p, 1, timeout_ms));

	return r > 0 ? p.revents : r;
}

int sys_poll(struct pollfd *fds, size_t n, int timeout_ms)
{
	return SYS_RETRY(poll(fds, n, timeout_ms));
}

void sys_sleep_ms(unsigned int ms)
{
	struct timespec left = {.tv_sec = (time_t)(ms / 1000),
				.tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

int sys_eventfd(void)
{
	return SYS_RET(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int sys_notify_dir(int dir_fd)
{
	char path[32];
	int fd = SYS_RET(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), r;

	if (fd < 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir_fd);
	r = SYS_RET(inotify_add_watch(fd, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE));
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

void sys_drain(int fd)
{
	char mem[1024];

	while (read(fd, mem, sizeof(mem)) > 0)
		;
}

int sys_ignore_signal(int sig)
{
	return signal(sig, SIG_IGN) == SIG_ERR ? -errno : 0;
}
