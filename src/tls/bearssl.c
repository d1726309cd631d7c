/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS by BearSSL: TLS 1.2 only, ECDHE with AEAD suites only, no renegotiation. One buffer serves both directions, which suits a protocol where one side talks at a
 * time and saves 16 KiB a connection.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/cpu.h"
#include "base/kconfig.h"
#include "sys/inet.h"
#include "sys/proc.h"
#include "sys/watch.h"
#include "tls/aes_arm.h"
#include "tls/tls.h"

#define HANDSHAKE_STALLS 3 /* a handshake may take this many times the longest silence */

static const uint16_t suites[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};

/* AES in software, made safe against timing, is slower than ChaCha20 */
static const uint16_t suites_without_aes[] = {
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};

static void init_client(struct tls_stream *s, struct tls_checker *c)
{
	br_ssl_engine_context *eng = &s->client.eng;

	br_ssl_client_zero(&s->client);
	br_ssl_engine_set_versions(eng, BR_TLS12, BR_TLS12);
	if (cpu_has(CPU_AES) || br_aes_pwr8_ctr_get_vtable())
		br_ssl_engine_set_suites(eng, suites, ARRAY_LEN(suites));
	else
		br_ssl_engine_set_suites(eng, suites_without_aes, ARRAY_LEN(suites_without_aes));
	/* the same arithmetic as for our own key and ECDSA: what is faster would be there for this alone */
	br_ssl_engine_set_rsavrfy(eng, br_rsa_i31_pkcs1_vrfy);
	br_ssl_engine_set_default_ecdsa(eng);
	br_ssl_engine_set_hash(eng, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(eng, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(eng, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(eng, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(eng, &br_tls12_sha384_prf);
	br_ssl_engine_set_default_aes_gcm(eng); /* on x86 asks for AES-NI and PCLMUL itself */
	if (AES_ARM && cpu_has(CPU_AES)) {
		br_ssl_engine_set_aes_ctr(eng, &aes_arm_ctr);
		br_ssl_engine_set_ghash(eng, aes_arm_ghash);
	}
	br_ssl_engine_set_default_chapol(eng);
	br_ssl_engine_add_flags(eng, BR_OPT_NO_RENEGOTIATION);
	br_x509_minimal_set_rsa(&c->minimal, br_ssl_engine_get_rsavrfy(eng));
	br_x509_minimal_set_ecdsa(&c->minimal, br_ssl_engine_get_ec(eng),
				  br_ssl_engine_get_ecdsa(eng));
	br_ssl_engine_set_x509(eng, &c->vtable);
	br_ssl_engine_set_buffer(eng, s->record, sizeof(s->record), 0);
}

static int wait_for(struct tls_stream *s, short events, struct err *e)
{
	int r;

	if (s->deadline_ms && sys_now_ms() > s->deadline_ms)
		return err_text(e, -ETIMEDOUT, "%s takes too long for the TLS handshake", s->host);
	r = sys_poll_one(s->fd, events, s->stall_ms);
	if (r < 0)
		return err_set(e, r, "wait for %s", s->host);
	if (r == 0)
		return err_text(e, -ETIMEDOUT, "%s sent nothing for %d s", s->host,
				s->stall_ms / 1000);
	return 0;
}

static int send_record(struct tls_stream *s, struct err *e)
{
	size_t len;
	unsigned char *p = br_ssl_engine_sendrec_buf(&s->client.eng, &len);
	ssize_t n = sys_send(s->fd, p, len);

	if (n == -EAGAIN)
		return wait_for(s, POLLOUT, e);
	/* whoever refuses a handshake says why and hangs up: what it said is still to be read */
	if ((n == -EPIPE || n == -ECONNRESET) && s->deadline_ms)
		n = (ssize_t)len;
	if (n < 0)
		return err_set(e, (int)n, "send to %s", s->host);
	br_ssl_engine_sendrec_ack(&s->client.eng, (size_t)n);
	return 0;
}

/*
 * A record gives nothing before its last byte, and an empty one gives nothing at all. So neither may
 * come for ever: what the caller of tls_peek() gets is too late, or never, to be judged there.
 */
static int check_pace(struct tls_stream *s, struct err *e)
{
	int64_t stalls = (sys_now_ms() - s->peek_ms) / s->stall_ms;

	if (s->deadline_ms)
		return 0;
	if (s->peek_bytes > 2 * sizeof(s->record))
		return err_text(e, -EBADMSG, "%s sends TLS records that hold nothing", s->host);
	if (s->peek_bytes / TLS_MIN_BYTES < (uint64_t)stalls)
		return err_text(e, -ETIMEDOUT, "%s sends less than %d bytes in %d s", s->host,
				TLS_MIN_BYTES, s->stall_ms / 1000);
	return 0;
}

static int recv_record(struct tls_stream *s, struct err *e)
{
	size_t len;
	int r = check_pace(s, e);
	unsigned char *p;
	ssize_t n;

	if (r < 0)
		return r;
	p = br_ssl_engine_recvrec_buf(&s->client.eng, &len);
	n = sys_recv(s->fd, p, len);
	if (n == -EAGAIN)
		return wait_for(s, POLLIN, e);
	if (n == 0)
		return err_text(e, -ECONNRESET, "%s closed the connection unexpectedly", s->host);
	if (n < 0)
		return err_set(e, (int)n, "receive from %s", s->host);
	s->peek_bytes += (size_t)n;
	br_ssl_engine_recvrec_ack(&s->client.eng, (size_t)n);
	return 0;
}

/*
 * Moves records until the engine is in a state of @want. Return: 1; 0 it is closed in good order;
 * -EPROTO the engine has failed, its last error says why; -errno of the connection.
 */
static int pump(struct tls_stream *s, unsigned int want, struct err *e)
{
	br_ssl_engine_context *eng = &s->client.eng;

	for (;;) {
		unsigned int state = br_ssl_engine_current_state(eng);
		int r;

		if (state & BR_SSL_CLOSED)
			return br_ssl_engine_last_error(eng) == BR_ERR_OK ? 0 : -EPROTO;
		if (state & BR_SSL_SENDREC)
			r = send_record(s, e);
		else if (state & want)
			return 1;
		else if (state & BR_SSL_RECVREC)
			r = recv_record(s, e);
		else
			return err_text(e, -EBADMSG, "%s talks out of turn", s->host);
		if (r < 0)
			return r;
	}
}

static int handshake(struct tls_stream *s, struct tls_checker *checker, enum tls_class *ret_class,
		     struct err *e)
{
	unsigned char seed[32];
	int r = sys_random(seed, sizeof(seed));

	if (r < 0)
		return err_set(e, r, "get random bytes");
	br_ssl_engine_inject_entropy(&s->client.eng, seed, sizeof(seed));
	/* RFC 6066, 3: an address is no server name. Without a name the minimal engine checks none;
	 * the checker then wants the address among the certificate's. */
	if (!br_ssl_client_reset(&s->client, checker->f.by_address ? NULL : s->host, 0))
		r = -EPROTO;
	else
		r = pump(s, BR_SSL_SENDAPP, e);
	s->own = checker->f.own;
	if (r == 0)
		return err_text(e, -ECONNRESET, "%s closed the connection during the TLS handshake",
				s->host);
	if (r == -EPROTO)
		r = tls_explain(s, checker, br_ssl_engine_last_error(&s->client.eng), ret_class, e);
	return r > 0 ? 0 : r;
}

int tls_connect(struct tls_stream *s, struct tls_checker *checker, const struct tls_trust *trust,
		const struct tls_identity *own, int fd, const char *host, int stall_ms,
		enum tls_class *ret_class, struct err *e)
{
	int r = 0;

	*ret_class = TLS_E_NETWORK;
	s->fd = fd;
	s->stall_ms = stall_ms;
	s->deadline_ms = sys_now_ms() + HANDSHAKE_STALLS * (int64_t)stall_ms;
	str_copy(s->host, sizeof(s->host), host);
	tls_checker_init(checker, trust, s->host);
	init_client(s, checker);
	if (IS_ENABLED(CONFIG_TLS_CLIENT_CERT)) {
		checker->own.n_certs = 0;
		tls_own_offer(checker, &s->client);
		if (own)
			r = tls_own_load(checker, own, e);
	}
	if (r < 0) {
		*ret_class = r == -ETIME ? TLS_E_CLOCK : TLS_E_PEER;
		return r;
	}
	r = handshake(s, checker, ret_class, e);
	if (IS_ENABLED(CONFIG_TLS_CLIENT_CERT))
		identity_wipe(&checker->own);
	s->deadline_ms = 0;
	return r;
}

static int failed(struct tls_stream *s, int r, struct err *e)
{
	int code = br_ssl_engine_last_error(&s->client.eng);

	if (r != -EPROTO)
		return r;
	if (code > BR_ERR_RECV_FATAL_ALERT && code < BR_ERR_SEND_FATAL_ALERT)
		return err_text(e, -ECONNRESET, "%s ended the TLS connection by alert %d", s->host,
				code - BR_ERR_RECV_FATAL_ALERT);
	return err_text(e, -EIO, "TLS connection to %s: data is damaged (BearSSL error %d)",
			s->host, code);
}

int tls_send(struct tls_stream *s, const void *data, size_t len, struct err *e)
{
	br_ssl_engine_context *eng = &s->client.eng;
	const char *p = data;

	while (len) {
		size_t room;
		unsigned char *to;
		int r = pump(s, BR_SSL_SENDAPP, e);

		if (r == 0)
			return err_text(e, -ECONNRESET, "%s closed the connection", s->host);
		if (r < 0)
			return failed(s, r, e);
		to = br_ssl_engine_sendapp_buf(eng, &room);
		if (room > len)
			room = len;
		memcpy(to, p, room);
		br_ssl_engine_sendapp_ack(eng, room);
		p += room;
		len -= room;
	}
	br_ssl_engine_flush(eng, 0);
	while (br_ssl_engine_current_state(eng) & BR_SSL_SENDREC) {
		int r = send_record(s, e);

		if (r < 0)
			return r;
	}
	return 0;
}

int tls_peek(struct tls_stream *s, struct span *ret_data, struct err *e)
{
	size_t len;
	unsigned char *p;
	int r;

	s->peek_ms = sys_now_ms();
	s->peek_bytes = 0;
	r = pump(s, BR_SSL_RECVAPP, e);
	if (r <= 0)
		return failed(s, r, e);
	p = br_ssl_engine_recvapp_buf(&s->client.eng, &len);
	*ret_data = (struct span){(const char *)p, len};
	return 1;
}

void tls_skip(struct tls_stream *s, size_t len)
{
	if (len)
		br_ssl_engine_recvapp_ack(&s->client.eng, len);
}

bool tls_pending(struct tls_stream *s)
{
	unsigned int state = br_ssl_engine_current_state(&s->client.eng);

	return state & (BR_SSL_CLOSED | BR_SSL_RECVAPP) || sys_poll_one(s->fd, POLLIN, 0) != 0;
}

const char *tls_own_hint(const struct tls_stream *s)
{
	return tls_hint(s->own);
}

/* all memory is the caller's */
void tls_close(struct tls_stream *s)
{
	br_ssl_client_zero(&s->client);
}
