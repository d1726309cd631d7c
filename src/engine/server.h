/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/container.h"
#include "engine/pull.h"
#include "loop/loop.h"
#include "msg/ctl.h"
#include "wire/reference.h"

/*
 * Control connections. A connection has one request under way at most; what it waits for is `wait`.
 * A client that does not read its answers loses the connection, nothing else.
 */

enum client_wait {
	CLIENT_IDLE,	/* no request under way */
	CLIENT_START,	/* for a container to run; then DONE */
	CLIENT_RUN,	/* for a container to run, then for its end */
	CLIENT_END,	/* for a container's end; then DONE, after EXIT if `tell_exit` */
	CLIENT_RESTART, /* for a container's end, then for it to run; then DONE */
	CLIENT_REMOVED, /* for a container to be gone; then DONE */
	CLIENT_PULL,	/* images.c answers */
	CLIENT_EXEC,	/* exec.c answers */
	CLIENT_APPLY,	/* desired.c answers */
	CLIENT_LOGIN,	/* login.c answers */
	CLIENT_PUSH,	/* push.c answers */
	CLIENT_PARSE,	/* desired.c answers: CHECK and CONFIG */
	CLIENT_DF,	/* sweep.c answers */
	CLIENT_FSCK,	/* fsck.c answers */
	CLIENT_HISTORY, /* history.c answers */
};

/** struct client_exec - state of exec.c in a client */
struct client_exec {
	struct loop_child child;
	pid_t pid;
	int console_fd; /* listener for the runtime's terminal, -1 */
	struct loop_io console_io;
	char console_path[64]; /* below the run directory */
};

struct client {
	int fd; /* -1 = free slot */
	uint32_t serial;
	struct loop_io io;
	enum client_wait wait;
	enum ctl_verb verb;
	uint32_t flags;
	bool tell_exit;
	struct container *container; /* what it waits for, with the serial it had */
	uint32_t container_serial;
	int fds[3]; /* stdio of RUN until the container exists; -1 */
	struct client_exec exec;
	struct reference image;	       /* PULL, PUSH, RUN while it waits for an image */
	char name[CONTAINER_NAME_CAP]; /* RUN: --name, "" = none */
	size_t service_len;
	/* RUN: encoded service while it waits for an image */
	uint8_t service[CONFIG_CLIENT_SERVICE_KIB * 1024];
};

/** client_send() - a reply; on a client that does not read or is gone the connection ends */
void client_send(struct client *c, const struct ctl_reply *reply);
void client_done(struct client *c);

