/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/codec.h"
#include "base/err.h"
#include "msg/msg.h"

/*
 * One tiny process per container: parent of the container, owner of its stdio, log and exit record;
 * it outlives the engine. Started by monitor_spawn() as
 *
 *   cleat @monitor ID RUN_DIR LOG_DIR   (RUN_DIR = /run/cleat/<id>, holds config.json before MON_CREATE)
 *
 * with descriptor 3 = SEQPACKET socket to the engine (first connection); a new engine connects to
 * RUN_DIR/monitor.sock, which replaces the connection before. Clients never connect here. Life:
 *
 *   start      → subreaper in a mount namespace of its own (slave of the host's), listens, sends MON_READY
 *   MON_MOUNT  → struct monitor_mount: mounts the overlay on RUN_DIR/rootfs in its own mount namespace;
 *                answers MON_MOUNTED with fd: rootfs (O_PATH), or MON_FAILED and ends. Paths, not
 *                descriptors: the kernel refuses overlay layers from another mount namespace
 *   MON_CREATE → struct monitor_create: runs `<runtime> <args> create --bundle RUN_DIR --pid-file RUN_DIR/pid
 *                [--console-socket RUN_DIR/console.sock] ID` with the container's stdio; answers MON_CREATED
 *                u32 pid, or MON_FAILED and ends
 *   MON_START  → `<runtime> start ID`; answers MON_STARTED, or MON_FAILED, deletes the container and ends
 *   MON_KILL   u32 signal → to the container's first process; no answer
 *   MON_ATTACH u32 client, u32 stdio (MON_ATTACH_*); fds: client's stdin, stdout, stderr as the bits say
 *              → output also goes there, stdin from there; no answer. A client that does not read holds up the
 *              container for CONFIG_MONITOR_STALL_MS at most, then it loses output and is told how much
 *   MON_DETACH u32 client → closes them; no answer
 *   MON_RESIZE u32 rows, u32 columns; no answer
 *   MON_STATUS → MON_STATE
 *   end of the container → drains its output, `<runtime> delete ID`, exit record RUN_DIR/exit, MON_EXITED, then ends
 *   MON_ABORT  → kill, delete, exit record, MON_EXITED, end (start that the engine gave up)
 *
 * A monitor whose engine goes away before MON_CREATE ends too. A frame that the state does not allow is answered with MON_REFUSED and changes nothing.
 */
enum monitor_frame {
	MON_READY = 0x400,
	MON_MOUNT,
	MON_MOUNTED,
	MON_CREATE,
	MON_CREATED,
	MON_START,
	MON_STARTED,
	MON_KILL,
	MON_ATTACH,
	MON_DETACH,
	MON_RESIZE,
	MON_STATUS,
	MON_STATE,
	MON_EXITED,
	MON_FAILED,
	MON_REFUSED,
	MON_ABORT,
};

enum monitor_attach {
	MON_ATTACH_STDIN = 1,
	MON_ATTACH_STDOUT = 2,
	MON_ATTACH_STDERR = 4,
	MON_ATTACH_STDIN_ONCE = 8 /* the client's end of stdin is the container's */
};

/* states, in the order of a life; also the numbers in MON_STATE */
#define MONITOR_STATES(X)                                                                          \
	X(WAITING)  /* for MON_MOUNT, MON_CREATE */                                                \
	X(CREATING) /* the runtime's create runs */                                                \
	X(CREATED)                                                                                 \
	X(STARTING) /* the runtime's start runs */                                                 \
	X(RUNNING)                                                                                 \
	X(ENDING)   /* killed by us, not yet gone */                                               \
	X(DRAINING) /* gone; its output is not yet read, or a client not yet served */             \
	X(DELETING) /* the runtime's delete runs */                                                \
	X(DONE)

enum monitor_state {
#define X(name) MONITOR_##name,
	MONITOR_STATES(X)
#undef X
		MONITOR_STATE_COUNT
};
const char *monitor_state_name(enum monitor_state s);

#define MONITOR_MAX_LOWER 128
#define MONITOR_MAX_ARGS  32

