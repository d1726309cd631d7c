/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#define auto_unmap __attribute__((cleanup(sys_unmap)))

/** struct sys_map - a file's content in memory, read-only; zero = nothing mapped */
struct sys_map {
	const char *p;
	size_t len;
};

/** sys_map_file() - the whole file; seal it first if somebody else may write or shorten it. An empty file maps to "" */
int sys_map_file(int fd, struct sys_map *ret_map);
void sys_unmap(struct sys_map *m); /* idempotent */

/** sys_release() - give the pages inside @mem back to the kernel: they read as zero afterwards. What is
 *  used rarely costs memory only while it is used */
void sys_release(void *mem, size_t len);

/**
 * sys_release_program() - unmap the program's own pages that its file still has: code and constants
 *
 * The next use maps them again, from the page cache as a rule, sixteen at a time. What only the
 * start needed stays out, and so the kernel may drop it from memory whenever it likes.
 */
void sys_release_program(void);

/**
 * sys_seal_relocated() - make read-only what has been relocated at the start (PT_GNU_RELRO)
 *
 * A dynamic linker does so for its programs; in a static one musl leaves it to us.
 *
 * Return: 0; -ENOMEM.
 */
int sys_seal_relocated(void);
