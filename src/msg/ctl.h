/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/err.h"
#include "msg/msg.h"

/*
 * The control protocol: `cleat <verb>` to the engine over RUN/ctl.sock, or to a one-shot engine
 * over a socket pair. A connection carries one request at a time:
 *
 *   client: one request frame (struct ctl_request), with descriptors as the table below says
 *   engine: any number of replies, the last one is CTL_DONE or CTL_ERROR; then the next request may
 * come
 *
 * While CTL_RUN, CTL_ATTACH or CTL_EXEC lasts, the client may send CTL_KILL and CTL_RESIZE with
 * name NULL on the same connection: they concern that container (process) and get no reply of their
 * own. A client that goes away ends its exec'd process' connection, never a container.
 *
 *   verb      request                                   descriptors           replies before DONE
 *   RUN       service; flags RM DETACH CREATE NO_PULL   stdin stdout stderr   PROGRESS* STARTED,
 *             TTY STDIN                                 unless DETACH         EXIT unless DETACH, CREATE
 *   START     container; flag ATTACH                    as RUN if ATTACH      STARTED, EXIT if ATTACH
 *   STOP      container; timeout_ms
 *   RESTART   container; timeout_ms
 *   KILL      container; signal
 *   RM        container; flags FORCE VOLUMES
 *   WAIT      container                                                       EXIT
 *   PS        flag ALL; name: only this one                                   CONTAINER*
 *   LOGS      container; FOLLOW: DONE at its end                              FD: log directory, log/follow.h
 *   EXEC      container; args env user working_dir;     stdin stdout stderr   FD: pty master if TTY;
 *             flags TTY STDIN DETACH                    unless TTY, DETACH    EXIT unless DETACH
 *   ATTACH    container; flag STDIN                     stdin stdout stderr   EXIT
 *   RESIZE    container; rows columns
 *   INSPECT   container or image                                              TEXT*: one JSON array
 *   APPLY     name of the file for messages             the manifest          PROGRESS* TEXT*
 *   PULL      image; flag QUIET                                               PROGRESS* PAIR*
 *   IMAGES    name: only this repository                                      IMAGE*
 *   RMI       image; flag FORCE                                               TEXT*
 *   TAG       image; args: the new reference
 *   SAVE      image                                                           PAIR*: name, image, manifest
 *                                                                             if as pulled, config, layer:
 *                                                                             "DIGEST SIZE TYPE"
 *   BLOB      image; args: "manifest", "config" or a layer's number           FD: a file or a pipe
 *   PUSH      image; flag QUIET                                               PROGRESS* PAIR*
 *   PRUNE     flags IMAGES CONTAINERS VOLUMES; ALL: images with a name too    TEXT*
 *   DF                                                                        PAIR*: kind, "total active
 *                                                                             bytes reclaimable"
 *   LOAD      name of the directory for messages;       the OCI layout        PROGRESS* PAIR*
 *             args: the reference to give it, which     directory, or an
 *             of its images if there are several        archive
 *   CHECK     name of the file for messages             the manifest
 *   CONFIG    name of the file for messages             the manifest          TEXT*: canonical YAML
 *   HISTORY   image                                                           IMAGE*: repository: what
 *                                                                             made it; tag: comment
 *   FSCK       FORCE: repair                                                  TEXT* EXIT: findings
 *   LOGIN     registry (NULL: Docker Hub); user;        the password: a       PAIR
 *             working_dir: the client's --config        regular file
 *   LOGOUT    registry; working_dir as LOGIN                                  PAIR
 *   INFO                                                                      PAIR*
 *   VERSION                                                                   PAIR*
 *   TAKEOVER  the engine leaves its containers alone and exits
 *
 * A missing stdio descriptor is not sent: the bits of `stdio` (1 stdin, 2 stdout, 4 stderr) say
 * which come.
 */

