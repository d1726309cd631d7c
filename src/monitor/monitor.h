/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * One tiny process per container: parent of the container, owner of its stdio, log and exit record;
 * it outlives the engine. Started by the engine as
 *
 *   cleat @monitor ID RUN_DIR LOG_DIR   (RUN_DIR = /run/cleat/<id>, holds config.json once MON_CREATE is sent)
 *
 * with descriptor 3 = SEQPACKET socket to the engine (first connection) and further connections by
 * RUN_DIR/monitor.sock (adoption by a new engine; clients never connect here). Life:
 *
 *   start    → sets itself up as subreaper in its own mount namespace (slave), listens, sends MON_READY
 *   MON_MOUNT  str upperdir-or-NULL; fds: lower layers top first (O_PATH), [upper, work] last two if writable
 *              → mounts the overlay on RUN_DIR/rootfs in its own mount namespace; answers MON_MOUNTED with fd: rootfs (O_PATH)
 *              More layers than MSG_MAX_FDS come in several frames with bool more=true.
 *   MON_CREATE str runtime path, strs runtime global args, str cgroup memory events path or NULL, bool tty, bool stdin_open, u64 log_max_bytes, u32 log_files
 *              → runs `<runtime> create --bundle RUN_DIR --pid-file RUN_DIR/pid ID` with the container's stdio; answers
 *              MON_CREATED u32 pid, or MON_FAILED
 *   MON_START  → `<runtime> start ID`; answers MON_STARTED or MON_FAILED
 *   MON_KILL   u32 signal → to the container's init by pidfd
 *   MON_ATTACH fds: client's stdin, stdout, stderr (each may be missing: u32 bit set of what follows)
 *              → output also goes there (a slow or gone client never blocks the container), stdin from there
 *   MON_RESIZE u32 rows, u32 columns
 *   MON_STATUS → answers MON_STATE u32 state, u32 pid, i64 started_s
 *   end of the container → `<runtime> delete ID`, exit record RUN_DIR/exit, MON_EXITED to the engine, then exits by itself
 *   MON_ABORT  → kill, delete, exit (start that the engine gave up)
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
	MON_RESIZE,
	MON_STATUS,
	MON_STATE,
	MON_EXITED, /* i64 code (128+signal), bool signaled, bool oom, i64 finished_s, u32 ns */
	MON_FAILED, /* i64 code: 125/126/127, str text: the runtime's message */
	MON_ABORT,
};

/** struct monitor_exit - the exit record; written by rename, one line of text: see docs/internals/monitor.md */
struct monitor_exit {
	int code; /* Docker's: status or 128+signal */
	bool signaled, oom;
	int64_t started_s, finished_s;
	uint32_t finished_ns;
	char error[200]; /* why it never started, "" otherwise */
};
int monitor_exit_read(int run_dir_fd, struct monitor_exit *ret_exit, struct err *e); /* -ENOENT still running or died without */

int monitor_role_main(int argc, char **argv);
