/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "registry/dial.h"
#include "registry/proxies.h"
#include "tls/tls.h"
#include "wire/http.h"
#include "wire/url.h"

#define CONN_MIN_BYTES                                                                             \
	TLS_MIN_BYTES /* what a server must send in stall_ms of waiting, or it is broken */

/** struct conn - a connection to one origin, plain or TLS, that outlives a request */
struct conn {
	int fd; /* -1 = not open */
	bool tls, used;
	char origin[URL_ORIGIN_CAP];
	enum dial_zone zone;
	int stall_ms;
	int64_t waited_ms, last_use_ms;
	uint64_t waited_bytes;
	union {
		struct tls_stream tls_stream;
		struct {
			size_t pos, len;
			char data[16 * 1024];
		} plain;
	};
};

/** struct conns - all of them, and what a handshake needs */
struct conns {
	struct conn slots[CONFIG_FETCH_CONNECTIONS];
	struct proxies proxies;
	union {
		struct tls_checker checker;
		struct http_parser connect; /* a proxy's answer comes before the handshake */
	};
	struct tls_trust trust;
	struct tls_identity own; /* host NULL = we have none */
	int stall_ms;
};

/* REFUSED: we will not; PROXY: the proxy will not */
enum conn_fail { CONN_F_NETWORK, CONN_F_TLS, CONN_F_CLOCK, CONN_F_REFUSED, CONN_F_PROXY };

void conns_init(struct conns *cs, const struct tls_trust *trust, int stall_ms);

/**
 * conn_open() - a connection to the origin of @url: one that is idle, or a new one
 * @from: see dial()
 * @ret_conn: its `used` says whether it has carried a request before, so that an end without an answer
 *            may only mean that the server closed it meanwhile
 *
 * The least recently used one is closed if all slots are taken.
 */
int conn_open(struct conns *cs, const struct url *url, enum dial_zone from, struct conn **ret_conn,
	      enum conn_fail *ret_fail, struct err *e);
void conn_close(struct conn *c);

/** conn_pending() - has the server sent something nobody has read yet, or closed? Does not wait */
bool conn_pending(struct conn *c);

int conn_send(struct conn *c, const void *data, size_t len, struct err *e);

/** conn_peek()/conn_skip() - as tls_peek(), tls_skip(); also -ETIMEDOUT for a server that drips */
int conn_peek(struct conn *c, struct span *ret_data, struct err *e);
void conn_skip(struct conn *c, size_t len);
