/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/*
 * The only way to write to procfs. A process that shares a mount namespace or a volume with us may have
 * mounted something over /proc or below it, so that a label, an id map or a sysctl goes elsewhere
 * (CVE-2019-16884, CVE-2025-52881). Files are therefore opened from a procfs of our own that is
 * attached nowhere (Linux 5.2, reduced to processes where that suffices), else from /proc after a
 * check that it is procfs, and never across a mount.
 */

/**
 * procfs_open() - open a file of procfs
 * @root:  where the root is kept between calls: -1 before the first one; the caller closes it. The
 *	   first path decides whether it has more than processes: do not mix "sys/..." with others
 * @path:  relative, such as "self/oom_score_adj" or "sys/net/ipv4/ip_forward"; "self" is the caller
 * @flags: of open(2)
 *
 * Before the host's root is left: without a private procfs, /proc is looked at.
 *
 * Return: fd; -EXDEV something is mounted there or /proc is no procfs; -errno.
 */
int procfs_open(int *root, const char *path, int flags);

/** procfs_write() - the same, and one write(2) of all of @data. Return: 0; -EIO written in part; -errno */
int procfs_write(int *root, const char *path, const void *data, size_t len);
