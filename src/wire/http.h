/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* size and extensions; nobody sends extensions (Go CVE-2023-39326) */
#define HTTP_CHUNK_LINE_MAX 256
#define HTTP_MAX_INTERIM    8 /* 1xx answers before the real one */

enum http_event_type {
	HTTP_NEED_MORE,	   /* all bytes are used up, nothing to report yet */
	HTTP_STATUS,	   /* status line of the final answer (1xx are skipped) */
	HTTP_HEADER,	   /* name and value, valid until the next call */
	HTTP_HEADERS_DONE, /* http_parser's fields are final */
	HTTP_BODY,	   /* data, part of the caller's bytes */
	HTTP_DONE,	   /* the message is complete; what is left belongs to the next one */
};

struct http_event {
	enum http_event_type type;
	struct span name, value; /* HTTP_HEADER; value without surrounding blanks */
	struct span data;	 /* HTTP_BODY */
};

/** struct http_parser - one response at a time, in the caller's memory */
struct http_parser {
	/* results, for reading */
	unsigned int status;
	bool keep_alive; /* the connection may carry another request after HTTP_DONE */
	bool has_length; /* content_length was sent; false for chunked and until-close */
	bool chunked;
	uint64_t content_length;
	/* the parser's own */
	int state;
	bool head_request, http_1_0, transfer_encoding, seen_close, seen_keep_alive;
	unsigned int interim, n_headers;
	size_t head_bytes, line_len, line_max;
	uint64_t left; /* of the body or chunk */
	char line[CONFIG_HTTP_LINE_BYTES];
};

/** http_parser_init() - expect a response to a GET, or to a HEAD if @head_request: it has no body */
void http_parser_init(struct http_parser *p, bool head_request);

/**
 * http_parse() - consume bytes up to the next event
 * @ret_used: bytes of @data taken; call again with the rest until HTTP_NEED_MORE
 *
 * Any split of the input gives the same events, but that body data may come in more pieces.
 *
 * Return: 0; -EBADMSG not a valid response, or one that two readers could understand differently;
 * -EMSGSIZE above a limit, @e names the symbol. After an error the connection is of no use.
 * Spec: RFC 9112.
 */
int http_parse(struct http_parser *p, const char *data, size_t len, struct http_event *ret_event,
	       size_t *ret_used, struct err *e);

/** http_parse_eof() - the peer closed. Return: 0 the message is complete by that; -ECONNRESET cut off */
int http_parse_eof(struct http_parser *p, struct err *e);

/** http_request() - append the request line and Host. Return: 0; -EINVAL a byte that would end the line */
int http_request(struct buf *b, const char *method, const char *target, const char *authority,
		 struct err *e);

/** http_request_proxied() - the same, for a proxy to pass on. @origin: "http://host:port", NULL = as above.
 *  Spec: RFC 9112, 3.2.2 */
int http_request_proxied(struct buf *b, const char *method, const char *origin, const char *target,
			 const char *authority, struct err *e);

/** http_request_header() - append one header line. Return: 0; -EINVAL as above (names only @name) */
int http_request_header(struct buf *b, const char *name, const char *value, struct err *e);

/** http_request_end() - Return: 0; -EMSGSIZE the request did not fit @b */
int http_request_end(struct buf *b, struct err *e);
