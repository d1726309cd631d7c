/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client certificates by BearSSL. The class below is always there, so that it is known whether the server has asked;
 * it answers with a certificate only if one was loaded.
 */
#include <errno.h>
#include <string.h>

#include "tls/tls.h"

#define ECDSA_MAX_BYTES 139 /* of a signature on P-521, in ASN.1 */

static const struct {
	int id;
	const br_hash_class *class;
	const unsigned char *oid;
} hashes[] = {
	{br_sha256_ID, &br_sha256_vtable, BR_HASH_OID_SHA256},
	{br_sha384_ID, &br_sha384_vtable, BR_HASH_OID_SHA384},
	{br_sha512_ID, &br_sha512_vtable, BR_HASH_OID_SHA512},
};

static struct tls_checker *self(const br_ssl_client_certificate_class **ctx)
{
	return (struct tls_checker *)(void *)((char *)ctx -
					      offsetof(struct tls_checker, own_class));
}

/* which authorities the server names is of no interest: there is one certificate for it or none */
static void ignore(const br_ssl_client_certificate_class **ctx)
{
	(void)ctx;
}

static void ignore_len(const br_ssl_client_certificate_class **ctx, size_t len)
{
	(void)ctx;
	(void)len;
}

static void ignore_data(const br_ssl_client_certificate_class **ctx, const unsigned char *data,
			size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
}

static void choose(const br_ssl_client_certificate_class **ctx, const br_ssl_client_context *client,
		   uint32_t auth_types, br_ssl_client_certificate *choices)
{
	struct tls_checker *c = self(ctx);
	bool rsa = c->own.key.kind == KEY_RSA;

	(void)client;
	*choices = (br_ssl_client_certificate){0};
	c->f.own = TLS_OWN_NONE;
	for (size_t i = 0; c->own.n_certs && i < ARRAY_LEN(hashes); i++) {
		if (!(auth_types >> (hashes[i].id + (rsa ? 0 : 8)) & 1))
			continue;
		*choices = (br_ssl_client_certificate){
			.auth_type = rsa ? BR_AUTH_RSA : BR_AUTH_ECDSA,
			.hash_id = hashes[i].id,
			.chain = c->own_chain,
			.chain_len = c->own.n_certs,
		};
		c->f.own = TLS_OWN_SENT;
		return;
	}
}

/* static ECDH, which is never offered */
static uint32_t exchange_keys(const br_ssl_client_certificate_class **ctx, unsigned char *data,
			      size_t *len)
{
	(void)ctx;
	(void)data;
	(void)len;
	return 0;
}

static br_ec_private_key ec_key(const struct key *k)
{
	return (br_ec_private_key){
		.curve = k->curve, .x = tls_bytes(k->secret), .xlen = k->secret.len};
}

static size_t sign_rsa(const struct key *k, const unsigned char *oid, const unsigned char *hash,
		       size_t hash_len, unsigned char *data, size_t cap)
{
	const br_rsa_private_key rsa = {
		.n_bitlen = (uint32_t)k->modulus.len * 8 -
			    ((uint32_t)__builtin_clz(k->modulus.p[0]) - 24),
		.p = tls_bytes(k->p),
		.plen = k->p.len,
		.q = tls_bytes(k->q),
		.qlen = k->q.len,
		.dp = tls_bytes(k->dp),
		.dplen = k->dp.len,
		.dq = tls_bytes(k->dq),
		.dqlen = k->dq.len,
		.iq = tls_bytes(k->iq),
		.iqlen = k->iq.len,
	};

	if (cap < k->modulus.len || !br_rsa_i31_pkcs1_sign(oid, hash, hash_len, &rsa, data))
		return 0;
	return k->modulus.len;
}

static size_t sign(const br_ssl_client_certificate_class **ctx, int hash_id, size_t hash_len,
		   unsigned char *data, size_t cap)
{
	struct tls_checker *c = self(ctx);
	unsigned char hash[64];
	br_ec_private_key ec;
	size_t i = 0;

	while (hashes[i].id != hash_id) /* choose() has taken it from there */
		i++;
	memcpy(hash, data, hash_len);
	if (c->own.key.kind == KEY_RSA)
		return sign_rsa(&c->own.key, hashes[i].oid, hash, hash_len, data, cap);
	ec = ec_key(&c->own.key);
	return cap < ECDSA_MAX_BYTES
		       ? 0
		       : br_ecdsa_i31_sign_asn1(c->minimal.iec, hashes[i].class, hash, &ec, data);
}

static const br_ssl_client_certificate_class own_class = {
	.context_size = sizeof(struct tls_checker),
	.start_name_list = ignore,
	.start_name = ignore_len,
	.append_name = ignore_data,
	.end_name = ignore,
	.end_name_list = ignore,
	.choose = choose,
	.do_keyx = exchange_keys,
	.do_sign = sign,
};

static bool is_pair(const struct tls_checker *c)
{
	unsigned char mem[BR_EC_KBUF_PUB_MAX_SIZE];
	const br_ec_private_key ec = ec_key(&c->own.key);
	size_t len;

	if (c->own.key.kind == KEY_RSA)
		return true;
	len = c->minimal.iec->mulgen(mem, ec.x, ec.xlen, ec.curve);
	return len && der_eq(c->own.public.point, (struct der){mem, len});
}

int tls_own_load(struct tls_checker *c, const struct tls_identity *files, struct err *e)
{
	int r = identity_load(&c->own, files, c->f.trust->registry, c->f.now_s, &c->pem, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->own.n_certs; i++)
		c->own_chain[i] =
			(br_x509_certificate){tls_bytes(c->own.certs[i]), c->own.certs[i].len};
	if (is_pair(c))
		return 0;
	identity_wipe(&c->own);
	return identity_other_key(c->f.trust->registry, e);
}

void tls_own_offer(struct tls_checker *c, br_ssl_client_context *client)
{
	c->own_class = &own_class;
	br_ssl_client_set_client_certificate(client, &c->own_class);
}
