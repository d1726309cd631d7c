/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Included by tls/tls.h only: memory of the caller's that BearSSL needs. */

#include <bearssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tls/identity.h"

/* what became of our own certificate */
enum tls_own { TLS_OWN_NOT_ASKED, TLS_OWN_NONE, TLS_OWN_SENT };

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

enum tls_fault {
	TLS_F_NONE,
	TLS_F_CERT_SIZE,
	TLS_F_CERT_SYNTAX,
	TLS_F_ANCHORS, /* more of one name than slots */
	TLS_F_NO_ALT_NAME,
	TLS_F_PURPOSE,
	TLS_F_ADDRESS, /* the address is not in the certificate */
	TLS_F_TRUST_FILE,
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
	enum tls_own own_state;
	br_x509_minimal_context minimal;
	const struct tls_trust *trust;
	int64_t now_s;
	bool by_address;
	uint8_t ip[16];
	size_t ip_len;
	/* the chain so far */
	unsigned int n_certs, n_found; /* found: authorities in the bundles */
	enum tls_fault fault;
	int trust_code; /* -errno of reading the bundles */
	int failed_at;	/* which certificate the minimal engine refused, -1 = none */
	int64_t not_before_s, not_after_s; /* of that one, or the last */
	char subject[CERT_NAME_CAP], issuer[CERT_NAME_CAP];
	size_t n_anchors, cert_len, cert_total;
	/* scratch, not initialised: what is not needed costs no page */
	uint8_t cert[CONFIG_TLS_CERT_BYTES];
	uint8_t candidate[CONFIG_TLS_CERT_BYTES];
	struct pem pem;
	uint8_t anchor_keys[CONFIG_TLS_MAX_ANCHORS][ANCHOR_KEY_BYTES];
	br_x509_trust_anchor anchors[CONFIG_TLS_MAX_ANCHORS];
	br_x509_certificate own_chain[IDENTITY_CERTS];
	struct identity own;
};

struct tls_trust;

/* between the files of this library */
void tls_checker_init(struct tls_checker *c, const struct tls_trust *trust);
/* BearSSL has no const in structures that it only reads */
static inline unsigned char *tls_bytes(struct der d)
{
	return (unsigned char *)(uintptr_t)d.p;
}

int tls_own_load(struct tls_checker *c, const struct tls_identity *files, struct err *e);
void tls_own_offer(struct tls_checker *c, br_ssl_client_context *client);
int tls_explain(const struct tls_stream *s, const struct tls_checker *c, int code, int *ret_class,
		struct err *e);
