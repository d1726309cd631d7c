/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "unpack/tree.h"

/**
 * unpack_entry() - make one entry of an archive in the tree: object, content, owner, mode,
 * attributes, times
 * @a:        archive, for the content
 * @entry:    what it says about the entry
 * @n:        its checked name
 * @max_size: largest file size that is allowed, holes included
 * @bytes:    grows by the content written
 *
 * Order matters: owner before mode (chown clears set-user-ID) and before attributes (chown clears
 * security.capability), times last.
 *
 * Return: 0; -errno, @e does not name the entry.
 */
int unpack_entry(struct unpack_tree *t, struct archive *a, struct archive_entry *entry,
		 const struct unpack_name *n, uint64_t max_size, uint64_t *bytes, struct err *e);
