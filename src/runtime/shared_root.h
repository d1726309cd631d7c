/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "oci/spec.h"

/*
 * Containers whose mount namespace is not theirs alone: inherited from the runtime, or joined by path.
 * Their root is one private mount on a directory of the state directory, everything else lies on that
 * mount, and to remove it all is one unmount. They are confined by chroot, not by pivot_root.
 */

bool shared_root(const struct oci_spec *s);

/** shared_root_make() - the mount point. @ret_path: absolute, in @a */
int shared_root_make(int state_dir_fd, struct arena *a, char **ret_path, struct err *e);

/** shared_root_undo() - unmount and remove it, where the mount namespace still is; nothing there is success */
int shared_root_undo(int state_dir_fd, const struct oci_spec *s, struct err *e);
