/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/get.h"

/** struct push - one blob or manifest to the registry */
struct push {
	struct get get;	  /* kind, what, callbacks; get.bytes: what the registry is known to have */
	const char *type; /* of a manifest: its media type */
	uint64_t size;	  /* bytes; of a question: not 0 to try a mount as well */
	int source_fd; /* at its beginning: a file, or a pipe; the caller's. -1: is the blob there? */
	uint64_t source_at; /* where it stands */

	/** again() - @source_fd becomes the same bytes from their beginning: a pipe cannot go back. Return: 0; -errno */
	int (*again)(struct push *p, struct err *e);
	/* its own */
	uint64_t offset, base; /* what the registry has; where the request under way begins */
	bool unsure;	       /* ask the registry what it has */
	bool done;
	bool no_source; /* the last failure is the source's */
};

/**
 * push_run() - send it: a manifest and a small blob in one request, a larger blob in chunks
 *
 * After a broken connection the registry is asked how much it has, and the rest is sent. Neither the registry's
 * digest nor ours is compared here. Of a question the answer is get.bytes, an enum fetch_have; an upload that the
 * registry began instead of a mount is used by the next blob that is sent. Blocks.
 *
 * Return: 0; -errno with p->get.class. Spec: OCI distribution-spec v1.1 "Push", "Mounting a blob from another repository".
 */
int push_run(struct session *s, struct push *p, struct err *e);