/* X(symbol, name, needs a running engine) */
#define CTL_VERBS(X)                                                                               \
	X(RUN, "run", true)                                                                        \
	X(START, "start", true)                                                                    \
	X(STOP, "stop", true)                                                                      \
	X(RESTART, "restart", true)                                                                \
	X(KILL, "kill", true)                                                                      \
	X(RM, "rm", true)                                                                          \
	X(WAIT, "wait", true)                                                                      \
	X(PS, "ps", true)                                                                          \
	X(LOGS, "logs", true)                                                                      \
	X(EXEC, "exec", true)                                                                      \
	X(ATTACH, "attach", true)                                                                  \
	X(RESIZE, "resize", true)                                                                  \
	X(INSPECT, "inspect", false)                                                               \
	X(APPLY, "apply", true)                                                                    \
	X(PULL, "pull", false)                                                                     \
	X(IMAGES, "images", false)                                                                 \
	X(RMI, "rmi", false)                                                                       \
	X(TAG, "tag", false)                                                                       \
	X(HISTORY, "history", false)                                                               \
	X(SAVE, "save", false)                                                                     \
	X(BLOB, "blob", false)                                                                     \
	X(PRUNE, "prune", false)                                                                   \
	X(DF, "df", false)                                                                         \
	X(LOAD, "load", false)                                                                     \
	X(CHECK, "check", false)                                                                   \
	X(CONFIG, "config", false)                                                                 \
	X(FSCK, "fsck", false)                                                                     \
	X(LOGIN, "login", false)                                                                   \
	X(LOGOUT, "logout", false)                                                                 \
	X(INFO, "info", false)                                                                     \
	X(VERSION, "version", false)                                                               \
	X(TAKEOVER, "takeover", true)                                                              \
	X(PUSH, "push", false)

enum ctl_verb {
#define X(symbol, name, engine) CTL_##symbol,
	CTL_VERBS(X)
#undef X
		CTL_VERB_COUNT
};

/* frame type of a request = CTL_REQUEST + verb */
#define CTL_REQUEST 0x500

enum ctl_reply_type {
	CTL_DONE = 0x580,
	CTL_ERROR,
	CTL_PROGRESS,
	CTL_STARTED,
	CTL_EXIT,
	CTL_CONTAINER,
	CTL_IMAGE,
	CTL_TEXT,
	CTL_PAIR,
	CTL_FD,
};

enum ctl_flag {
	CTL_F_RM = 1 << 0,
	CTL_F_DETACH = 1 << 1,
	CTL_F_CREATE = 1 << 2, /* RUN: make it, do not start it */
	CTL_F_NO_PULL = 1 << 3,
	CTL_F_TTY = 1 << 4,
	CTL_F_STDIN = 1 << 5,
	CTL_F_ATTACH = 1 << 6,
	CTL_F_FORCE = 1 << 7,
	CTL_F_VOLUMES = 1 << 8,
	CTL_F_ALL = 1 << 9,
	CTL_F_FOLLOW = 1 << 10,
	CTL_F_QUIET = 1 << 11, /* no PROGRESS */
	CTL_F_IMAGES = 1 << 12,
	CTL_F_CONTAINERS = 1 << 13,
};

enum ctl_stdio { CTL_STDIN = 1, CTL_STDOUT = 2, CTL_STDERR = 4 };

#define CTL_MAX_ARGS 256

/** struct ctl_request - one request; zero what the verb does not use, but timeout_ms =
 * CTL_TIMEOUT_UNSET */
struct ctl_request {
	enum ctl_verb verb;
	uint32_t flags;	    /* enum ctl_flag */
	uint32_t stdio;	    /* enum ctl_stdio: which descriptors come, in this order */
	char *name;	    /* see the table; containers by name, ID or unique ID prefix */
	int32_t signal;	    /* KILL; 0 = SIGKILL */
	int64_t timeout_ms; /* STOP, RESTART: grace period */
	uint32_t rows, columns;
	char **args, **env; /* env: "NAME=value" */
	size_t n_args, n_env;
	char *user, *working_dir;
	struct span
		service; /* RUN: manifest_service_encode(); name NULL: the engine makes one up */
};

#define CTL_TIMEOUT_UNSET -1 /* the container's own grace period */

struct ctl_progress {
	char *what;	      /* service, image or layer the line is about */
	char *text;	      /* "pulling", "done", ... */
	uint64_t done, total; /* bytes; total 0 = unknown or no bytes */
};

