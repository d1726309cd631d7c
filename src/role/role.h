/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * A role is this binary re-executed with one purpose (docs/internals/architecture.md, "Roles").
 * `const struct role roles[]` is the one place that says what each may do; role_spawn() starts one,
 * role_enter() applies the restrictions before the first untrusted byte and exits on any failure.
 */

enum role_id { ROLE_PARSE, ROLE_FETCH, ROLE_UNPACK, ROLE_COUNT };

/** descriptor numbers inside a role: 0-2 are /dev/null, /dev/null and the log */
#define ROLE_FD_PEER 3 /* SEQPACKET socket to whoever started it */
#define ROLE_FD_ARG  4 /* first further descriptor, as the role's table says */

struct role {
	const char *name;	   /* argv[1] of the re-execution: "@parse" */
	const char *purpose;	   /* one sentence, shown by `cleat info --roles` */
	uid_t uid;		   /* UID_UNSET never enters */
	gid_t gid;
	uint64_t caps;		   /* bit set of capabilities that stay, permitted and effective */
	const char *const *syscalls; /* allow-list for seccomp, NULL-terminated; everything else kills */
	bool keep_net;		   /* false: empty network namespace */
	bool empty_root;	   /* root directory is an empty read-only one, nothing can be opened by path */
	size_t max_memory_kib;	   /* RLIMIT_AS/DATA, and the memory cgroup that role_spawn() is given */
	unsigned int max_fds;	   /* RLIMIT_NOFILE */
	const uint32_t *accepts;   /* frame types it may send to its starter, 0-terminated */
	int (*main)(int peer_fd);  /* runs after role_enter(); its result is the exit status */
};

extern const struct role roles[ROLE_COUNT];

/** struct role_proc - a running role */
struct role_proc {
	pid_t pid;
	int pidfd;   /* -1 on kernels without */
	int peer_fd; /* our end of the socket */
};

/**
 * role_spawn() - start a role
 * @fds:   become ROLE_FD_ARG, ROLE_FD_ARG + 1, ...; borrowed
 * @cgroup_procs: NULL or list of cgroup.procs files that the child enters before exec
 *
 * Return: 0; -errno.
 */
int role_spawn(enum role_id id, const int *fds, size_t n_fds, const char *const *cgroup_procs,
	       struct role_proc *ret_proc, struct err *e);

/** role_accepts() - may @id send a frame of @type? If not, the peer is closed and killed, not we */
bool role_accepts(enum role_id id, uint32_t type);

/** role_main() - entry from main.c for argv[1] "@name": enters the role and runs it; -ENOENT unknown name */
int role_main(const char *name);
