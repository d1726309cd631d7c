/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client certificates. The files are read anew for each handshake and the key is wiped behind it, so that a process
 * that spends its life reading what a server sends holds the key for as long as it signs with it.
 */
#include "tls/identity.h"

#include <errno.h>
#include <string.h>

#include "base/rfc3339.h"

#define RSA_MIN_BYTES (2048 / 8)
#define RSA_MAX_BYTES (4096 / 8) /* what fits BearSSL's buffer for a signature */

static int fail(int code, const char *registry, const char *file, const char *what, struct err *e)
{
	return err_text(e, code, "certs.d/%s/%s %s", registry, file, what);
}

int identity_other_key(const char *registry, struct err *e)
{
	return fail(-EINVAL, registry, IDENTITY_KEY,
		    "is not the key of " IDENTITY_CERT
		    ": put the pair that was made together there",
		    e);
}

static int check_time(const struct cert *c, const char *registry, int64_t now_s, struct err *e)
{
	char date[RFC3339_CAP], now[RFC3339_CAP];
	bool expired = now_s > c->not_after_s;

	if (!expired && now_s >= c->not_before_s)
		return 0;
	rfc3339_format(date, expired ? c->not_after_s : c->not_before_s, 0)[10] = '\0';
	rfc3339_format(now, now_s, 0)[19] = '\0';
	return err_text(e, expired ? -EKEYEXPIRED : -ETIME,
			"certs.d/%s/" IDENTITY_CERT " %s %s (this device's clock says %s): %s",
			registry, expired ? "expired on" : "is not valid before", date, now,
			expired ? "have it renewed" : "set the clock");
}

static int load_chain(struct identity *id, int fd, const char *registry, int64_t now_s,
		      struct pem *pem, struct err *e)
{
	size_t used = 0;
	struct cert c;
	ssize_t n;
	int r;

	pem_init(pem, fd);
	while (id->n_certs < IDENTITY_CERTS &&
	       (n = pem_next(pem, PEM_CERTIFICATE, id->chain_mem + used,
			     sizeof(id->chain_mem) - used)) != 0) {
		if (n < 0)
			return fail((int)n, registry, IDENTITY_CERT, err_name((int)n), e);
		id->certs[id->n_certs++] = (struct der){id->chain_mem + used, (size_t)n};
		used += (size_t)n;
	}
	if (!id->n_certs || cert_parse(id->certs[0].p, id->certs[0].len, &c) < 0)
		return fail(-EINVAL, registry, IDENTITY_CERT,
			    "holds no certificate in PEM form that fits CONFIG_TLS_CERT_BYTES", e);
	r = check_time(&c, registry, now_s, e);
	if (r < 0)
		return r;
	key_parse_public(c.spki, &id->public);
	cert_name_text(id->subject, c.subject);
	return 0;
}

static int load_key(struct identity *id, int fd, const char *registry, struct pem *pem,
		    struct err *e)
{
	ssize_t n;
	int r;

	pem_init(pem, fd);
	n = pem_next(pem, PEM_KEY, id->key_mem, sizeof(id->key_mem));
	if (n < 0)
		return fail((int)n, registry, IDENTITY_KEY, err_name((int)n), e);
	if (n == 0 && pem->encrypted)
		return fail(-EINVAL, registry, IDENTITY_KEY,
			    "is encrypted, and nobody is there to be asked: decrypt it (openssl "
			    "pkey -in old -out new)",
			    e);
	id->key_len = (size_t)n;
	r = n ? key_parse(id->key_mem, (size_t)n, &id->key) : -EBADMSG;
	if (r == -EBADMSG)
		return fail(-EINVAL, registry, IDENTITY_KEY, "holds no private key in PEM form", e);
	if (r < 0 || (id->key.kind == KEY_RSA &&
		      (id->key.modulus.len < RSA_MIN_BYTES || id->key.modulus.len > RSA_MAX_BYTES)))
		return fail(-EINVAL, registry, IDENTITY_KEY,
			    "is neither RSA with 2048 to 4096 bits nor ECDSA on P-256, P-384 or "
			    "P-521",
			    e);
	if (id->key.kind == KEY_RSA && !der_eq(id->public.modulus, id->key.modulus))
		return identity_other_key(registry, e);
	return 0;
}

int identity_load(struct identity *id, const struct tls_identity *files, const char *registry,
		  int64_t now_s, struct pem *pem, struct err *e)
{
	int r;

	id->n_certs = 0;
	id->public = (struct key){0};
	r = load_chain(id, files->cert_fd, registry, now_s, pem, e);
	if (r == 0)
		r = load_key(id, files->key_fd, registry, pem, e);
	explicit_bzero(pem, sizeof(*pem));
	if (r < 0)
		identity_wipe(id);
	return r;
}

void identity_wipe(struct identity *id)
{
	id->n_certs = 0;
	explicit_bzero(id->key_mem, sizeof(id->key_mem));
}
