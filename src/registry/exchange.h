/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/conn.h"
#include "wire/http.h"
#include "wire/http_value.h"
#include "wire/wwwauth.h"

#define EXCHANGE_TYPE_CAP    128
#define EXCHANGE_DIGEST_CAP  80
#define EXCHANGE_AUTH_CAP    (CONFIG_FETCH_TOKEN_BYTES + 16) /* "Bearer " and the token */
#define EXCHANGE_REQUEST_CAP (CONFIG_URL_BYTES + EXCHANGE_AUTH_CAP + URL_ORIGIN_CAP + 1024)

/** struct exchange - one request and its answer; the body is read by exchange_body() */
struct exchange {
	struct conn *conn;
	struct http_parser http;
	/* headers of the answer that somebody looks at */
	char location[CONFIG_HTTP_LINE_BYTES]; /* "" = none */
	char content_type[EXCHANGE_TYPE_CAP];
	char docker_digest[EXCHANGE_DIGEST_CAP];
	struct wwwauth challenge; /* the best of all; scheme OTHER = none usable */
	bool has_range, encoded;
	struct http_range range;
	uint32_t retry_after_s; /* 0 = not told */
	struct http_rate limit, remaining;
	int64_t date_s, retry_at_s;
	bool has_upload, cut;	  /* cut: the answer came before the request was sent whole */
	uint64_t upload_bytes;	  /* has_upload: what the registry has of an upload */
	uint64_t chunk_min_bytes; /* 0 = not told */
	char request[EXCHANGE_REQUEST_CAP];
};

/** struct exchange_body - what a request sends */
struct exchange_body {
	uint64_t len; /* exactly so many bytes */

	/** piece() - some of the bytes from @at on, not more than @max. Return: 0; -errno, which exchange_start() returns */
	int (*piece)(void *data, uint64_t at, uint64_t max, struct span *ret_data, struct err *e);
	void *data;
};

/** struct exchange_request - what to ask for */
struct exchange_request {
	const struct url *url;
	enum dial_zone from;	   /* see dial() */
	const char *accept;	   /* NULL = nothing special */
	const char *authorization; /* NULL = none; only ever to the origin it is for */
	uint64_t offset;	   /* > 0: ask for the rest from here */
	const char
		*form; /* NULL = GET or HEAD; else POST of this application/x-www-form-urlencoded */
	bool head;     /* only the head of the answer */
	/* of an upload */
	const char *method;		  /* NULL: as said above */
	const char *content_type, *range; /* of the body; Content-Range; NULL = none */
	const struct exchange_body *body; /* NULL = none */
};

/**
 * exchange_start() - send the request, read the head of the answer
 *
 * A kept connection that turns out to be closed is replaced once. A server that answers before it has the whole
 * body gets no more of it.
 *
 * Return: 0, then exchange_body() until it returns 0 or an error; -errno with @ret_fail.
 */
int exchange_start(struct conns *cs, struct exchange *x, const struct exchange_request *q,
		   enum conn_fail *ret_fail, struct err *e);

/**
 * exchange_body() - next piece of the body, valid until the next call
 *
 * Return: 1; 0 the body is complete (the connection is kept if it may be); -ECONNRESET, -ETIMEDOUT ...
 */
int exchange_body(struct exchange *x, struct span *ret_data, struct err *e);

/** exchange_drop() - the rest is of no interest: read it if it is short, else close the connection */
void exchange_drop(struct exchange *x);
