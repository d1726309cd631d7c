/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/stat.h>

#include "store/store.h"

/*
 * Copy-up: a layer that is being made gets what the layers below it have under some name, as the
 * kernel does for a container that writes there. Asked for by the unpack role (UNPACK_LOWER), done
 * by its starter: with a descriptor of a lower layer's file the role could change that file's mode.
 */

/** struct store_lower - a copy under way; in the caller's memory */
struct store_lower {
	bool open;		    /* the descriptors are ours */
	int from_fd, to_fd, dir_fd; /* -1 = none */
	char name[256];		    /* in dir_fd */
	struct stat st;		    /* of the original */
	struct timespec dir_mtime;
	uint64_t bytes; /* copied so far */
};

/**
 * store_lower_begin() - start to copy @path into the staged layer
 * @lower:     names of the layers below, lowest first
 * @path:      relative, from the unpack role; no symbolic link is followed, whatever it says
 * @dir:       a directory is wanted, without what it holds; else a file or a symbolic link, and
 *             missing directories on the way to it are copied first
 * @max_bytes: largest file
 *
 * What counts is the topmost layer that has the name, the staged one included; a whiteout or an
 * opaque directory hides what is below it.
 *
 * Return: 1 call store_lower_step(); 0 it is there; -ENOENT nobody has it, or it is hidden; -ENOTDIR
 * it is of the other kind; -EPERM no file; -ELOOP behind a symbolic link; -EFBIG; -errno.
 */
int store_lower_begin(const struct store *s, const char *staged_name, const struct digest *lower,
		      size_t n_lower, const char *path, bool dir, uint64_t max_bytes,
		      struct store_lower *ret, struct err *e);

/** store_lower_step() - copy on, at most a few MiB. Return: 1 call it again; 0 done; -errno */
int store_lower_step(struct store_lower *c, struct err *e);
void store_lower_end(struct store_lower *c); /* idempotent */
