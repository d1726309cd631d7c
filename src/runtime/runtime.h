/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oci/spec.h"
#include "oci/state.h"

/*
 * A bundle to a running container: the verbs of the OCI runtime. One call a process: the memory is
 * static. State lives in <root>/<id>/: state.json, config.json as it was at create, and until the
 * container is started two named pipes: "start" takes one byte, "started" gives the failure or ends.
 */

#define RUNTIME_ROOT "/run/cleat/oci"

/** struct runtime - one process's use of one state root */
struct runtime {
	const char *root;
	int root_fd;
	struct arena arena;
	char warning[ERR_MSG_MAX]; /* "" or what should be told although the call succeeded */
	void (*debug)(void *arg, const char *step); /* NULL, or is told of create, run, exec */
	void *debug_arg;
};

/** runtime_open() - @root is made if missing (0700) */
int runtime_open(struct runtime *rt, const char *root, bool make, struct err *e);
void runtime_close(struct runtime *rt);

/** runtime_say() - a step, in the words of runc's log, which scripts look for */
void runtime_say(const struct runtime *rt, const char *step);

/** struct runtime_create - what create and run are told */
struct runtime_create {
	const char *id, *bundle;
	const char *config;	    /* path below the bundle, or absolute; NULL = config.json */
	const char *console_socket; /* NULL unless process.terminal */
	const char *pid_file;	    /* NULL or path */
	const char *notify_socket;  /* NULL or the service manager's, "@name" for an abstract one */
	const char *pidfd_socket;   /* NULL or path: gets a pidfd of the first process */
	const char *systemd;	    /* NULL, or socket of the systemd that makes the cgroup */
	uint32_t preserve_fds;	    /* descriptors from 3 on that the container inherits ... */
	uint32_t listen_fds;	    /* ... behind these, which it is told of by LISTEN_FDS */
	bool foreground;	    /* a terminal without console_socket is the caller's */
	bool no_pivot, no_new_keyring;
};

/**
 * runtime_create() - a container that waits to be started; all or nothing
 *
 * Return: 0; -EEXIST the id is in use; -errno.
 */
int runtime_create(struct runtime *rt, const struct runtime_create *o, struct err *e);

/**
 * runtime_start() - returns once the container's program runs, or with the reason why it does not
 * @notify_socket: NULL; else, if create had one too, when the program says that it is ready, which is passed on
 */
int runtime_start(struct runtime *rt, const char *id, const char *notify_socket, struct err *e);

/**
 * runtime_run() - create, start; in the foreground wait (forwarding signals) and delete
 * @keep: do not delete
 * @ret_status: exit status or 128 + signal
 */
int runtime_run(struct runtime *rt, const struct runtime_create *o, bool keep, int *ret_status,
		struct err *e);

/** runtime_state() - the state document */
int runtime_state(struct runtime *rt, const char *id, struct buf *b, struct err *e);

/**
 * runtime_kill() - @sig to the first process
 * @all: to every process in the container's cgroup; none left is success
 *
 * SIGKILL wakes a paused container, and without a pid namespace of its own means all.
 *
 * Return: 0; -ESRCH it has ended.
 */
int runtime_kill(struct runtime *rt, const char *id, int sig, bool all, struct err *e);

/**
 * runtime_delete() - cgroups, state directory, poststop hooks of a container that has ended (or was never
 * started: that one is killed). @force: kill a running one; no such container is success
 *
 * Return: 0; -ENOENT; -EBUSY it runs.
 */
int runtime_delete(struct runtime *rt, const char *id, bool force, struct err *e);

/** runtime_pause() - stop every process of it. Return: 0; -EINVAL it does not run; -EBUSY they do not stop */
int runtime_pause(struct runtime *rt, const char *id, struct err *e);
int runtime_resume(struct runtime *rt, const char *id, struct err *e);

/**
 * runtime_update() - change limits of a running container; what is not set in @want stays
 * @want: device rules in it are not looked at, as in runc
 * @l3_cache, @mem_bw: schemata of Intel RDT, or NULL
 *
 * On failure what was changed so far is set back as far as the kernel allows. Return: 0; -EINVAL it has ended; -errno.
 */
int runtime_update(struct runtime *rt, const char *id, const struct oci_resources *want,
		   const char *l3_cache, const char *mem_bw, struct err *e);

/** runtime_read_resources() - a resources object from @path, "-" is standard input. Return: 0; -EFBIG; -EBADMSG; -errno */
int runtime_read_resources(struct runtime *rt, const char *path,
			   struct oci_resources *ret_resources, struct err *e);

/**
 * runtime_events() - figures every @interval_ms, and each time that the kernel killed for lack of memory, until it ends
 * @interval_ms: 0 = the figures once, then return
 * @fn: gets a JSON document in one line, with the line's end
 *
 * Return: 0; -EINVAL it has ended; -errno.
 */
typedef void runtime_event_fn(void *data, struct span line);
int runtime_events(struct runtime *rt, const char *id, unsigned int interval_ms,
		   runtime_event_fn *fn, void *data, struct err *e);

/** runtime_processes() - pids as this pid namespace has them, also those of exec. Return: count; -EFBIG more than @cap */
int runtime_processes(struct runtime *rt, const char *id, pid_t *ret_pids, size_t cap,
		      struct err *e);

/** struct runtime_exec - one more process in a running container */
struct runtime_exec {
	const char *id;
	const char
		*process_path; /* JSON file, or NULL: from config.json, changed by what follows */
	const char *const *args;
	size_t n_args;
	const char *cwd;	/* NULL = the container's */
	const char *const *env; /* added */
	size_t n_env;
	bool has_user, has_group; /* else the container's */
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* added */
	size_t n_groups;
	uint64_t add_caps;
	const char *unknown_cap;	/* asked for, and nobody knows it: a warning */
	const char *apparmor, *selinux; /* NULL = the container's */
	bool sets_no_new_privs, no_new_privs;
	const char *const *cgroups; /* below the container's, as cgroup_sub() takes them */
	size_t n_cgroups;
	bool tty, detach, ignore_paused;
	const char *console_socket, *pid_file, *pidfd_socket;
	uint32_t preserve_fds;
};
int runtime_exec(struct runtime *rt, const struct runtime_exec *o, int *ret_status, struct err *e);

/** runtime_list() - calls @fn for each container. Return: 0; -errno of the directory */
typedef void runtime_list_fn(void *data, const struct oci_state *s, enum oci_status status);
int runtime_list(struct runtime *rt, runtime_list_fn *fn, void *data, struct err *e);

/** runtime_libseccomp() - major, minor, micro of the library that knows the calls of filters */
void runtime_libseccomp(unsigned int ret_version[3]);
