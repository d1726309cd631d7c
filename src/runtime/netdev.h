/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"

/**
 * netdev_move() - linux.netDevices: interfaces of our network namespace into the container's
 * @stage: a process that is in it, if it is new
 *
 * Name, permanent global addresses and what belongs to the device stay; it is up afterwards. When one
 * fails, those that were moved come back. The kernel returns physical ones when the namespace ends and
 * destroys virtual ones. Spec: runtime-spec v1.3 "Network Devices".
 *
 * Return: 0; -ENODEV; -EEXIST the name is taken in there; -EINVAL it cannot be moved (lo); -EPERM; -errno.
 */
int netdev_move(const struct oci_spec *s, pid_t stage, struct err *e);
