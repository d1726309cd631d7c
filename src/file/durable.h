/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * The only writer of durable files: after a power cut at any instruction the name holds the old
 * content or the new, never a mixture and never nothing.
 */

/** durable_write() - temporary name, write, fsync, rename over @name, fsync of the directory. Return: 0; -errno */
int durable_write(int dir_fd, const char *name, const void *data, size_t len, mode_t mode,
		  struct err *e);

/** durable_symlink() - the same for a symbolic link (generations/current) */
int durable_symlink(int dir_fd, const char *name, const char *target, struct err *e);

/** durable_rename() - rename a finished file or directory into place and fsync both directories; replaces nothing (-EEXIST) */
int durable_rename(int from_fd, const char *from, int to_fd, const char *to, struct err *e);

/** durable_unlink() - unlink and fsync of the directory; -ENOENT is success */
int durable_unlink(int dir_fd, const char *name, struct err *e);

/** file_read() - a whole small regular file into @buf with a NUL; symlinks not followed.
 *  Return: length; -EFBIG longer than @cap - 1; -EINVAL not a regular file */
ssize_t file_read(int dir_fd, const char *name, void *buf, size_t cap, struct err *e);
