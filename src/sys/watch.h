/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/* What loop/ needs of the kernel, and waiting for one descriptor without a loop. */

struct epoll_event;
struct pollfd;

int sys_epoll_create(void);
int sys_epoll_ctl(int epoll_fd, int op, int fd, uint32_t events, void *ptr);
int sys_epoll_wait(int epoll_fd, struct epoll_event *ret_events, int cap,
		   int timeout_ms); /* -EINTR counts as 0 events */

/** sys_signal_fd() - block SIGCHLD and the @n signals and make them readable. Return: fd, non-blocking */
int sys_signal_fd(const int *signals, size_t n);

/** sys_signal_next() - Return: a signal's number; -EAGAIN */
int sys_signal_next(int signal_fd);

/** sys_poll_one() - wait until @events (POLLIN, POLLOUT). Return: revents; 0 time is over; -errno */
int sys_poll_one(int fd, short events, int timeout_ms);

/** sys_poll() - Return: how many are ready; 0 time is over; -errno */
int sys_poll(struct pollfd *fds, size_t n, int timeout_ms);

/** sys_eventfd() - a counter that the kernel raises; reading 8 bytes gives and clears it. Return: fd, non-blocking */
int sys_eventfd(void);

void sys_sleep_ms(unsigned int ms);

/** sys_notify_dir() - inotify on a directory: writes, creations, renames into it. Return: fd, non-blocking; -errno */
int sys_notify_dir(int dir_fd);
void sys_drain(int fd); /* read and forget until a non-blocking descriptor has no more */

int sys_ignore_signal(int sig); /* not inherited: sys_spawn() resets it */
