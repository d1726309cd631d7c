/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/digest.h"
#include "loop/loop.h"
#include "manifest/manifest.h"
#include "monitor/monitor.h"
#include "net/net.h"
#include "parse/client.h"
#include "store/store.h"

#define CONTAINER_ID_CAP    65
#define CONTAINER_NAME_CAP  128
#define CONTAINER_MAX_NETS  4
#define CONTAINER_MAX_PORTS 16

/*
 * A life:  CREATED → MOUNTING → LOOKUP → FILLING → CREATING → STARTING → RUNNING → (STOPPING →) EXITED, then
 * BACKOFF → MOUNTING again if the restart policy says so, or removal.
 */
#define CONTAINER_STATES(X)                                                                        \
	X(FREE, "free")		/* the slot is empty */                                            \
	X(CREATED, "created")	/* has not run since the machine booted */                         \
	X(MOUNTING, "starting") /* its monitor was started and mounts the root */                  \
	X(LOOKUP, "starting")	/* the parse role looks its user up */                             \
	X(FILLING, "starting")	/* its new volumes get what the image has in their place */        \
	X(CREATING, "starting") /* the runtime creates it */                                       \
	X(STARTING, "starting") /* the network is there, its program starts */                     \
	X(RUNNING, "running")                                                                      \
	X(STOPPING, "stopping") /* a signal was sent; SIGKILL follows by timer */                  \
	X(EXITED, "exited")                                                                        \
	X(BACKOFF, "restarting")

enum container_state {
#define X(symbol, name) CONTAINER_##symbol,
	CONTAINER_STATES(X)
#undef X
		CONTAINER_STATE_COUNT
};

/** struct container_net - one interface of a container */
struct container_net {
	int network; /* slot of network.c */
	uint32_t ip;
	char host_if[NET_NAME_MAX];
};

struct container {
	enum container_state state;
	uint32_t serial; /* of the slot's use: tells a container from its successor in the slot */
	char id[CONTAINER_ID_CAP];
	char name[CONTAINER_NAME_CAP];
	char service[CONTAINER_NAME_CAP]; /* of the manifest; "" = made by `cleat run` */
	char host_names[256];		  /* what its peers call it, separated by spaces */
	struct digest image, hash;
	bool auto_remove, held, removing, ran, tty, stdin_open, oom;
	bool drop_volumes;  /* its anonymous volumes go with it */
	bool restart_asked; /* start again as soon as it has ended */
	bool failed;	    /* the way to RUNNING has failed; its monitor is being ended */
	enum manifest_restart restart;
	uint32_t restart_max, restarts;
	uint32_t stop_grace_ms;
	int stop_signal;
	int64_t created_s, started_s, finished_s, started_ms, backoff_ms;
	int exit_code;
	char error[200]; /* why it never ran, "" otherwise */
	pid_t pid;	 /* of its first process, 0 = none */
	pid_t monitor_pid;
	int monitor_fd; /* -1 = none */
	struct loop_io monitor_io;
	struct loop_timer timer; /* grace period, back-off */
	int rootfs_fd;
	struct parse_call user_call;
	struct loop_io user_io;
	bool looking_up;
	struct container_fill {
		uint64_t mounts; /* bit n: volume number n is still to be filled */
		struct loop_child child;
		pid_t pid; /* of the copying process, 0 = none */
		char staged[32];
		char name[CONTAINER_NAME_CAP];
	} fill;
	int attach_fds[3]; /* of a client, until the monitor takes them; -1 */
	bool attach_stdin;
	uint32_t attach_client;
	struct container_net nets[CONTAINER_MAX_NETS];
	size_t n_nets;
	struct net_port ports[CONTAINER_MAX_PORTS];
	size_t n_ports;
};

extern struct container containers[CONFIG_MAX_CONTAINERS];

/** container_each() - `for (struct container *c = NULL; (c = container_each(c));)`: the used slots */
struct container *container_each(struct container *after);
const char *container_state_name(const struct container *c);
static inline bool container_alive(const struct container *c)
{
	return c->state >= CONTAINER_MOUNTING && c->state <= CONTAINER_STOPPING;
}

/** struct container_record - what the store keeps; strings in the scratch arena */
struct container_record {
	char *id, *name, *service; /* service NULL: `cleat run` */
	char *image_name;	   /* as the user wrote it */
	struct digest image, hash;
	bool auto_remove, held;
	int64_t created_s;
	struct manifest_service spec;
};

