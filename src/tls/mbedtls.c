/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS by Mbed TLS: 1.3 and 1.2, ECDHE with AEAD suites only, no renegotiation, no tickets. Its memory is a heap in static
 * memory here, so that the process has a bound whatever a server sends; when that is used up, a handshake fails.
 */
#include <errno.h>
#include <mbedtls/error.h>
#include <mbedtls/memory_buffer_alloc.h>
#include <mbedtls/platform.h>
#include <poll.h>
#include <psa/crypto.h>
#include <string.h>

#include "base/kconfig.h"
#include "sys/inet.h"
#include "sys/proc.h"
#include "sys/watch.h"
#include "tls/tls.h"

#define HANDSHAKE_STALLS 3    /* a handshake may take this many times the longest silence */
#define IO_FAILED	 (-1) /* no error of Mbed TLS: io_code says which */

static _Alignas(16) unsigned char heap[CONFIG_TLS_HEAP_KIB * 1024];
static bool ready;

static const int suites[] = {
	MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
	MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	0,
};

int tls_random(void *data, unsigned char *out, size_t len)
{
	(void)data;
	return sys_random(out, len) < 0 ? MBEDTLS_ERR_ERROR_GENERIC_ERROR : 0;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
					     uint8_t *output, size_t output_size,
					     size_t *output_length)
{
	(void)context;
	*output_length = output_size;
	return sys_random(output, output_size) < 0 ? PSA_ERROR_INSUFFICIENT_ENTROPY : PSA_SUCCESS;
}

static int send_bytes(void *data, const unsigned char *bytes, size_t len)
{
	struct tls_stream *s = data;
	ssize_t n = sys_send(s->fd, bytes, len);

	if (n == -EAGAIN)
		return MBEDTLS_ERR_SSL_WANT_WRITE;
	/* whoever refuses us says why and hangs up: what it said is still to be read */
	if ((n == -EPIPE || n == -ECONNRESET) && (s->deadline_ms || s->own != TLS_OWN_NOT_ASKED))
		return (int)len;
	if (n < 0)
		s->io_code = (int)n;
	return n < 0 ? IO_FAILED : (int)n;
}

static int recv_bytes(void *data, unsigned char *bytes, size_t cap)
{
	struct tls_stream *s = data;
	ssize_t n = sys_recv(s->fd, bytes, cap);

	if (n == -EAGAIN)
		return MBEDTLS_ERR_SSL_WANT_READ;
	if (n > 0 && s->first_byte < 0)
		s->first_byte = bytes[0];
	if (n > 0)
		s->peek_bytes += (size_t)n;
	if (n < 0)
		s->io_code = (int)n;
	return n < 0 ? IO_FAILED : (int)n;
}

/* A record gives nothing before its last byte, so it may not drip for ever. Empty ones Mbed TLS ends itself. */
static bool drips(const struct tls_stream *s)
{
	int64_t stalls = (sys_now_ms() - s->peek_ms) / s->stall_ms;

	return !s->deadline_ms && s->peek_bytes / TLS_MIN_BYTES < (uint64_t)stalls;
}

static int wait_for(struct tls_stream *s, int want, struct err *e)
{
	int r;

	if (want == MBEDTLS_ERR_SSL_WANT_READ && drips(s))
		return err_text(e, -ETIMEDOUT, "%s sends less than %d bytes in %d s", s->host,
				TLS_MIN_BYTES, s->stall_ms / 1000);

	if (s->deadline_ms && sys_now_ms() > s->deadline_ms)
		return err_text(e, -ETIMEDOUT, "%s takes too long for the TLS handshake", s->host);
	r = sys_poll_one(s->fd, want == MBEDTLS_ERR_SSL_WANT_WRITE ? POLLOUT : POLLIN, s->stall_ms);
	if (r < 0)
		return err_set(e, r, "wait for %s", s->host);
	if (r == 0)
		return err_text(e, -ETIMEDOUT, "%s sent nothing for %d s", s->host,
				s->stall_ms / 1000);
	return 0;
}

/* Return: 0 try again; -EPROTO it is for others to explain; -errno with a text */
static int trouble(struct tls_stream *s, int code, struct err *e)
{
	switch (code) {
	case MBEDTLS_ERR_SSL_WANT_READ:
	case MBEDTLS_ERR_SSL_WANT_WRITE:
		return wait_for(s, code, e);
	case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
		return 0;
	case MBEDTLS_ERR_SSL_CONN_EOF:
		return err_text(e, -ECONNRESET, "%s closed the connection unexpectedly", s->host);
	case IO_FAILED:
		return err_set(e, s->io_code, "talk to %s", s->host);
	default:
		return -EPROTO;
	}
}

