/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/* directories inside each other; each costs a descriptor and 3 KiB of stack */
#define COPY_MAX_DEPTH 64

/**
 * copy_tree() - what directory @from_fd holds into the empty directory @to_fd
 *
 * Files, directories, links, devices and FIFOs with owner, mode and time, and @from_fd's own owner and
 * mode. Sockets are left out, hard links become files of their own, extended attributes stay behind.
 * Symbolic links are copied, never followed. Neither tree may change meanwhile. Blocks; not synced.
 *
 * Return: 0; -ELOOP deeper than COPY_MAX_DEPTH; -ENOSPC; -errno. @e names the entry.
 */
int copy_tree(int from_fd, int to_fd, struct err *e);
