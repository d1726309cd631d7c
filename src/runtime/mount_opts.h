/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/spec.h"

#define MOUNT_DATA_CAP 2048

/**
 * struct mount_opts - the options of one mount, sorted out
 *
 * The same flag is kept in both languages: MS_* for mount(2) of a file system, MOUNT_ATTR_* for the
 * new interface and binds.
 */
struct mount_opts {
	unsigned long flags;	       /* MS_*, without MS_BIND, MS_REC and propagation */
	uint64_t attr_set, attr_clear; /* of the mount itself */
	uint64_t
		attr_unnamed; /* a bind that names any of them loses these of its source, unless they are locked */
	uint64_t rec_set, rec_clear; /* of all mounts below too: "rro", "rnosuid", ... */
	uint64_t propagation;	     /* MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE or 0 */
	bool propagation_rec, bind, rec, copy_up, src_nofollow, dst_nofollow, copy_link;
	bool named;		   /* one of the MOUNT_ATTR_*, be it to clear it */
	bool idmap, idmap_rec;	   /* "idmap", "ridmap" */
	const char *idmap_text;	   /* crun's "idmap=TEXT", or NULL */
	char data[MOUNT_DATA_CAP]; /* for the file system, comma separated */
};

/** mount_opts_read_only - of this mount alone */
extern const struct mount_opts mount_opts_read_only;

/**
 * mount_opts_parse() - Spec: runtime-spec "Linux mount options"
 *
 * What is no option of the mount is the file system's.
 *
 * Return: 0; -E2BIG.
 */
int mount_opts_parse(const struct oci_strs *options, struct mount_opts *ret_opts, struct err *e);

/** mount_propagation() - "rprivate" and so on. Return: MS_* with MS_REC; -EINVAL */
long mount_propagation(const char *name);

/** mount_opts_name() - the @i-th option that is one of the mount; NULL behind the last. Valid until the next call */
const char *mount_opts_name(size_t i);
