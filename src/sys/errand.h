/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/**
 * sys_errand() - do something in another namespace, without ever being in it
 * @ns_fd: the namespace
 * @kind:  CLONE_NEWNET or CLONE_NEWNS
 * @act:   what is done there; it may open files and returns a descriptor, 0 or -errno
 *
 * A short-lived task that shares our memory and descriptors enters the namespace, acts, and is gone; the
 * caller never changes its own namespace and therefore cannot be left in the wrong one. The task costs no
 * copy of the page tables, sends no SIGCHLD and is invisible to a wait for "any child". Signals are
 * blocked while it lives. Not for threads: it has one static stack.
 *
 * Return: what @act returned; -errno of clone or setns.
 */
int sys_errand(int ns_fd, int kind, int (*act)(void *arg), void *arg);
