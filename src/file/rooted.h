/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

/*
 * The only joiner of paths inside a tree that somebody else controls (an image, a container, a
 * volume): every component, symbolic links included, is resolved inside @root_fd. openat2 with
 * RESOLVE_IN_ROOT; below Linux 5.6 a component-wise walk with O_PATH|O_NOFOLLOW that gives the
 * same answers. Magic links are never followed.
 */

/** rooted_open() - Return: fd; -errno (-ELOOP too many links). O_NOFOLLOW concerns the last component */
int rooted_open(int root_fd, const char *path, int flags, mode_t mode, struct err *e);

/**
 * rooted_open_straight() - rooted_open() that follows no link: the place is where the words of the path say
 *
 * Return: O_PATH fd; -ELOOP a link, "..", or a kernel that cannot tell: try rooted_open(); -errno, -ENOENT too, no
 * link was met on the way.
 */
int rooted_open_straight(int root_fd, const char *path, int flags);

/** rooted_open_regular() - for reading what the tree's owner wrote: O_NONBLOCK, refused unless a regular file of at most @max bytes */
int rooted_open_regular(int root_fd, const char *path, off_t max, struct err *e);

/** rooted_mkdirs() - make the missing directories of @path (mode, owner). Return: fd of the last; -errno */
int rooted_mkdirs(int root_fd, const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *e);

/**
 * rooted_parent() - open the directory that holds the last component, without following the last one
 * @ret_name: last component ("." for the root itself), NAME_MAX + 1 bytes; ".." is refused
 *
 * Return: O_PATH directory fd; -errno.
 */
int rooted_parent(int root_fd, const char *path, char *ret_name, struct err *e);

/**
 * rooted_resolve() - the path without symbolic links that @path leads to, also where nothing is yet
 *
 * For making what is missing: a link that dangles inside the root names the place. Text only; @cap >= 2.
 *
 * Return: 0; -ELOOP; -ENAMETOOLONG; -errno.
 */
int rooted_resolve(int root_fd, const char *path, char *ret, size_t cap, struct err *e);