/** container_hostname() - Docker's default is the short ID, which also never exceeds the kernel's 64 characters. Return: @dst, or the service's own */
const char *container_hostname(const struct container_record *rec, char dst[static 13]);

/** container_record_read() - Return: 0; -EBADMSG damaged */
int container_record_read(const struct container *c, struct container_record *ret_record,
			  struct err *e);

/** container_record_image() - record and image together, in the scratch arena */
int container_record_image(const struct container *c, struct container_record *ret_record,
			   struct store_image *ret_image, struct err *e);

/** container_set_held() - remember durably that the user stopped it (restart: unless-stopped) */
void container_set_held(struct container *c, bool held);

/**
 * container_new() - a container from a service and an image that is in the store
 * @name:    NULL = make one up
 * @service: NULL unless of the manifest
 *
 * Return: 0; -EEXIST name in use; -EINVAL name; -ENOSPC CONFIG_MAX_CONTAINERS.
 */
int container_new(const struct manifest_service *spec, const char *name, const char *service,
		  const struct digest *image, const struct digest *hash, bool auto_remove,
		  struct container **ret_container, struct err *e);

/** container_load_all() - slots from the records in the store; states CREATED. Damaged ones are told and left alone */
void container_load_all(void);

/** container_find() - by name, ID or unique ID prefix. Return: NULL with @e */
struct container *container_find(const char *text, struct err *e);
struct container *container_by_service(const char *service);

/** container_start() - begin the way to RUNNING; the outcome comes by client_container_*(). Return: 0; -EALREADY; -errno */
int container_start(struct container *c, struct err *e);

/** container_stop() - stop signal, SIGKILL after @timeout_ms (CTL_TIMEOUT_UNSET: its own). Does nothing if it does not run */
void container_stop(struct container *c, int64_t timeout_ms);

/** container_kill() - Return: 0; -ESRCH does not run */
int container_kill(struct container *c, int sig, struct err *e);

/** container_remove() - stop first if it runs; then record, upper layer and log are gone */
void container_remove(struct container *c);

/** container_fail() - the way to RUNNING ends here. @code: 125, 126, 127 */
void container_fail(struct container *c, int code, const char *text);

/** container_failing() - the monitor has said so; it cleans up, and its end is the container's */
void container_failing(struct container *c, int code, const char *text);

/** container_failed() - the same when the monitor has said so and is gone */
void container_failed(struct container *c, int code, const char *text);

/** container_ended() - the monitor said so, or its record does */
void container_ended(struct container *c, const struct monitor_exit *x);

/** container_follow() - watch a monitor's connection (also of one that was adopted); @fd becomes the container's */
int container_follow(struct container *c, int fd, struct err *e);
void container_run_path(const struct container *c, char *dst, size_t cap, const char *below);

/* spec.c */

/** spec_write() - config.json into the container's run directory */
int spec_write(struct container *c, const struct container_record *rec,
	       const struct store_image *img, const struct parse_user *user, struct err *e);

/* files.c */

/** files_write() - hosts, resolv.conf and hostname into the run directory, to be bind-mounted */
int files_write(const struct container *c, const struct container_record *rec, struct err *e);

/** files_update_hosts() - in place, for every running container: peers came or went */
void files_update_hosts(void);

/* network.c */

/** network_prepare() - before the container exists: bridges up, addresses and ports taken. Undone by network_release() */
int network_prepare(struct container *c, const struct manifest_service *s, struct err *e);

/** network_attach() - interfaces into the namespace of process @pid, rules applied */
int network_attach(struct container *c, pid_t pid, const struct manifest_service *s, struct err *e);
void network_release(struct container *c);

/** network_restore() - adoption: what network_attach() noted in the run directory */
int network_restore(struct container *c, struct err *e);
void network_start(void);    /* watch for rules that somebody flushed */
void network_shutdown(void); /* rules and bridges away */
const char *network_name(int slot);
void network_print_ports(const struct container *c, char *dst, size_t cap);

/* server.c: what clients wait for */
void client_container_started(struct container *c);
void client_container_failed(struct container *c); /* c->exit_code, c->error */
void client_container_ended(struct container *c);
void client_container_removed(struct container *c);
