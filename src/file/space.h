/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/err.h"

/*
 * How full a file system is. What images bring leaves a reserve (CONFIG_STORE_RESERVE_KIB, at most a
 * sixteenth of the file system, and an inode for each 16 KiB of it, at most a sixteenth of those), so that the engine can still write
 * its own state, which is small, and take things away.
 */

#define SPACE_STEP_BYTES   (1 << 20) /* who writes much asks again after so many */
#define SPACE_STEP_ENTRIES 64

/** file_room() - do @bytes and @inodes fit above the reserve? Return: 0; -ENOSPC, without a text; a file
 * system that does not tell has room */
int file_room(int fd, uint64_t bytes, uint64_t inodes);

/** file_no_space() - how full it is, in front of @e. Return: e->code */
int file_no_space(int fd, struct err *e);
