/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/**
 * no_pivot_enter() - move the mount @root_fd is the top of over "/" and go in, for an initramfs
 *
 * The tree that was "/" stays below, without a path to it. A full procfs or sysfs in it would still let
 * a container mount another one without our masks (mount_too_revealing() of the kernel looks at the
 * whole namespace), so those are unmounted first, or covered where the kernel forbids that.
 *
 * Return: 0; -EINVAL @root_fd is no mount, or "/" is shared.
 */
int no_pivot_enter(int root_fd, const char *root_path, struct err *e);