/** struct monitor_mount - what MON_MOUNT carries; absolute host paths */
struct monitor_mount {
	char **lower; /* top layer first */
	size_t n_lower;
	char *upper, *work; /* both NULL: read-only */
	char *options;	    /* more overlay options ("userxattr,metacopy=off"), or NULL */
};
void monitor_mount_encode(struct enc *e, const struct monitor_mount *m);
void monitor_mount_decode(struct dec *d, struct monitor_mount *ret_mount);

/** struct monitor_create - what MON_CREATE carries */
struct monitor_create {
	char *runtime; /* absolute path, "/proc/self/exe" for cleat's own */
	char **args;   /* in front of "create": {"oci", "--root", "/run/cleat/oci"} */
	size_t n_args;
	/* path of the cgroup's memory.events (v2) or memory.oom_control (v1), or NULL */
	char *oom_events;
	bool tty, stdin_open;
	uint64_t log_max_bytes; /* of one file; 0 = no rotation */
	uint32_t log_files;	/* current one included */
};
void monitor_create_encode(struct enc *e, const struct monitor_create *c);
void monitor_create_decode(struct dec *d, struct monitor_create *ret_create);

/** struct monitor_exit - the exit record; RUN_DIR/exit holds it as one line of text (docs/internals/monitor.md) */
struct monitor_exit {
	int32_t code; /* Docker's: status or 128+signal; 125, 126, 127 if it never ran */
	bool signaled, oom;
	int64_t started_s, finished_s; /* started 0 = never */
	uint32_t finished_ns;
	char error[200]; /* why it never started, "" otherwise */
};

/** monitor_exit_read() - Return: 0; -ENOENT still running, or the monitor died without; -EBADMSG */
int monitor_exit_read(int run_dir_fd, struct monitor_exit *ret_exit, struct err *e);
int monitor_exit_write(int run_dir_fd, const struct monitor_exit *x, struct err *e);

/** struct monitor_event - a frame from the monitor, decoded */
struct monitor_event {
	uint32_t
		/*
		 * MON_READY MON_MOUNTED MON_CREATED MON_STARTED MON_STATE MON_EXITED MON_FAILED
		 * MON_REFUSED
		 */
		type;
	uint32_t pid;		  /* MON_CREATED, MON_STATE (0 = none) */
	enum monitor_state state; /* MON_STATE */
	int64_t started_s;	  /* MON_STATE */
	struct monitor_exit exit; /* MON_EXITED; MON_FAILED: code and error; MON_REFUSED: error */
	int fd;			  /* MON_MOUNTED: the receiver's; -1 otherwise */
};

/** monitor_event_decode() - takes the descriptor out of @m, closes others. Return: 0; -EBADMSG not a frame of a monitor */
int monitor_event_decode(struct msg *m, struct monitor_event *ret_event);

/**
 * monitor_spawn() - start a monitor
 * @ret_fd: our end of the connection, non-blocking
 *
 * The monitor is the caller's child but survives it. Return: its pid; -errno.
 */
pid_t monitor_spawn(const char *id, const char *run_dir, const char *log_dir, int *ret_fd,
		    struct err *e);

/** monitor_connect() - to one that runs already; a MON_READY comes first. Return: fd, non-blocking; -ENOENT, -ECONNREFUSED gone */
int monitor_connect(const char *run_dir, struct err *e);

int monitor_send_mount(int fd, const struct monitor_mount *m);
int monitor_send_create(int fd, const struct monitor_create *c);
int monitor_send_simple(int fd, enum monitor_frame type); /* MON_START, MON_STATUS, MON_ABORT */
int monitor_send_kill(int fd, int sig);
int monitor_send_resize(int fd, uint32_t rows, uint32_t columns);
int monitor_send_attach(int fd, uint32_t client, uint32_t stdio, const int *fds,
			size_t n_fds); /* fds borrowed */
int monitor_send_detach(int fd, uint32_t client);

/** monitor_main() - entry of main.c for "@monitor"; argv = ID RUN_DIR LOG_DIR */
int monitor_main(int argc, char **argv);

/** monitor_exit_code_of() - Docker's number for a runtime's complaint: 126, 127 or 125 */
int monitor_exit_code_of(const char *message);
