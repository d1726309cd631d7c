/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "runtime/mount_opts.h"

/** struct fd_path - "/proc/self/fd/N": a path that leads to what the descriptor refers to and nowhere else */
struct fd_path {
	char p[32];
};
struct fd_path fd_path(int fd);

/**
 * bind_attach() - mount what @src_fd refers to on what @dst_fd refers to
 * @rec:     with everything mounted below
 * @opts:    attributes and propagation; NULL = those of the source
 * @root_fd, @dst_path: how @dst_fd was found, for kernels without open_tree (< 5.2): there the new mount
 *           is looked up again and must be the source, or the call fails
 *
 * Return: 0; -errno; -EOPNOTSUPP recursive attributes on a kernel without mount_setattr (< 5.12).
 */
int bind_attach(int src_fd, bool rec, const struct mount_opts *opts, int dst_fd, int root_fd,
		const char *dst_path, struct err *e);

/** bind_attach_tree() - the same with a detached tree of open_tree(2). Return: -ENOSYS no move_mount, not explained in @e */
int bind_attach_tree(int tree_fd, const struct mount_opts *opts, int dst_fd, struct err *e);

/** bind_set() - change attributes and propagation of the mount that @fd is the root of */
int bind_set(int fd, const struct mount_opts *opts, struct err *e);
