/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oci/spec.h"

#define OCI_ID_MAX	     128
#define OCI_MAX_CGROUP_PATHS 16

/** Spec: runtime-spec "State" */
#define OCI_STATUSES(X)                                                                            \
	X(CREATING, "creating")                                                                    \
	X(CREATED, "created") X(RUNNING, "running") X(STOPPED, "stopped") X(PAUSED, "paused")
enum oci_status {
#define X(id, text) OCI_##id,
	OCI_STATUSES(X)
#undef X
};
const char *oci_status_name(enum oci_status s);

/** struct oci_unit - the scope that is the container's cgroup; @name NULL = none */
struct oci_unit {
	char *name;
	char *socket; /* of the systemd that holds it */
};

/**
 * struct oci_state - what the runtime keeps of one container
 *
 * pid and start_ticks together name the process: a pid alone may belong to somebody else by now.
 */
struct oci_state {
	char *id, *bundle, *rootfs, *created; /* created: RFC 3339 */
	pid_t pid;			      /* as the runtime sees it; 0 = never had one */
	uint64_t start_ticks;		      /* field 22 of /proc/PID/stat */
	bool own_pid_ns;	 /* false: killing the first process does not end the others */
	bool own_keyring;	 /* session keyring "_ses.<id>", which exec joins too */
	struct oci_strs cgroups; /* absolute directories that delete removes */
	struct oci_unit unit;
	struct oci_kvs annotations;
	char *owner; /* of the state directory, in runc's notation; NULL = not looked at */
};

/** oci_state_write() - the private record (state.json) */
void oci_state_write(struct buf *b, const struct oci_state *s);
int oci_state_read(struct span json, void *pool, size_t pool_bytes, struct arena *a,
		   struct oci_state *ret_state, struct err *e);

/** oci_state_print() - the public document: `state` verb, hooks' stdin. pid of "stopped" is left out, or 0 beside an owner, as in runc */
void oci_state_print(struct buf *b, const struct oci_state *s, enum oci_status status);

/** oci_id_check() - letters, digits, "_+-." only, not starting with a dot. Return: 0; -EINVAL */
int oci_id_check(const char *id, struct err *e);
