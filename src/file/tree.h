/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/** tree_remove() - remove @name below @dir_fd with all it holds: iterative, constant memory, does not cross mounts,
 *  does not follow links. -ENOENT is success. Return: 0; -errno */
int tree_remove(int dir_fd, const char *name, struct err *e);

/** tree_remove_content() - empty the directory, keep it */
int tree_remove_content(int dir_fd, struct err *e);
