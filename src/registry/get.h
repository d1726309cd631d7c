/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/auth.h"
#include "registry/fetch.h"
#include "registry/said.h"

struct session;
struct push;

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
	int (*attempt)(struct session *s, struct get *g, struct err *e); /* NULL: fetch it */
	struct push *push;   /* what is sent; NULL: it is fetched */
	int64_t wait_ms;     /* what the server asks us to wait before the next one */
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
	char mount[256]; /* another repository there, whose blobs may be mounted; "" = none */
	char ns[URL_ORIGIN_CAP]; /* "" = the registry is the origin itself; else a mirror of this host */
	uint64_t rate_bytes_s; /* 0 = as fast as it goes */
	int64_t rate_due_us;
	char said[SAID_CAP]; /* the registry's own words about its last refusal; "" = none */
	/* scratch of get_run() */
	struct url url, next;
};

/**
 * get_run() - fetch one object: log in, follow redirects, resume; or whatever g->attempt does, with the same patience
 *
 * Blocks. Bytes are written to the sink in order and exactly once, whatever happens to connections.
 * Digests are not checked here: whoever reads the sink does.
 *
 * Return: 0; -errno with g->class and a text for people.
 * Spec: OCI distribution-spec v1.1 "Pull"; RFC 9110, 14 "Range Requests".
 */
int get_run(struct session *s, struct get *g, struct err *e);

/* Inside of get_run(): what get.c, get_body.c and push.c share. */

static inline int get_fail(struct get *g, enum fetch_class class, int code)
{
	g->class = class;
	return code;
}

int get_fail_conn(struct get *g, enum conn_fail f, int code);

/** get_url() - s->url becomes the registry's /v2/ and this. Return: 0; -EMSGSIZE */
int get_url(struct session *s, struct get *g, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * get_ask() - send @q to s->url: log in when that is asked for, follow redirects
 * @q: url, from and authorization are set here
 *
 * Authorization goes to the registry's own origin only. An answer of 400 and more has been read, into s->said.
 *
 * Return: 0, the head of an answer is in s->x; -errno.
 */
int get_ask(struct session *s, struct get *g, struct exchange_request *q, struct err *e);

/** get_refused() - an answer that is neither the object nor a step on the way. Return: -errno, -EAGAIN may help */
int get_refused(struct session *s, struct get *g, struct err *e);

/** get_follow() - s->url becomes what the answer's Location means; never away from TLS. Return: 0; -errno */
int get_follow(struct session *s, struct get *g, struct err *e);

/** get_keep_rate() - sleep until @bytes more are within the session's rate */
void get_keep_rate(struct session *s, uint64_t bytes);

/** get_name() - what is fetched, for messages: "team/app:1.0", "blob sha256:..." cut to twelve digits */
const char *get_name(const struct session *s, const struct get *g, char *dst, size_t cap);

/** get_kept() - the partial file's bytes to the sink, before anything is asked for. Return: 0; -errno */
int get_kept(struct session *s, struct get *g, struct err *e);

/** get_body() - the answer in s->x to the sink. Return: 0; 1 the server gave a part, ask for the next; -errno */
int get_body(struct session *s, struct get *g, struct err *e);