/* an alert's number; -1: it is not about one */
static int alert_of(const struct tls_stream *s, int code)
{
	return code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE ? s->ssl.MBEDTLS_PRIVATE(in_msg)[1] : -1;
}

static int explain(struct tls_stream *s, struct tls_checker *c, int code, enum tls_class *ret_class,
		   struct err *e)
{
	*ret_class = TLS_E_PEER;
	if (c->f.fault != TLS_F_NONE)
		return tls_explain_fault(&c->f, ret_class, e);
	if (alert_of(s, code) >= 0)
		return tls_explain_alert(&c->f, alert_of(s, code), e);
	if (s->first_byte >= 0 && (s->first_byte < 20 || s->first_byte > 23))
		return tls_explain_not_tls(&c->f, e);
	switch (code) {
	case MBEDTLS_ERR_SSL_ALLOC_FAILED:
	case MBEDTLS_ERR_X509_ALLOC_FAILED:
	case MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL:
	/* how it says that a message does not fit its buffer */
	case MBEDTLS_ERR_SSL_INVALID_RECORD:
	case MBEDTLS_ERR_SSL_BAD_INPUT_DATA:
		return err_text(
			e, -EMSGSIZE,
			"%s: its certificates are larger than CONFIG_TLS_CERT_BYTES (%d), or "
			"than CONFIG_TLS_HEAP_KIB (%d) lets us take",
			s->host, CONFIG_TLS_CERT_BYTES, CONFIG_TLS_HEAP_KIB);
	case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
		return err_text(
			e, -EPROTONOSUPPORT,
			"%s speaks TLS before 1.2 only, which is not safe: allow TLS 1.2 on "
			"the server",
			s->host);
	default:
		return err_text(e, -EBADMSG,
				"TLS handshake with %s failed (Mbed TLS error -0x%04x)", s->host,
				(unsigned int)-code);
	}
}

static int init_library(const char *host, struct err *e)
{
	if (ready)
		return 0;
	mbedtls_memory_buffer_alloc_init(heap, sizeof(heap));
	if (psa_crypto_init() != PSA_SUCCESS)
		return err_text(e, -EIO, "no random numbers for TLS with %s", host);
	ready = true;
	return 0;
}

/* Return: 0; -EIO */
static int configure(struct tls_stream *s, struct tls_checker *c, struct err *e)
{
	mbedtls_ssl_config *config = &s->config;
	int r = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT,
					    MBEDTLS_SSL_TRANSPORT_STREAM,
					    MBEDTLS_SSL_PRESET_DEFAULT);

	mbedtls_ssl_conf_rng(config, tls_random, NULL);
	mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ciphersuites(config, suites);
	mbedtls_ssl_conf_ca_cb(config, tls_find_anchors, c);
	mbedtls_ssl_conf_verify(config, tls_judge, c);
	if (r == 0)
		r = mbedtls_ssl_setup(&s->ssl, config);
	/* RFC 6066, 3: an address is no server name; tls_judge() looks for it */
	if (r == 0)
		r = mbedtls_ssl_set_hostname(&s->ssl, c->f.by_address ? NULL : s->host);
	if (r < 0)
		return err_text(e, -EIO,
				"TLS with %s cannot be set up (Mbed TLS error -0x%04x): "
				"is CONFIG_TLS_HEAP_KIB (%d) too small?",
				s->host, (unsigned int)-r, CONFIG_TLS_HEAP_KIB);
	mbedtls_ssl_set_bio(&s->ssl, s, send_bytes, recv_bytes, NULL);
	return 0;
}

static int load_own(struct tls_stream *s, struct tls_checker *c, const struct tls_identity *files,
		    struct err *e)
{
	const char *registry = c->f.trust->registry;
	int r = identity_load(&c->own, files, registry, c->f.now_s, &c->pem, e);
	size_t key_len;

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->own.n_certs && r == 0; i++)
		r = mbedtls_x509_crt_parse_der(&c->own_chain, c->own.certs[i].p,
					       c->own.certs[i].len);
	key_len = c->own.key_len;
	if (r == 0)
		r = mbedtls_pk_parse_key(&c->own_key, c->own.key_mem, key_len, NULL, 0, tls_random,
					 NULL);
	identity_wipe(&c->own);
	if (r < 0)
		return err_text(
			e, -EINVAL,
			"certs.d/%s/client.cert or client.key is not usable (Mbed TLS error "
			"-0x%04x)",
			registry, (unsigned int)-r);
	if (mbedtls_pk_check_pair(&c->own_chain.pk, &c->own_key, tls_random, NULL) < 0)
		return identity_other_key(registry, e);
	r = mbedtls_ssl_conf_own_cert(&s->config, &c->own_chain, &c->own_key);
	return r < 0 ? err_set(e, -ENOMEM, "CONFIG_TLS_HEAP_KIB (%d)", CONFIG_TLS_HEAP_KIB) : 0;
}

