/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Included by tls/tls.h only: memory of the caller's that BearSSL needs. */

#include <bearssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tls/facts.h"

#define ANCHOR_KEY_BYTES 1032 /* RSA with 8192 bits, and its exponent */

/** struct tls_stream - a connection: 20 KiB, one record in either direction at a time */
struct tls_stream {
	br_ssl_client_context client;
	int fd, stall_ms;
	int64_t deadline_ms; /* of the handshake, 0 = it is over */
	int64_t peek_ms;     /* since when, and for how many bytes, a record is waited for */
	size_t peek_bytes;
	enum tls_own own;
	char host[256];
	unsigned char record[BR_SSL_BUFSIZE_MONO];
};

/**
 * struct tls_checker - judges a server's chain
 *
 * A BearSSL X.509 engine in front of the "minimal" one. It holds one certificate whole, finds the
 * authorities that the certificate names in the bundles, and lets the minimal engine decide with only
 * these; what that engine cannot (addresses as names) is checked here.
 */
struct tls_checker {
	const br_x509_class *vtable; /* first: BearSSL calls by it */
	const br_ssl_client_certificate_class *own_class;
	br_x509_minimal_context minimal;
	struct tls_facts f;
	unsigned int n_certs;
	size_t n_anchors, cert_len;
	/* scratch, not initialised: what is not needed costs no page */
	uint8_t cert[CONFIG_TLS_CERT_BYTES];
	uint8_t candidate[CONFIG_TLS_CERT_BYTES];
	struct pem pem;
	uint8_t anchor_keys[CONFIG_TLS_MAX_ANCHORS][ANCHOR_KEY_BYTES];
	br_x509_trust_anchor anchors[CONFIG_TLS_MAX_ANCHORS];
	br_x509_certificate own_chain[IDENTITY_CERTS];
	struct identity own;
};

/* between the files of this library */
void tls_checker_init(struct tls_checker *c, const struct tls_trust *trust, const char *host);
/* BearSSL has no const in structures that it only reads */
static inline unsigned char *tls_bytes(struct der d)
{
	return (unsigned char *)(uintptr_t)d.p;
}

int tls_own_load(struct tls_checker *c, const struct tls_identity *files, struct err *e);
void tls_own_offer(struct tls_checker *c, br_ssl_client_context *client);
int tls_explain(const struct tls_stream *s, struct tls_checker *c, int code,
		enum tls_class *ret_class, struct err *e);
