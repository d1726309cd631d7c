/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include "unpack/name.h"

/*
 * The directory tree that a layer becomes: making objects under names that somebody else chose. No
 * symbolic link is ever followed, neither one of the layer nor any other: a component of a name is
 * a directory or the entry is refused (umoci CVE-2021-29136, containerd CVE-2021-32760, libarchive
 * CVE-2021-31566).
 */

/** unpack_opaque_fn() - told about each directory to be marked opaque; "" never. Return: 0; -errno
 * ends the extraction */
typedef int unpack_opaque_fn(const char *path, void *data, struct err *e);

/** unpack_lower_fn() - make @path in the tree as the layers below have it. Return: bytes copied; -ENOENT
 * they have not, or hide it; -ENOTDIR it is no directory, or is one; -errno */
typedef int64_t unpack_lower_fn(const char *path, bool dir, uint64_t max_bytes, void *data,
				struct err *e);

/** struct unpack_tree - in the caller's memory; one open directory is kept between entries */
struct split;
struct unpack_tree {
	int root_fd; /* borrowed */
	unpack_opaque_fn *opaque;
	unpack_lower_fn *lower; /* NULL: nothing is below */
	void *data;		/* of both */
	uint64_t copied_bytes, max_copied_bytes;
	int parent_fd;		      /* of the last entry, -1 = none; root_fd if parent is "" */
	char parent[UNPACK_PATH_CAP]; /* its path */
	size_t parent_len;
	struct timespec parent_mtime; /* what it is to be when we leave */
	bool parent_changed;
	bool parent_sgid;    /* new objects inherit its group */
	struct split *split; /* told what content is and when it goes; NULL = nobody is */
};

/** unpack_tree_init() - @lower may be NULL, then @max_copied_bytes does not matter */
void unpack_tree_init(struct unpack_tree *t, int root_fd, unpack_opaque_fn *opaque,
		      unpack_lower_fn *lower, uint64_t max_copied_bytes, void *data);

/** unpack_tree_fini() - leave the last directory: restores its time. Return: 0; -errno */
int unpack_tree_fini(struct unpack_tree *t, struct err *e);

/** unpack_tree_room() - is there more room than the reserve (file/space.h)? Return: 0; -ENOSPC */
int unpack_tree_room(const struct unpack_tree *t, struct err *e);

/**
 * unpack_tree_enter() - make the directory of @n the current one, with missing parents: as the layers
 * below have them, else mode 0755 of root
 *
 * Return: 0; -ELOOP, -ENOTDIR a component is a symbolic link or no directory; -ENOSPC, ...
 */
int unpack_tree_enter(struct unpack_tree *t, const struct unpack_name *n, struct err *e);

/**
 * unpack_tree_clear() - make room for @n in the current directory after something said EEXIST: last
 * one wins
 * @dir: the new object is a directory; then an existing directory stays
 *
 * Return: 0 the name is free; 1 an existing directory stays; 2 it is free, and @dir will have to be hidden
 * (unpack_tree_hide_new()), as the whiteout was that was there; -errno.
 */
int unpack_tree_clear(struct unpack_tree *t, const struct unpack_name *n, bool dir, struct err *e);

/** unpack_tree_whiteout() - hide @n of the layers below. Return: 0; -errno */
int unpack_tree_whiteout(struct unpack_tree *t, const struct unpack_name *n, struct err *e);

/** unpack_tree_hide_new() - hide what the layers below have in directory @n, which has just been made */
int unpack_tree_hide_new(struct unpack_tree *t, const struct unpack_name *n, struct err *e);

/** unpack_tree_hide() - hide all that the layers below have in the current directory. Return: 0;
 * -ENOTSUP it is the root */
int unpack_tree_hide(struct unpack_tree *t, struct err *e);

/** unpack_tree_link() - @n becomes a hard link to @target, a file or symbolic link of this layer, or
 * of one below, which is copied into this one first.
 * Return: 0; -ENOENT; -EPERM */
int unpack_tree_link(struct unpack_tree *t, const struct unpack_name *n,
		     const struct unpack_name *target, struct err *e);
