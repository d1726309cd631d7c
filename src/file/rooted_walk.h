/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

/**
 * rooted_walk() - openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS) for kernels without it
 *
 * For rooted.c and its test alone; not reentrant.
 *
 * Return: fd; -ELOOP more than 40 links, or a magic link; -errno of open.
 */
int rooted_walk(int root_fd, const char *path, int flags, mode_t mode);