static int handshake(struct tls_stream *s, struct tls_checker *c, bool have_own,
		     enum tls_class *ret_class, struct err *e)
{
	while (!mbedtls_ssl_is_handshake_over(&s->ssl)) {
		int code = mbedtls_ssl_handshake_step(&s->ssl), r;

		if (mbedtls_ssl_client_cert_wanted(&s->ssl))
			c->f.own = s->own = have_own ? TLS_OWN_SENT : TLS_OWN_NONE;
		if (code == 0)
			continue;
		r = trouble(s, code, e);
		if (r == -EPROTO)
			r = explain(s, c, code, ret_class, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int tls_connect(struct tls_stream *s, struct tls_checker *checker, const struct tls_trust *trust,
		const struct tls_identity *own, int fd, const char *host, int stall_ms,
		enum tls_class *ret_class, struct err *e)
{
	int r;

	*ret_class = TLS_E_NETWORK;
	*s = (struct tls_stream){.fd = fd,
				 .stall_ms = stall_ms,
				 .deadline_ms = sys_now_ms() + HANDSHAKE_STALLS * (int64_t)stall_ms,
				 .first_byte = -1};
	str_copy(s->host, sizeof(s->host), host);
	r = init_library(host, e);
	if (r < 0)
		return r;
	mbedtls_ssl_init(&s->ssl);
	mbedtls_ssl_config_init(&s->config);
	mbedtls_x509_crt_init(&checker->own_chain);
	mbedtls_pk_init(&checker->own_key);
	tls_facts_init(&checker->f, trust, s->host);
	r = configure(s, checker, e);
	if (r == 0 && own && IS_ENABLED(CONFIG_TLS_CLIENT_CERT)) {
		r = load_own(s, checker, own, e);
		if (r < 0)
			*ret_class = r == -ETIME ? TLS_E_CLOCK : TLS_E_PEER;
	}
	if (r == 0)
		r = handshake(s, checker, own, ret_class, e);
	mbedtls_ssl_conf_own_cert(&s->config, NULL, NULL);
	mbedtls_pk_free(&checker->own_key);
	mbedtls_x509_crt_free(&checker->own_chain);
	s->deadline_ms = 0;
	return r;
}

static int failed(struct tls_stream *s, int code, struct err *e)
{
	int alert = alert_of(s, code);

	/* with TLS 1.3 the server looks at our certificate when the handshake is over for us */
	if (alert >= 0 && s->own != TLS_OWN_NOT_ASKED)
		return err_text(e, -EBADMSG, "%s refused the TLS handshake (alert %d): %s", s->host,
				alert, tls_hint(s->own));
	if (alert >= 0)
		return err_text(e, -ECONNRESET, "%s ended the TLS connection by alert %d", s->host,
				alert);
	return err_text(e, -EIO, "TLS connection to %s: data is damaged (Mbed TLS error -0x%04x)",
			s->host, (unsigned int)-code);
}

int tls_send(struct tls_stream *s, const void *data, size_t len, struct err *e)
{
	const unsigned char *p = data;

	while (len) {
		int n = mbedtls_ssl_write(&s->ssl, p, len), r;

		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		r = trouble(s, n, e);
		if (r == -EPROTO)
			r = failed(s, n, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int tls_peek(struct tls_stream *s, struct span *ret_data, struct err *e)
{
	s->peek_ms = sys_now_ms();
	s->peek_bytes = 0;
	while (s->pos == s->len) {
		int n = mbedtls_ssl_read(&s->ssl, s->data, sizeof(s->data)), r;

		if (n == 0 || n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
			return 0;
		if (n > 0) {
			s->pos = 0;
			s->len = (size_t)n;
			break;
		}
		r = trouble(s, n, e);
		if (r == -EPROTO)
			r = failed(s, n, e);
		if (r < 0)
			return r;
	}
	*ret_data = (struct span){(const char *)s->data + s->pos, s->len - s->pos};
	return 1;
}

void tls_skip(struct tls_stream *s, size_t len)
{
	s->pos += len;
}

bool tls_pending(struct tls_stream *s)
{
	return s->pos != s->len || mbedtls_ssl_get_bytes_avail(&s->ssl) > 0 ||
	       sys_poll_one(s->fd, POLLIN, 0) != 0;
}

void tls_close(struct tls_stream *s)
{
	mbedtls_ssl_free(&s->ssl);
	mbedtls_ssl_config_free(&s->config);
	explicit_bzero(s->data, sizeof(s->data));
}

const char *tls_own_hint(const struct tls_stream *s)
{
	return tls_hint(s->own);
}
