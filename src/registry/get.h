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
	int sink_fd;	       /* -1: FETCH_HEAD */
	int partial_fd; /* file with the beginning of the object, which is continued; -1 = none */
	void (*progress)(void *data, uint64_t bytes); /* after each piece */

	/** pause() - before the next attempt. Return: 1 woken; 0 time is over; -errno give up */
	int (*pause)(void *data, unsigned int ms, const char *why);
	void *data;
	/* results */
	uint64_t bytes;		/* written to the sink */
	uint64_t kept_bytes;	/* of those, from the partial file */
	enum fetch_class class; /* on failure */
	/* of the attempts so far */
	bool no_range;	     /* the server cannot do parts, or does them wrong */
	bool signed_refused; /* where the registry sent us refused once since the last gain */
	int64_t began_ms;
	uint64_t synced_bytes; /* of the partial file */
	int64_t synced_ms;
};

/** struct session - everything that is kept between objects */
struct session {
	struct conns conns;
	struct exchange x;
	struct auth auth;
	struct url registry; /* origin */
	enum dial_zone zone; /* of the registry, once it was reached */
	char repository[256];
	char ns[URL_ORIGIN_CAP]; /* "" = the registry is the origin itself; else a mirror of this host */
	uint64_t rate_bytes_s; /* 0 = as fast as it goes */
	int64_t rate_due_us;
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
 * Spec: OCI distribution-spec v1.1 "Pull"; RFC 9110, 14 "Range Requests".
 */
int get_run(struct session *s, struct get *g, struct err *e);

/* Inside of get_run(): what get.c and get_body.c share. */

static inline int get_fail(struct get *g, enum fetch_class class, int code)
{
	g->class = class;
	return code;
}

int get_fail_conn(struct get *g, enum conn_fail f, int code);

/** get_name() - what is fetched, for messages: "team/app:1.0", "blob sha256:..." cut to twelve digits */
const char *get_name(const struct session *s, const struct get *g, char *dst, size_t cap);

/** get_kept() - the partial file's bytes to the sink, before anything is asked for. Return: 0; -errno */
int get_kept(struct session *s, struct get *g, struct err *e);

/** get_body() - the answer in s->x to the sink. Return: 0; 1 the server gave a part, ask for the next; -errno */
int get_body(struct session *s, struct get *g, struct err *e);
