/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/state.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/runtime.h"
#include "runtime/source.h"
#include "runtime/terminal.h"

/** struct creation - a container on its way to "created" */
struct creation {
	struct runtime *rt;
	const struct runtime_create *o;
	struct oci_spec spec;
	struct oci_state state;
	struct cgroup cgroup;
	pid_t holder;	    /* runtime/systemd/systemd.h; 0 */
	struct span config; /* text of config.json */
	enum sources sources;
	bool beside;	 /* device rules are loaded while the stage mounts */
	bool net_beside; /* and the network namespace is made */
	char *root_at;	 /* runtime/shared_root.h, or NULL */
	int dir_fd;	 /* state directory; -1 until it is ours to undo */
	int sync_fd;	 /* to the stage */
	int pidfd;
	struct terminal terminal;
	int ready_fd; /* where a program that is run says that it is ready; -1 */
	int agent_fd; /* of seccomp notify; -1 */
	bool killed;  /* the stage, because it did not listen */
	bool by_pipe; /* start comes by the named pipes, not by sync_fd */
};

/** creation_add_env() - @word from the arena, NULL is -ENOMEM */
int creation_add_env(struct creation *c, char *word);

/** creation_find_cgroups() - which they are to be; the state names them. creation_list_cgroups() - those that there are */
int creation_find_cgroups(struct creation *c, const char *path, struct err *e);
void creation_list_cgroups(struct creation *c);

/** creation_make_cgroups() - by systemd if it is asked to, with their limits */
int creation_make_cgroups(struct creation *c, struct err *e);

/** creation_load() - bundle and state in memory; nothing to undo. creation_reserve() - the id is ours: creation_abort() undoes it */
int creation_load(struct creation *c, struct runtime *rt, const struct runtime_create *o,
		  struct err *e);
int creation_reserve(struct creation *c, struct err *e);

/** creation_begin() - up to a stage that waits; on failure everything is undone */
int creation_begin(struct creation *c, struct runtime *rt, const struct runtime_create *o,
		   bool by_pipe, struct err *e);

/** creation_abort() - kill and remove all of it */
void creation_abort(struct creation *c);

/** creation_end() - close what the creating process holds */
void creation_end(struct creation *c);
