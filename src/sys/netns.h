/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Things of another network namespace, by sys_errand(). A socket and a file below /proc/sys/net belong
 * to the namespace of the task that opened them, for good.
 */

/** sys_netns_socket() - socket(2) in the namespace @netns_fd (-1 = our own). Return: fd; -errno of setns or socket */
int sys_netns_socket(int netns_fd, int domain, int type, int protocol);

/** sys_netns_open() - open(2) of a /proc/sys/net path in the namespace @netns_fd (-1 = our own). Return: fd; -errno */
int sys_netns_open(int netns_fd, const char *path, int flags);
