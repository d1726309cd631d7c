/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The X.509 engine in front of BearSSL's minimal one. The invariant: end_chain() returns 0 only if
 * the minimal engine did and no fault was noted here. Authorities are searched by the exact bytes of
 * their name, before the certificate that names them is fed, as the minimal engine looks at its
 * anchors while it reads.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "sys/fd.h"
#include "sys/proc.h"
#include "tls/tls.h"

#define DAYS_TO_1970 719528 /* BearSSL counts days from the year 0 */

static struct tls_checker *self(const br_x509_class **ctx)
{
	return (struct tls_checker *)(void *)ctx;
}

static void note(struct tls_checker *c, enum tls_fault fault)
{
	if (c->f.fault == TLS_F_NONE)
		c->f.fault = fault;
}

static void start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct tls_checker *c = self(ctx);

	c->n_certs = 0;
	c->f.n_found = 0;
	c->f.fault = TLS_F_NONE;
	br_x509_minimal_set_time(&c->minimal, (uint32_t)(c->f.now_s / 86400 + DAYS_TO_1970),
				 (uint32_t)(c->f.now_s % 86400));
	c->minimal.vtable->start_chain(&c->minimal.vtable, server_name);
}

static void start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct tls_checker *c = self(ctx);

	c->cert_len = 0;
	c->f.cert_total = length;
	if (length > sizeof(c->cert))
		note(c, TLS_F_CERT_SIZE);
}

static void append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
	struct tls_checker *c = self(ctx);

	if (c->f.fault != TLS_F_NONE || len > sizeof(c->cert) - c->cert_len)
		return;
	memcpy(c->cert + c->cert_len, buf, len);
	c->cert_len += len;
}

static void add_anchor(struct tls_checker *c, struct der name, const struct cert *cert)
{
	br_x509_trust_anchor *a = &c->anchors[c->n_anchors];
	uint8_t *mem = c->anchor_keys[c->n_anchors];
	struct key key;

	c->f.n_found++;
	if (c->n_anchors == CONFIG_TLS_MAX_ANCHORS) {
		note(c, TLS_F_ANCHORS);
		return;
	}
	/* a kind of key that BearSSL does not have cannot have signed anything here */
	if (key_parse_public(cert->spki, &key) < 0 ||
	    key.modulus.len + key.exponent.len > ANCHOR_KEY_BYTES ||
	    key.point.len > ANCHOR_KEY_BYTES)
		return;
	*a = (br_x509_trust_anchor){
		.dn = {tls_bytes(name), name.len},
		.flags = cert->is_ca ? BR_X509_TA_CA : 0,
	};
	if (key.kind == KEY_RSA) {
		memcpy(mem, key.modulus.p, key.modulus.len);
		memcpy(mem + key.modulus.len, key.exponent.p, key.exponent.len);
		a->pkey.key_type = BR_KEYTYPE_RSA;
		a->pkey.key.rsa = (br_rsa_public_key){mem, key.modulus.len, mem + key.modulus.len,
						      key.exponent.len};
	} else {
		memcpy(mem, key.point.p, key.point.len);
		a->pkey.key_type = BR_KEYTYPE_EC;
		a->pkey.key.ec = (br_ec_public_key){key.curve, mem, key.point.len};
	}
	c->n_anchors++;
}

/* authorities that signed this certificate; for the first one also itself, trusted directly */
static void find_anchors(struct tls_checker *c, const struct cert *cert)
{
	c->n_anchors = 0;
	for (size_t i = 0; i < ARRAY_LEN(c->f.trust->fds); i++) {
		ssize_t n;

		if (c->f.trust->fds[i] < 0)
			continue;
		pem_init(&c->pem, c->f.trust->fds[i]);
		while ((n = pem_next(&c->pem, PEM_CERTIFICATE, c->candidate,
				     sizeof(c->candidate))) > 0) {
			struct cert candidate;

			if (cert_parse(c->candidate, (size_t)n, &candidate) < 0)
				continue;
			if (der_eq(candidate.subject, cert->issuer))
				add_anchor(c, cert->issuer, &candidate);
			else if (c->n_certs == 0 && der_eq(candidate.subject, cert->subject))
				add_anchor(c, cert->subject, &candidate);
		}
		if (n < 0) {
			c->f.trust_code = (int)n;
			note(c, TLS_F_TRUST_FILE);
		}
	}
	c->minimal.trust_anchors = c->anchors;
	c->minimal.trust_anchors_num = c->n_anchors;
}

static void end_cert(const br_x509_class **ctx)
{
	struct tls_checker *c = self(ctx);
	struct cert cert;

	/* the chain is decided: what follows is of no interest (and may be out of order) */
	if (c->f.fault != TLS_F_NONE || c->minimal.err)
		return;
	if (c->cert_len != c->f.cert_total || cert_parse(c->cert, c->cert_len, &cert) < 0) {
		note(c, TLS_F_CERT_SYNTAX);
		return;
	}
	tls_facts_cert(&c->f, &cert);
	if (c->n_certs == 0)
		note(c, tls_facts_check(&c->f, &cert));
	find_anchors(c, &cert);
	c->minimal.vtable->start_cert(&c->minimal.vtable, (uint32_t)c->cert_len);
	c->minimal.vtable->append(&c->minimal.vtable, c->cert, c->cert_len);
	c->minimal.vtable->end_cert(&c->minimal.vtable);
	c->n_certs++;
}

static unsigned int end_chain(const br_x509_class **ctx)
{
	struct tls_checker *c = self(ctx);
	unsigned int r = c->minimal.vtable->end_chain(&c->minimal.vtable);

	if (r == 0 && c->f.fault != TLS_F_NONE)
		return BR_ERR_X509_NOT_TRUSTED;
	return r;
}

static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned int *usages)
{
	const struct tls_checker *c = (const void *)ctx;

	return c->minimal.vtable->get_pkey(&c->minimal.vtable, usages);
}

static const br_x509_class checker_class = {
	sizeof(struct tls_checker), start_chain, start_cert, append, end_cert, end_chain, get_pkey,
};

void tls_checker_init(struct tls_checker *c, const struct tls_trust *trust, const char *host)
{
	memset(c, 0, offsetof(struct tls_checker, cert));
	tls_facts_init(&c->f, trust, host);
	c->vtable = &checker_class;
	br_x509_minimal_init(&c->minimal, &br_sha256_vtable, NULL, 0);
	/* no SHA-1: a signature by it is "unsupported" */
	br_x509_minimal_set_hash(&c->minimal, br_sha256_ID, &br_sha256_vtable);
	br_x509_minimal_set_hash(&c->minimal, br_sha384_ID, &br_sha384_vtable);
	br_x509_minimal_set_hash(&c->minimal, br_sha512_ID, &br_sha512_vtable);
	br_x509_minimal_set_minrsa(&c->minimal, 2048 / 8);
}
