/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"

/** struct usher - what a new process is to find itself in */
struct usher {
	const struct oci_spec
		*spec;	  /* whose user and time namespaces are made if new; NULL = none */
	int *ns_fds;	  /* joined; closed in the new process */
	uint64_t flags;	  /* CLONE_NEW* of the clone itself */
	bool keep_groups; /* when root of a user namespace */
	int cgroup_fd;	  /* to be born in, or -1 */
	/** place() - in the usher, before any namespace: what needs the caller's rights, such as cgroups */
	int (*place)(void *arg, bool born_in_cgroup, struct err *e);
	/** maps() - in the caller: write the id maps of @pid, which has made a user namespace */
	int (*maps)(void *arg, pid_t pid, struct err *e);
	void *arg;
};

/** usher_needed() - false: clone and setns are enough for @s */
bool usher_needed(const struct oci_spec *s);

/**
 * usher_clone() - like fork(): a child of ours that starts inside what @u says
 *
 * By a process between us and it, gone when this returns: a pid or time namespace is only entered by
 * children, and a user namespace changes what may be joined.
 *
 * Return: the pid; 0 in the child; -errno.
 */
pid_t usher_clone(const struct usher *u, struct err *e);
