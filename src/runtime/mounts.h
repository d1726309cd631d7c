/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "runtime/mount_opts.h"
#include "runtime/rootfs.h"

/** mounts_apply() - spec.mounts in order, destinations made where missing */
int mounts_apply(struct rootfs *r, struct err *e);

/** mounts_cgroup() - a mount of type cgroup on @dst_fd: one v2 tree, or v1 hierarchies in a tmpfs */
int mounts_cgroup(struct rootfs *r, const struct oci_mount *m, const struct mount_opts *o,
		  int dst_fd, struct err *e);

/** mounts_bind_on_dev() - does a mount of the spec that is a bind cover /dev? Then its content is the caller's */
bool mounts_bind_on_dev(const struct oci_spec *s);

/** mounts_plain() - none is of a file system that may open a device, and none but sysfs asks for the network namespace */
bool mounts_plain(const struct oci_spec *s);
