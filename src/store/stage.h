/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/layout.h"
#include "store/store.h"

/*
 * Staging, inside store/ only: an object grows below staging/ under a random name and appears at
 * its place by one rename; it goes by one rename to trash/ before it is taken apart. So no directory
 * of the store ever holds half an object, and what staging/ holds when a store is opened is rubbish.
 */

#define STAGE_NAME_CAP 32

/** stage_begin() - new empty directory staging/<name>, mode 0700. Return: its fd; -errno */
int stage_begin(struct store *s, char ret_name[static STAGE_NAME_CAP], struct err *e);

/** stage_commit() - rename to <dir>/<name>, durably. What is inside must be synced already. Return:
 * 0; -EEXIST; -errno */
int stage_commit(struct store *s, const char *staged_name, enum layout_dir d, const char *name,
		 struct err *e);

/** stage_abort() - remove what was staged; best effort, the next store_open() sweeps what is left
 */
void stage_abort(struct store *s, const char *staged_name);

/** stage_discard() - take <dir>/<name> out of the store durably, then remove it or leave that to
 * store_sweep(). Return: 0; -ENOENT; -errno */
int stage_discard(struct store *s, enum layout_dir d, const char *name, struct err *e);

/** stage_drop() - the same without waiting for the medium */
int stage_drop(struct store *s, enum layout_dir d, const char *name, struct err *e);

/** stage_file() - write one file of a staged object and sync it. Return: 0; -errno */
int stage_file(int dir_fd, const char *name, struct span content, struct err *e);

/** store_dir() - open one of the store's directories. Return: fd; -errno */
int store_dir(const struct store *s, enum layout_dir d, struct err *e);

/** store_each() - names in one of the store's directories, temporary files left out. Stops at fn's
 * non-zero result and returns it */
typedef int store_each_fn(const char *name, void *data);
int store_each(const struct store *s, enum layout_dir d, store_each_fn *fn, void *data,
	       struct err *e);

/** store_is_bad() - is it to be replaced? store_not_bad() - it was */
bool store_is_bad(const struct store *s, const struct digest *d);
void store_not_bad(struct store *s, const struct digest *d);

/** store_is_dir() - is there a directory of this path below the root? A symbolic link is none */
bool store_is_dir(const struct store *s, const char *path);
