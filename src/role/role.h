/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "msg/msg.h"
#include "sys/proc.h"
#include "sys/seccomp.h"

/*
 * A role is this binary re-executed with one purpose (docs/internals/architecture.md, "Roles").
 * `const struct role roles[]` (src/roles.c) is the one place that says what each may do; role_spawn()
 * starts one, role_enter() applies the restrictions before the first untrusted byte and exits on any
 * failure. Zero in a row is always the least privilege.
 */

enum role_id { ROLE_PARSE, ROLE_FETCH, ROLE_UNPACK, ROLE_PACK, ROLE_INFLATE, ROLE_COUNT };

/** descriptor numbers inside a role: 0-2 are /dev/null, /dev/null and the log */
#define ROLE_FD_PEER 3 /* SEQPACKET socket to whoever started it */
#define ROLE_FD_ARG  4 /* first further descriptor, as the role's table says */

#define ROLE_CAP(cap) ((uint64_t)1 << (cap)) /* of CAP_* in linux/capability.h */

#define ROLE_UID 65534 /* uid and gid of a role that is not `as_root` */

/** enum role_root - what a role can reach by path */
enum role_root {
	ROLE_ROOT_EMPTY, /* nothing: an empty read-only directory */
	/* etc/resolv.conf and etc/hosts, copied from ROLE_FD_ARG + 2 and + 3, read-only */
	ROLE_ROOT_NAMES,
	ROLE_ROOT_STAGING, /* the directory ROLE_FD_ARG + 1, writable, nodev,nosuid,noexec */
	ROLE_ROOT_TREE,	   /* the same, read-only */
};

struct role {
	const char *name;    /* argv[1] of the re-execution: "@parse" */
	const char *purpose; /* one sentence, shown by `cleat info --roles` */
	bool as_root;	     /* false: uid and gid ROLE_UID, no groups, no capabilities */
	uint64_t caps;	     /* with as_root: capabilities that stay (ROLE_CAP) */
	const int *calls;    /* system calls that do not kill, ended by SYS_CALL_END */
	const struct sys_seccomp_arg *call_args; /* conditions on their arguments */
	size_t n_call_args;
	bool keep_net; /* false: a network namespace of its own without interfaces */
	enum role_root root;
	unsigned int n_args;	  /* descriptors from ROLE_FD_ARG on; all others are closed */
	size_t max_memory_kib;	  /* address space beyond the program and its static memory */
	unsigned int max_fds;	  /* open at one time */
	const uint32_t *accepts;  /* frame types it may send to its starter, 0-terminated */
	int (*main)(int peer_fd); /* runs after role_enter(); its result is the exit status */
};

extern const struct role roles[ROLE_COUNT];

/** struct role_proc - a running role */
struct role_proc {
	pid_t pid;   /* 0 = none */
	int pidfd;   /* -1 on kernels without */
	int peer_fd; /* our end of the socket: blocking; with a loop make it non-blocking */
	enum role_id id;
};

/**
 * role_spawn() - start a role
 * @fds:   become ROLE_FD_ARG, ROLE_FD_ARG + 1, ...; borrowed; as many as the role's table says; -1 = /dev/null
 * @cgroup_procs: NULL or NULL-terminated list of cgroup.procs files that the child enters before exec
 *
 * Blocks until the exec has happened. The role dies with the thread that started it.
 *
 * Return: 0; -ENOSYS this build has no such role; -EINVAL wrong number of @fds; -errno.
 */
int role_spawn(enum role_id id, const int *fds, size_t n_fds, const char *const *cgroup_procs,
	       struct role_proc *ret_proc, struct err *e);

/** role_accepts() - may @id send a frame of @type? If not, the peer is closed and killed, not we */
bool role_accepts(enum role_id id, uint32_t type);

/**
 * role_recv() - next frame of a role; msg_recv() plus the check of role_accepts()
 *
 * Return: as msg_recv(); -EPROTO a frame the table does not allow, malformed or cut: the role was killed and its
 * socket closed (peer_fd is -1; a loop's watch on it must be removed by the caller), it still has to be reaped.
 */
int role_recv(struct role_proc *p, void *buf, size_t cap, struct msg *ret_msg, int flags);

void role_kill(struct role_proc *p); /* SIGKILL; does not reap */

/** role_end() - kill, close, and reap (blocks shortly); idempotent. For starters without a loop */
void role_end(struct role_proc *p, struct sys_exit *ret_exit);

/** role_enter() - give up everything @r does not have; on any failure a message on descriptor 2 and exit 70 */
void role_enter(const struct role *r);

/** role_main() - entry from main.c for argv[1] "@name": enters the role and runs it; -ENOENT unknown name */
int role_main(const char *name);