/** struct ctl_container - a row of ps */
struct ctl_container {
	char *id, *name, *image, *command;
	char *state;   /* created running restarting stopping exited dead */
	char *ports;   /* "0.0.0.0:8080->80/tcp, ..." */
	char *ip;      /* "" if none */
	char *service; /* of the manifest, NULL for `cleat run` */
	char *error;   /* why it did not start, NULL otherwise */
	int64_t created_s, started_s, finished_s; /* 0 = not yet */
	int32_t exit_code;
	uint32_t restarts, pid;
	bool oom;
};

/** struct ctl_image - a row of images */
struct ctl_image {
	char *repository, *tag;	  /* tag NULL if only a digest names it */
	struct digest digest, id; /* of the manifest, of the config */
	char *created;		  /* RFC 3339 or NULL */
	uint64_t bytes;
};

struct ctl_reply {
	uint32_t type; /* enum ctl_reply_type */
	union {
		struct ctl_progress progress;
		struct ctl_container container;
		struct ctl_image image;
		struct {
			char *id, *name;
		} started;
		struct {
			char *key, *value;
		} pair;
		struct {
			int32_t exit_code; /* what the client should exit with: 1, or 125/126/127
					      for run and exec */
			char *text;
		} error;
		char *text;
		int32_t exit_code;
	};
	int fds[MSG_MAX_FDS]; /* the receiver's */
	size_t n_fds;
};

const char *ctl_verb_name(enum ctl_verb verb);
bool ctl_verb_needs_engine(enum ctl_verb verb);

void ctl_request_encode(struct enc *e, const struct ctl_request *r);
void ctl_request_decode(struct dec *d, enum ctl_verb verb,
			struct ctl_request *ret_request); /* then dec_done() */
void ctl_reply_encode(struct enc *e, const struct ctl_reply *r);
void ctl_reply_decode(struct dec *d, uint32_t type,
		      struct ctl_reply *ret_reply); /* -EBADMSG at dec_done() for an unknown type */

/* the client's side, blocking; for cmd/ */

struct ctl_paths {
	const char *root, *run, *config; /* absolute; defaults CTL_DEFAULT_* */
};

#define CTL_DEFAULT_ROOT   "/var/lib/cleat"
#define CTL_DEFAULT_RUN	   "/run/cleat"
#define CTL_DEFAULT_CONFIG "/etc/cleat"

/** struct ctl_client - a connection; about 200 KiB, so static or malloc'd */
struct ctl_client {
	int fd;
	int one_shot_pid;   /* 0 = a running engine answers */
	struct arena arena; /* what the last reply points to */
	uint8_t frame[MSG_MAX];
	_Alignas(16) uint8_t mem[2 * MSG_MAX];
};

/**
 * ctl_open() - connect to the engine of @paths, or start a one-shot engine if none runs and @verb
 * can do without
 *
 * Return: 0; -ENOENT no engine runs and the verb needs one, @e says how to start it; -errno.
 */
int ctl_open(struct ctl_client *c, const struct ctl_paths *paths, enum ctl_verb verb,
	     struct err *e);

/** ctl_close() - also waits for a one-shot engine to end */
void ctl_close(struct ctl_client *c);

/** ctl_call() - send a request with @n_fds borrowed descriptors. Return: 0; -EMSGSIZE arguments too
 * long; -EPIPE */
int ctl_call(struct ctl_client *c, const struct ctl_request *r, const int *fds, size_t n_fds,
	     struct err *e);

/**
 * ctl_next() - next reply; strings are valid until the next call
 *
 * Return: 1 a reply (CTL_DONE and CTL_ERROR included: they are the last); -ECONNRESET the engine
 * went away; -EBADMSG.
 */
int ctl_next(struct ctl_client *c, struct ctl_reply *ret_reply, struct err *e);

/** ctl_finish() - read and drop replies up to the last. Return: 0 CTL_DONE; the exit code of
 * CTL_ERROR with @e set; -errno */
int ctl_finish(struct ctl_client *c, struct err *e);
