/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/** struct place - what was found out about a destination */
struct place {
	bool made;     /* it was not there */
	bool straight; /* no link leads to it: it is where its path says */
};

/**
 * place_open() - the destination of a mount
 * @dir:      a directory, else anything; what is missing is made accordingly
 * @nofollow: if the last component is a link, the link itself
 *
 * Return: O_PATH fd; -errno.
 */
int place_open(int root_fd, const char *path, bool dir, bool nofollow, struct place *ret,
	       struct err *e);

/** place_open_plain() - for proc and sysfs: no component may be a link; missing ones are made. Return: O_PATH fd */
int place_open_plain(int root_fd, const char *path, struct err *e);

/**
 * place_check() - neither the root itself nor something of /proc may be covered
 * @straight: path of @dst_fd if no link and no ".." leads to it, else NULL: then the kernel is asked
 * @proc:     what is going to be mounted is a procfs
 *
 * Whoever covers files of /proc decides what programs inside read and write there (CVE-2019-16884).
 * Return: 0; -EINVAL.
 */
int place_check(int root_fd, int dst_fd, const char *straight, bool proc, struct err *e);

/** place_is_proc() - is @fd on a procfs? */
bool place_is_proc(int fd);

/** place_parent() - rooted_parent() that makes the missing directories. @ret_name: NAME_MAX + 1 bytes */
int place_parent(int root_fd, const char *path, char *ret_name, struct err *e);
