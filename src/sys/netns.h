/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Things of another network namespace, without ever being in it. A socket and a file below
 * /proc/sys/net belong to the namespace of the task that opened them, for good. So a short-lived
 * task that shares our memory and descriptors enters the namespace, opens, and is gone; the caller
 * never changes its own namespace and therefore cannot be left in the wrong one.
 *
 * The task costs no copy of the page tables, sends no SIGCHLD and is invisible to a wait for
 * "any child". Signals are blocked while it lives, a few microseconds. Not for threads: it has one
 * static stack.
 */

/** sys_netns_socket() - socket(2) in the namespace @netns_fd (-1 = our own). Return: fd; -errno of setns or socket */
int sys_netns_socket(int netns_fd, int domain, int type, int protocol);

/** sys_netns_open() - open(2) of a /proc/sys/net path in the namespace @netns_fd (-1 = our own). Return: fd; -errno */
int sys_netns_open(int netns_fd, const char *path, int flags);
