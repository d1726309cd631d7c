/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"
#include "runtime/mount_opts.h"

/** idmap_wanted() - are the ids of this mount to be shown changed? */
bool idmap_wanted(const struct oci_mount *m, const struct mount_opts *o);

/**
 * idmap_parse() - crun's way to say it: "uids=0-1-10#10-11-10;gids=@0-100-10"
 * @container: maps of the container, for what begins with '@': the second number is an id in there
 * @ret: points to static memory, until the next call
 *
 * Each triplet is: first id in the file system, first id shown, how many.
 *
 * Return: 0; -EINVAL.
 */
int idmap_parse(const char *text, const struct oci_idmaps *container, struct oci_idmaps *ret,
		struct err *e);

/**
 * idmap_userns() - a user namespace whose maps are those of the mount: its mappings, else those in its
 * option, else those of the container's own user namespace
 * @stage: a process in the container's user namespace
 *
 * Return: fd; -EINVAL there are none; -errno.
 */
int idmap_userns(const struct oci_spec *s, const struct oci_mount *m, const struct mount_opts *o,
		 pid_t stage, struct err *e);
