/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "image/image.h"
#include "manifest/manifest.h"
#include "parse/parse.h"
#include "remote/remote.h"
#include "role/role.h"
#include "verify/verify.h"

/*
 * The other end of the parse role, for whoever has a document: start, wait until the peer socket is
 * readable (in a loop, or with parse_wait()), finish once. The role is killed and reaped by finish
 * and cancel, whatever it did.
 */

struct parse_call {
	struct role_proc proc; /* proc.peer_fd: readable when the answer is there */
	enum parse_kind kind;
	int out_fd;
};

/**
 * parse_start() - start the role and send it the request
 * @name:     of the document, for messages
 * @argument: see enum parse_kind; may be NULL
 * @fd, @fd2: the document and -1; PARSE_USER: passwd and group, each may be -1; borrowed
 * @cgroup_procs: as role_spawn()
 *
 * Return: 0; -errno.
 */
int parse_start(struct parse_call *ret_call, enum parse_kind kind, const char *name,
		const char *argument, int fd, int fd2, const char *const *cgroup_procs,
		struct err *e);

/** parse_wait() - block until the answer is there. Return: 0; -ETIMEDOUT, then the call is
 * cancelled */
int parse_wait(struct parse_call *c, int timeout_ms, struct err *e);

/** parse_cancel() - idempotent */
void parse_cancel(struct parse_call *c);

/**
 * parse_finish_*() - take the answer; the call is over afterwards, also on failure
 * @a: memory for the model; for a model of n bytes up to 3 * n + 64 KiB
 *
 * Return: 0; what the role reported, with its text; -ECONNRESET the role died; -EBADMSG it broke
 * the protocol; -EFBIG @a is too small.
 */
int parse_finish_manifest(struct parse_call *c, struct arena *a, struct manifest *ret,
			  struct err *e);
int parse_finish_doc(struct parse_call *c, struct arena *a, struct image_doc *ret, struct err *e);
int parse_finish_config(struct parse_call *c, struct arena *a, struct image_config *ret,
			struct err *e);
int parse_finish_history(struct parse_call *c, struct arena *a, struct image_history *ret,
			 struct err *e);
int parse_finish_user(struct parse_call *c, struct arena *a, struct parse_user *ret, struct err *e);
int parse_finish_settings(struct parse_call *c, struct arena *a, struct remote_settings *ret,
			  struct err *e);

/** parse_finish_login() - of PARSE_LOGIN and PARSE_ANSWER */
int parse_finish_login(struct parse_call *c, struct arena *a, struct remote_login *ret,
		       struct err *e);

/** parse_finish_edit() - Return: 1 @ret_text is the new file; 0 nothing to change; -errno */
int parse_finish_edit(struct parse_call *c, struct arena *a, struct span *ret_text, struct err *e);

int parse_finish_policy(struct parse_call *c, struct arena *a, struct verify_policy *ret,
			struct err *e);
int parse_finish_signatures(struct parse_call *c, struct arena *a, struct verify_list *ret,
			    struct err *e);

/** parse_finish_bundle() - @ret->payload is in @a */
int parse_finish_bundle(struct parse_call *c, struct arena *a, struct verify_envelope *ret,
			struct err *e);
int parse_finish_signed(struct parse_call *c, struct arena *a, struct digest *ret, struct err *e);
