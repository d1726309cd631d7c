/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Mbed TLS asks us about a chain. Authorities are searched in the bundles when a certificate names them, and each
 * certificate is shown to tls_judge(), the last one first and the server's own at the end: what is wrong with that one
 * is what people are told. The invariant: a flag is taken away only for a server's certificate that is in a bundle itself.
 */
#include <errno.h>
#include <mbedtls/platform.h>
#include <string.h>

#include "tls/tls.h"

static struct der der_of(const mbedtls_x509_buf *b)
{
	return (struct der){b->p, b->len};
}

/* one certificate to the head of the list. Return: 0; a Mbed TLS error */
static int add(mbedtls_x509_crt **list, const uint8_t *data, size_t len)
{
	mbedtls_x509_crt *crt = mbedtls_calloc(1, sizeof(*crt));
	int r;

	if (!crt)
		return MBEDTLS_ERR_X509_ALLOC_FAILED;
	mbedtls_x509_crt_init(crt);
	r = mbedtls_x509_crt_parse_der(crt, data, len);
	if (r == MBEDTLS_ERR_X509_ALLOC_FAILED) {
		mbedtls_free(crt);
		return r;
	}
	/* a kind of key or signature that it does not know cannot have signed anything here */
	if (r < 0) {
		mbedtls_x509_crt_free(crt);
		mbedtls_free(crt);
		return 0;
	}
	crt->next = *list;
	*list = crt;
	return 0;
}

static void free_list(mbedtls_x509_crt *list)
{
	mbedtls_x509_crt_free(list);
	mbedtls_free(list);
}

/* the bundles' certificates with this subject, or (@whole) that are this certificate. Return: 0; a Mbed TLS error */
static int search(struct tls_checker *c, struct der subject, const struct der *whole,
		  mbedtls_x509_crt **list, unsigned int *ret_n)
{
	*ret_n = 0;
	for (size_t i = 0; i < ARRAY_LEN(c->f.trust->fds); i++) {
		ssize_t n;

		if (c->f.trust->fds[i] < 0)
			continue;
		pem_init(&c->pem, c->f.trust->fds[i]);
		while ((n = pem_next(&c->pem, PEM_CERTIFICATE, c->candidate,
				     sizeof(c->candidate))) > 0) {
			struct cert cert;
			int r;

			if (cert_parse(c->candidate, (size_t)n, &cert) < 0 ||
			    !der_eq(cert.subject, subject) ||
			    (whole && !der_eq(*whole, (struct der){c->candidate, (size_t)n})))
				continue;
			if (++*ret_n > CONFIG_TLS_MAX_ANCHORS) {
				c->f.fault = TLS_F_ANCHORS;
				return MBEDTLS_ERR_X509_FATAL_ERROR;
			}
			r = whole ? 0 : add(list, c->candidate, (size_t)n);
			if (r < 0)
				return r;
		}
		if (n < 0) {
			c->f.trust_code = (int)n;
			c->f.fault = TLS_F_TRUST_FILE;
			return MBEDTLS_ERR_X509_FATAL_ERROR;
		}
	}
	return 0;
}

int tls_find_anchors(void *data, mbedtls_x509_crt const *child, mbedtls_x509_crt **ret_list)
{
	struct tls_checker *c = data;
	mbedtls_x509_crt *list = NULL;
	struct cert cert;
	unsigned int n;
	int r;

	*ret_list = NULL;
	c->anchors = NULL;
	if (child->raw.len > CONFIG_TLS_CERT_BYTES ||
	    cert_parse(child->raw.p, child->raw.len, &cert) < 0) {
		c->f.cert_total = child->raw.len;
		c->f.fault = child->raw.len > CONFIG_TLS_CERT_BYTES ? TLS_F_CERT_SIZE
								    : TLS_F_CERT_SYNTAX;
		return MBEDTLS_ERR_X509_FATAL_ERROR;
	}
	tls_facts_cert(&c->f, &cert);
	r = search(c, cert.issuer, NULL, &list, &n);
	if (r < 0) {
		free_list(list);
		return r;
	}
	c->f.n_found = n;
	c->anchors = *ret_list = list;
	return 0;
}

static bool is_anchor(const struct tls_checker *c, const mbedtls_x509_crt *crt)
{
	for (const mbedtls_x509_crt *a = c->anchors; a; a = a->next)
		if (a == crt)
			return true;
	return false;
}

/* the server's own certificate, self-signed or not, is in a bundle: trusted directly */
static bool is_pinned(struct tls_checker *c, const mbedtls_x509_crt *crt, const struct cert *cert)
{
	const struct der whole = der_of(&crt->raw);
	unsigned int n;

	return search(c, cert->subject, &whole, NULL, &n) == 0 && n > 0;
}

/* the server has sent a certificate with the issuer's name, which is none of an authority */
static bool sent_no_ca(const mbedtls_x509_crt *crt, struct cert *cert)
{
	struct cert above;

	for (const mbedtls_x509_crt *next = crt->next; next; next = next->next) {
		if (cert_parse(next->raw.p, next->raw.len, &above) < 0 ||
		    !der_eq(above.subject, cert->issuer) || above.is_ca)
			continue;
		*cert = above;
		return true;
	}
	return false;
}

static enum tls_fault judge(struct tls_checker *c, const mbedtls_x509_crt *crt, int depth,
			    struct cert *cert, uint32_t *flags)
{
	enum tls_fault own = depth ? TLS_F_NONE : tls_facts_check(&c->f, cert);

	if (own != TLS_F_NONE)
		return own;
	if (*flags & MBEDTLS_X509_BADCERT_BAD_MD)
		return TLS_F_METHOD;
	if (*flags & (MBEDTLS_X509_BADCERT_BAD_KEY | MBEDTLS_X509_BADCERT_BAD_PK))
		return TLS_F_WEAK_KEY;
	if (*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED && !depth && is_pinned(c, crt, cert))
		*flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
	if (*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return sent_no_ca(crt, cert) ? TLS_F_NOT_CA : TLS_F_NOT_TRUSTED;
	if (c->f.now_s < cert->not_before_s || c->f.now_s > cert->not_after_s)
		return TLS_F_VALIDITY;
	if (*flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
		return TLS_F_NAME;
	c->f.native_code = (int)*flags;
	return *flags ? TLS_F_OTHER : TLS_F_NONE;
}

int tls_judge(void *data, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct tls_checker *c = data;
	enum tls_fault fault = TLS_F_CERT_SYNTAX;
	struct cert cert;

	/* a root is trusted because it is in the bundle, whatever it says of itself */
	if (is_anchor(c, crt) && !*flags)
		return 0;
	if (cert_parse(crt->raw.p, crt->raw.len, &cert) == 0)
		fault = judge(c, crt, depth, &cert, flags);
	if (fault == TLS_F_NONE)
		return 0;
	c->f.fault = fault;
	if (fault != TLS_F_CERT_SYNTAX)
		tls_facts_cert(&c->f, &cert);
	*flags |= MBEDTLS_X509_BADCERT_OTHER;
	return 0;
}
