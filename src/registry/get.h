/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/auth.h"
#include "registry/fetch.h"

/** struct get - one object of the registry to one descriptor */
struct get {
	enum fetch_kind kind;
	const char *what;      /* tag or digest */
	uint64_t max_bytes;    /* more is FETCH_E_LIMIT */
	uint64_t expect_bytes; /* 0 = unknown */
	int sink_fd;
	void (*progress)(void *data, uint64_t bytes); /* after each piece */
	void *progress_data;
	/* results */
	uint64_t bytes;		/* written to the sink */
	enum fetch_class class; /* on failure */
};

/** struct session - everything that is kept between objects */
struct session {
	struct conns conns;
	struct exchange x;
	struct auth auth;
	struct url registry; /* origin */
	enum dial_zone zone; /* of the registry, once it was reached */
	char repository[256];
	/* scratch of get_run() */
	struct url url, next;
};

/**
 * get_run() - fetch one object: log in, follow redirects, resume
 *
 * Blocks. Bytes are written to the sink in order and exactly once, whatever happens to connections.
 * Digests are not checked here: whoever reads the sink does.
 *
 * Return: 0; -errno with g->class and a text for people.
 * Spec: OCI distribution-spec v1.1 "Pull".
 */
int get_run(struct session *s, struct get *g, struct err *e);
