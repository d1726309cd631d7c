/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "oci/spec.h"
#include "oci/state.h"
#include "runtime/runtime.h"

#define STATEDIR_CONFIG	 "config.json"
#define STATEDIR_START	 "start"
#define STATEDIR_STARTED "started"

/** statedir_make() - <root>/<id>. Return: O_PATH fd; -EEXIST */
int statedir_make(struct runtime *rt, const char *id, struct err *e);
int statedir_open(struct runtime *rt, const char *id,
		  struct err *e); /* -ENOENT: no such container */
int statedir_remove(struct runtime *rt, const char *id, struct err *e);

/** statedir_unborn() - is there no state of @id, a valid one, for certain? Asked again before something is removed */
bool statedir_unborn(const struct runtime *rt, const char *id);

/** statedir_save() - state.json by rename: a reader sees the old or the new. Not durable: /run is memory */
int statedir_save(int dir_fd, const struct oci_state *s, struct err *e);
int statedir_load(struct runtime *rt, int dir_fd, struct oci_state *ret_state, struct err *e);

/** statedir_save_config() - config.json as it is now; statedir_load_config() - the one of create */
int statedir_save_config(int dir_fd, struct span text, struct err *e);
int statedir_load_config(struct runtime *rt, int dir_fd, struct oci_spec *ret_spec, struct err *e);

/** statedir_read_config() - bundle's @name into the static text. Return: 0; -ENOENT; -EFBIG naming the symbol */
int statedir_read_config(struct runtime *rt, int bundle_fd, const char *name, struct span *ret_text,
			 struct oci_spec *ret_spec, struct err *e);

/** statedir_save_resources() - limits as updates left them; statedir_load_resources() - of create, or of the last update */
int statedir_save_resources(int dir_fd, const struct oci_resources *r, struct err *e);
int statedir_load_resources(struct runtime *rt, int dir_fd, struct oci_resources *ret_resources,
			    struct err *e);

/** statedir_status() - by looking at the process, its freezer and the start pipe */
int statedir_status(int dir_fd, const struct oci_state *s, struct err *e);

/** statedir_alive() - is the process that we know there and no zombie? Return: 1; 0; -errno cannot be told */
int statedir_alive(const struct oci_state *s);

/** struct found - a container, what every verb after create needs first */
struct found {
	struct oci_state state;
	enum oci_status status;
	int dir_fd;
};

/** statedir_find() - @f->dir_fd is the caller's to close on success. Return: 0; -EINVAL bad id; -ENOENT; -errno */
int statedir_find(struct runtime *rt, const char *id, struct found *f, struct err *e);

/** statedir_pid_file() - a number in a file of the caller's, by rename; NULL: nothing to do */
int statedir_pid_file(const char *path, pid_t pid, struct err *e);

/** statedir_read_process() - a process object from @path (exec --process) */
int statedir_read_process(struct runtime *rt, const char *path, struct oci_process *ret,
			  struct err *e);
