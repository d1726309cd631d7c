/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/stat.h>

#include "base/err.h"

/** tree_remove() - remove @name below @dir_fd with all it holds: iterative, constant memory, does not cross mounts,
 *  does not follow links. -ENOENT is success. Return: 0; -errno */
int tree_remove(int dir_fd, const char *name, struct err *e);

/** tree_remove_content() - empty the directory, keep it */
int tree_remove_content(int dir_fd, struct err *e);

#define TREE_MAX_DEPTH 132 /* deeper directories are not looked into; unpack makes 128 */

/** tree_visit_fn() - an object: @name in @dir_fd, @depth directories below the top. Return: 0; -errno ends the walk */
typedef int tree_visit_fn(int dir_fd, const char *name, const struct stat *st, int depth,
			  void *data);

/** tree_each() - all that is below directory @name, directories before what is in them. Follows no links; what vanishes
 *  meanwhile is left out. Return: 0; -errno */
int tree_each(int dir_fd, const char *name, tree_visit_fn *fn, void *data);
