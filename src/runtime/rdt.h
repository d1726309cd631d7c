/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"

/*
 * linux.intelRdt: shares of cache and memory bandwidth, by resctrl. A group is a directory; that of the
 * container itself is removed with it, one that was named by closID is not, its monitoring group is.
 * Spec: runtime-spec "IntelRdt"; the kernel's Documentation/filesystems/resctrl.rst.
 */

/** rdt_apply() - make or find the group, and put @pid into it. Return: 0; -EOPNOTSUPP resctrl is not mounted; -ENOENT,
 *  -EINVAL as the specification wants for an existing closID; -errno */
int rdt_apply(const struct oci_rdt *r, const char *id, pid_t pid, struct err *e);

/** rdt_join() - put one more process into the group of container @id */
int rdt_join(const struct oci_rdt *r, const char *id, pid_t pid, struct err *e);

/**
 * rdt_update() - new schemata for the group of container @id
 * @r: the container's, which says what the group is called; @l3_cache, @mem_bw: may be NULL
 *
 * Return: 0; -EOPNOTSUPP resctrl is not mounted; -ENOENT it is in no group; -errno
 */
int rdt_update(const struct oci_rdt *r, const char *id, const char *l3_cache, const char *mem_bw,
	       struct err *e);

/** rdt_remove() - what rdt_apply() made; nothing there is success */
void rdt_remove(const struct oci_rdt *r, const char *id);

/* With the directory of resctrl, for the test */
int rdt_apply_at(int dir_fd, const struct oci_rdt *r, const char *id, pid_t pid, struct err *e);
int rdt_update_at(int dir_fd, const struct oci_rdt *r, const char *id, const char *l3_cache,
		  const char *mem_bw, struct err *e);
void rdt_remove_at(int dir_fd, const struct oci_rdt *r, const char *id);
