/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/spec.h"
#include "oci/state.h"
#include "runtime/confine/filter.h"
#include "runtime/confine/label.h"
#include "runtime/source.h"

struct cgroup;

/** what the stage says to the runtime, and, at its end, to whoever started the container */
enum stage_kind {
	STAGE_MOUNTED =
		/* before pivot_root: time for prestart and createRuntime; waits for a stage_ack */
	1,
	STAGE_NOTIFY, /* code is the descriptor that the seccomp agent waits for, or NOTIFY_SENT; waits for a stage_ack */
	STAGE_READY, /* nothing is left but to be started */
	STAGE_FAILED,
	STAGE_SOURCE, /* open mount number code for me; the answer is a stage_msg with a descriptor */
	STAGE_USERNS, /* of the usher: write my id maps; waits for a stage_ack */
	STAGE_BORN,   /* of the usher: the stage's pid is code */
};

/** struct stage_msg - one packet; below PIPE_BUF, so one write on a pipe too */
struct stage_msg {
	uint32_t kind;
	int32_t code; /* -errno */
	char text[ERR_MSG_MAX];
};

/** struct stage_ack - what the runtime answers */
struct stage_ack {
	int32_t pid; /* of the stage, as the runtime sees it */
};

/** struct stage - all that the process needs which becomes the container */
struct stage {
	const struct oci_spec *spec;
	const struct cgroup *cgroup;
	bool born_in_cgroup;
	bool ushered;		     /* placed, and in all namespaces but a new cgroup namespace */
	const char *rootfs, *bundle; /* absolute */
	const char *root_at;	     /* mount point for a shared mount namespace, or NULL */
	enum sources sources;
	int sync_fd; /* SEQPACKET to the runtime */
	int go_fd,
		started_fd; /* one byte to start; the failure of the start. Both sync_fd for run */
	int console_fd;	    /* connected socket, or -1 */
	int ns_fds[OCI_NS_COUNT];      /* to join; -1 */
	struct filter_program *filter; /* room for the compiled profile */
	struct label label;
	uint32_t preserve_fds;
	bool no_pivot;
	int unshare;	/* CLONE_NEW* that the stage makes itself */
	bool net_comes; /* the network namespace is made meanwhile, and sent with a stage_ack */
	struct oci_state *state; /* for hooks */
};

/** stage_place() - cgroups, processors, oom score, labels: what has to happen before any namespace is entered */
int stage_place(struct stage *s, bool born_in_cgroup, struct err *e);

/** stage_main() - in the new process. Ends in the container's program, or with a STAGE_FAILED and exit status 1 */
void stage_main(struct stage *s) __attribute__((noreturn));

/** stage_report() - send a failure. stage_wait() - next message of a stage. Return: 1; 0 it is gone; -errno */
void stage_report(int fd, const struct err *e);
int stage_wait(int fd, struct stage_msg *ret);

/** stage_failure() - @m is a STAGE_FAILED: into @e. Return: -errno */
int stage_failure(const struct stage_msg *m, struct err *e);

/** stage_keyring() - the container's session keyring; @first: it is made, for whoever joins it later */
int stage_keyring(const struct oci_state *s, bool first, bool in_userns, struct err *e);

/** stage_notify() - STAGE_NOTIFY, with @send the descriptor itself after it, and wait for the answer */
int stage_notify(int sync_fd, int fd, bool send, struct err *e);

/** stage_asks() - will the stage send STAGE_MOUNTED and wait for an answer? */
bool stage_asks(const struct oci_spec *s);
