/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tls/identity.h"

/* What a handshake has come to know, and how people are told: the same for each TLS library. */

enum tls_class {
	TLS_E_NETWORK, /* the connection broke or stalled: trying again may help */
	TLS_E_PEER,    /* not trusted, not spoken, or not valid */
	TLS_E_CLOCK,   /* the certificate is not valid at the time this device believes in */
};

/* what became of our own certificate */
enum tls_own { TLS_OWN_NOT_ASKED, TLS_OWN_NONE, TLS_OWN_SENT };

enum tls_fault {
	TLS_F_NONE,
	TLS_F_CERT_SIZE,
	TLS_F_CERT_SYNTAX,
	TLS_F_ANCHORS, /* more of one name than slots */
	TLS_F_NO_ALT_NAME,
	TLS_F_PURPOSE,
	TLS_F_ADDRESS, /* the address is not in the certificate */
	TLS_F_NAME,
	TLS_F_TRUST_FILE,
	TLS_F_VALIDITY,
	TLS_F_NOT_TRUSTED,
	TLS_F_METHOD, /* of the signature */
	TLS_F_WEAK_KEY,
	TLS_F_SIGNATURE,
	TLS_F_NOT_CA,
	TLS_F_EXTENSION,
	TLS_F_ORDER,
	TLS_F_OTHER, /* native_code says what */
};

/** struct tls_trust - whom to trust, and what time it is */
struct tls_trust {
	int fds[2];	      /* PEM bundles, borrowed; read when needed, with pread */
	int64_t floor_s;      /* the time is at least this, seconds since 1970 */
	const char *registry; /* whose certs.d folder error texts name */
};

/** struct tls_facts - about a server's chain: the certificate at fault, or the last */
struct tls_facts {
	const char *host;
	const struct tls_trust *trust;
	int64_t now_s;
	bool by_address;
	uint8_t ip[16];
	size_t ip_len;
	enum tls_own own;
	unsigned int n_found; /* authorities in the bundles */
	enum tls_fault fault;
	int trust_code; /* -errno of reading the bundles */
	int native_code;
	int64_t not_before_s, not_after_s;
	char subject[CERT_NAME_CAP], issuer[CERT_NAME_CAP];
	size_t cert_total;
};

/** tls_facts_init() - for a handshake with @host, a name or an address literal; both outlive it */
void tls_facts_init(struct tls_facts *f, const struct tls_trust *trust, const char *host);

/** tls_facts_cert() - the next certificate: take over its names and dates */
void tls_facts_cert(struct tls_facts *f, const struct cert *cert);

/** tls_facts_check() - what Docker demands of a server's own certificate and libraries do not */
enum tls_fault tls_facts_check(const struct tls_facts *f, const struct cert *cert);

/** tls_explain_fault() - @f->fault for people. Return: -EBADMSG, -EMSGSIZE; -errno of reading the bundles */
int tls_explain_fault(const struct tls_facts *f, enum tls_class *ret_class, struct err *e);

/** tls_explain_alert() - the server has ended the handshake by this alert (RFC 8446, 6.2). Return: -errno */
int tls_explain_alert(const struct tls_facts *f, int number, struct err *e);

/** tls_explain_not_tls() - what the server sends is no TLS at all. Return: -EPROTONOSUPPORT */
int tls_explain_not_tls(const struct tls_facts *f, struct err *e);

/** tls_hint() - what to say when a server refuses us. Return: "" = it is not about our certificate */
const char *tls_hint(enum tls_own own);
