/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** sys_netlink_open() - netlink socket of @protocol in the namespace @netns_fd (-1 = our own), with extended
 *  acknowledgements; answers quote only the header of the request. Return: fd; -EPROTONOSUPPORT; -errno */
int sys_netlink_open(int netns_fd, int protocol);

/** sys_netlink_join() - receive the notifications of multicast @group */
int sys_netlink_join(int fd, int group);

/** sys_netlink_send() - one datagram to the kernel, whole; the send buffer grows to fit */
int sys_netlink_send(int fd, const void *data, size_t len);

/** sys_netlink_recv() - one datagram from the kernel; what others sent is dropped.
 *  Return: bytes; -EAGAIN none and not @wait; -EMSGSIZE longer than @cap; -ENOBUFS notifications were lost */
ssize_t sys_netlink_recv(int fd, void *buf, size_t cap, bool wait);