/** client_error() - @exit_code: what the CLI should exit with; ends the request */
void client_error(struct client *c, int exit_code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void client_exit(struct client *c, int code); /* EXIT; DONE is still to come */
void client_text(struct client *c, const char *text);
void client_pair(struct client *c, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void client_progress(struct client *c, const char *what, const char *text, uint64_t done,
		     uint64_t total);
void client_started(struct client *c, const struct container *k);

/** client_watch() - set what it waits for */
void client_watch(struct client *c, enum client_wait wait, struct container *k);

/** client_each() - the connected ones, as container_each() */
struct client *client_each(struct client *after);

int server_listen(struct err *e);	 /* RUN/ctl.sock */
int server_serve(int fd, struct err *e); /* one connection that exists already: one-shot */
void server_close(void);

/* Verbs. Each answers at once or sets `wait`; @m: descriptors that came, closed by the server unless taken
 * (take_fd(&m->fds[i])). @r: strings in the scratch arena, valid until the function returns */
typedef void verb_fn(struct client *c, const struct ctl_request *r, struct msg *m);
verb_fn verb_run, verb_start, verb_stop, verb_restart, verb_kill, verb_rm, verb_wait, verb_ps,
	verb_logs, verb_attach, verb_resize; /* verbs_container.c */
verb_fn verb_history;
verb_fn verb_pull, verb_images, verb_rmi, verb_load, verb_tag, verb_prune; /* verbs_image.c */
verb_fn verb_fsck, verb_info, verb_version;				   /* verbs_system.c */
verb_fn verb_exec;							   /* exec.c */
verb_fn verb_inspect;							   /* inspect.c */
verb_fn verb_save, verb_blob;						   /* save.c */
verb_fn verb_push;							   /* push.c */
verb_fn verb_df;							   /* sweep.c */
verb_fn verb_apply, verb_check, verb_config;				   /* desired.c */
verb_fn verb_takeover;							   /* adopt.c */

/* exec.c */
void exec_cancel(struct client *c);	   /* its connection ended */
void exec_kill(struct client *c, int sig); /* KILL while it waits for its process */

/* desired.c */
/*
 * the current generation from the store, then CONFIG/manifest.yaml if it differs; not in one-shot
 * mode
 */
void desired_start(void);
void desired_step(void); /* plan and take steps; called from the loop after engine_changed() */
void desired_client_gone(struct client *c);

/** desired_images() - digests that GC must keep for generations. Return: count; -errno one cannot be read */
int desired_images(struct digest *dst, size_t cap, struct err *e);

/* adopt.c */
/* after container_load_all(): connect to monitors that live, read exit records */
void adopt_all(void);

/** shutdown_begin() - SIGTERM: containers end in reverse order of dependency, then the loop stops */
void shutdown_begin(void);
void shutdown_step(void); /* called from the loop after engine_changed() while engine.stopping */

/* verbs_image.c */

/** images_needed() - what GC must keep: of containers, generations and the pull under way. Valid
 * until the next call. Return: 0; -errno of a generation it is not known */
int images_needed(struct store_keep *ret_keep, struct err *e);

/** images_collect() - store_gc() with that. Return: 0; -errno */
int images_collect(int64_t layer_age_s, int64_t partial_age_s, uint64_t *ret_freed_bytes,
		   struct err *e);

/* push.c */
#if CONFIG_PUSH
#define SERVER_PUSH [CTL_PUSH] = verb_push, /* an entry of the table of verbs */
void push_client_gone(const struct client *c);

/** push_image() - of the push under way, which GC must keep. Return: NULL = none */
const struct digest *push_image(void);
#else
#define SERVER_PUSH
static inline void push_client_gone(const struct client *c)
{
	(void)c;
}

static inline const struct digest *push_image(void)
{
	return NULL;
}
#endif

/* login.c */
verb_fn verb_login, verb_logout;
void login_client_gone(const struct client *c);

/* images.c */
void images_start(void); /* an engine that stays collects garbage soon after its start */

/** image_want() - pull @ref after those asked for before, signed by @key (NULL or "" = whatever policy.yaml says); image_arrived() is called from the loop, once for each call's reference. Return: 0; -ENOSPC CONFIG_MAX_PULLS */
int image_want(const struct reference *ref, const char *key, struct err *e);

/** image_load() - the same from a layout directory or an archive; @pick as pull_start_layout() */
int image_load(int layout_fd, const char *label, const char *pick, const struct reference *ref,
	       struct err *e);
bool image_waiting(const struct reference *ref);
void image_client_gone(void); /* what nobody waits for any more is not pulled */

/** image_is_for() - is the image here and for @platform ("" or NULL: this machine)? If not, @e says why */
bool image_is_for(const struct digest *manifest, const char *platform, struct err *e);

/* who is told: clients in images.c itself, and these */
void desired_image_arrived(const struct reference *ref, const struct pull_result *result,
			   const struct err *e);
bool desired_waits_for(const struct reference *ref);
void desired_image_progress(const struct reference *ref, const char *what, const char *text,
			    uint64_t done, uint64_t total);
bool fsck_waits_for(const struct reference *ref);
void fsck_image_arrived(const struct reference *ref, const struct err *e);
/* verbs_container.c: goes on with RUN */
void run_image_arrived(struct client *c, const struct err *e);
