/* SPDX-License-Identifier: Apache-2.0 */
/* Why a handshake failed, for people: what was found, and what to do. */
#include <errno.h>

#include "base/rfc3339.h"
#include "sys/proc.h"
#include "tls/tls.h"

#define DATE_CAP 24

static const char *date(char dst[static DATE_CAP], int64_t s)
{
	char full[RFC3339_CAP];

	rfc3339_format(full, s, 0);
	str_copy_n(dst, DATE_CAP, full, 10);
	return dst;
}

static int validity(const struct tls_stream *s, const struct tls_checker *c, int *ret_class,
		    struct err *e)
{
	char clock_text[RFC3339_CAP], from[DATE_CAP], to[DATE_CAP];
	int64_t clock_s;
	uint32_t ns;

	sys_realtime(&clock_s, &ns);
	date(from, c->not_before_s);
	date(to, c->not_after_s);
	rfc3339_format(clock_text, clock_s, 0)[19] = '\0'; /* whole seconds */
	if (c->now_s < c->not_before_s || clock_s < c->trust->floor_s) {
		*ret_class = TLS_E_CLOCK;
		return err_text(
			e, -EBADMSG,
			"%s: certificate \"%s\" is valid from %s to %s, but this device's clock "
			"says %s: set the clock (NTP, RTC)",
			s->host, c->subject, from, to, clock_text);
	}
	return err_text(
		e, -EBADMSG,
		"%s: certificate \"%s\" expired on %s (this device's clock says %s): renew it on "
		"the registry",
		s->host, c->subject, to, clock_text);
}

static int not_trusted(const struct tls_stream *s, const struct tls_checker *c, struct err *e)
{
	if (c->n_found)
		return err_text(
			e, -EBADMSG,
			"%s: the signature on certificate \"%s\" is not by the \"%s\" that this "
			"device trusts: replace certs.d/%s/ca.crt by the CA in use",
			s->host, c->subject, c->issuer, c->trust->registry);
	return err_text(
		e, -EBADMSG,
		"%s: certificate \"%s\" was issued by \"%s\", which this device does not trust: "
		"put that CA's certificate into certs.d/%s/ca.crt",
		s->host, c->subject, c->issuer, c->trust->registry);
}

static int fault(const struct tls_stream *s, const struct tls_checker *c, struct err *e)
{
	switch (c->fault) {
	case TLS_F_CERT_SIZE:
		return err_text(
			e, -EMSGSIZE,
			"%s: a certificate of %zu bytes is larger than CONFIG_TLS_CERT_BYTES (%d)",
			s->host, c->cert_total, CONFIG_TLS_CERT_BYTES);
	case TLS_F_CERT_SYNTAX:
		return err_text(e, -EBADMSG, "%s: the certificate is malformed", s->host);
	case TLS_F_ANCHORS:
		return err_text(
			e, -EMSGSIZE,
			"%s: more certificates of \"%s\" are trusted than CONFIG_TLS_MAX_ANCHORS "
			"(%d)",
			s->host, c->issuer, CONFIG_TLS_MAX_ANCHORS);
	case TLS_F_NO_ALT_NAME:
		return err_text(
			e, -EBADMSG,
			"%s: certificate \"%s\" has no subjectAltName (a common name alone is not "
			"enough): make one with subjectAltName %s:%s",
			s->host, c->subject, c->by_address ? "IP" : "DNS", s->host);
	case TLS_F_PURPOSE:
		return err_text(
			e, -EBADMSG,
			"%s: certificate \"%s\" is not for servers: its extendedKeyUsage lacks "
			"serverAuth",
			s->host, c->subject);
	case TLS_F_ADDRESS:
		return err_text(
			e, -EBADMSG,
			"%s: certificate \"%s\" is not for this address: use the name it was made "
			"for, or make one with subjectAltName IP:%s",
			s->host, c->subject, s->host);
	case TLS_F_TRUST_FILE:
		return err_set(e, c->trust_code, "read the CA certificates");
	case TLS_F_NONE:
		break;
	}
	return not_trusted(s, c, e);
}

static int certificate(const struct tls_stream *s, const struct tls_checker *c, int code,
		       int *ret_class, struct err *e)
{
	switch (code) {
	case BR_ERR_X509_EXPIRED:
		return validity(s, c, ret_class, e);
	case BR_ERR_X509_NOT_TRUSTED:
		return not_trusted(s, c, e);
	case BR_ERR_X509_BAD_SERVER_NAME:
		return err_text(e, -EBADMSG,
				"%s: certificate \"%s\" is for another host: use the name it was "
				"made for, or "
				"make one with subjectAltName DNS:%s",
				s->host, c->subject, s->host);
	case BR_ERR_X509_UNSUPPORTED:
		return err_text(e, -EBADMSG,
				"%s: certificate \"%s\" is signed with a method that is not "
				"accepted (SHA-1, "
				"or not RSA or ECDSA): have it issued again with SHA-256",
				s->host, c->subject);
	case BR_ERR_X509_WEAK_PUBLIC_KEY:
		return err_text(
			e, -EBADMSG,
			"%s: certificate \"%s\" uses an RSA key below 2048 bits, which is not safe: "
			"replace it",
			s->host, c->subject);
	case BR_ERR_X509_BAD_SIGNATURE:
		return err_text(e, -EBADMSG, "%s: the signature on certificate \"%s\" is wrong",
				s->host, c->subject);
	case BR_ERR_X509_NOT_CA:
	case BR_ERR_X509_FORBIDDEN_KEY_USAGE:
		return err_text(e, -EBADMSG, "%s: \"%s\" may not issue certificates, but did",
				s->host, c->subject);
	case BR_ERR_X509_CRITICAL_EXTENSION:
		return err_text(e, -EBADMSG,
				"%s: certificate \"%s\" has a critical extension that is not "
				"supported here",
				s->host, c->subject);
	case BR_ERR_X509_DN_MISMATCH:
		return err_text(
			e, -EBADMSG,
			"%s: the server sends its certificates in the wrong order, or not those of "
			"the issuer: expected \"%s\"",
			s->host, c->issuer);
	default:
		return err_text(e, -EBADMSG,
				"%s: certificate \"%s\" is not valid (BearSSL error %d)", s->host,
				c->subject, code);
	}
}

const char *tls_own_hint(const struct tls_stream *s)
{
	switch (s->own) {
	case TLS_OWN_NOT_ASKED:
		break;
	case TLS_OWN_NONE:
		return "it wants a client certificate: put client.cert and client.key into its "
		       "folder in certs.d";
	case TLS_OWN_SENT:
		return "it does not accept client.cert of its folder in certs.d: have one issued by "
		       "an authority that it trusts";
	}
	return "";
}

static int alert(const struct tls_stream *s, int number, struct err *e)
{
	if (s->own != TLS_OWN_NOT_ASKED &&
	    (number == 40 || (number >= 42 && number <= 49) || number == 116))
		return err_text(e, -EACCES, "%s refused the TLS handshake (alert %d): %s", s->host,
				number, tls_own_hint(s));
	switch (number) {
	case 70: /* protocol_version */
		return err_text(e, -EPROTONOSUPPORT,
				"%s offers only TLS 1.3 (or only versions before 1.2), this build "
				"speaks TLS 1.2: allow TLS 1.2 on the server",
				s->host);
	case 40: /* handshake_failure */
		return err_text(e, -EPROTONOSUPPORT,
				"%s has no cipher suite in common with this device: allow ECDHE "
				"with AES-GCM or ChaCha20 on the server",
				s->host);
	case 112: /* unrecognized_name */
		return err_text(e, -EBADMSG, "%s does not serve this name", s->host);
	default:
		return err_text(e, -EBADMSG, "%s refused the TLS handshake (alert %d)", s->host,
				number);
	}
}

/* does what came last begin like a TLS record: change cipher spec, alert, handshake, data? */
static bool is_record(const struct tls_stream *s)
{
	return s->record[0] >= 20 && s->record[0] <= 23;
}

static int not_tls(const struct tls_stream *s, const struct tls_checker *c, struct err *e)
{
	return err_text(
		e, -EPROTONOSUPPORT,
		"%s does not speak TLS on this port: serve it by TLS, or allow plain HTTP by a file "
		"certs.d/%s/plain-http",
		s->host, c->trust->registry);
}

int tls_explain(const struct tls_stream *s, const struct tls_checker *c, int code, int *ret_class,
		struct err *e)
{
	*ret_class = TLS_E_PEER;
	if (code >= BR_ERR_X509_OK && code <= BR_ERR_X509_NOT_TRUSTED)
		return c->fault != TLS_F_NONE ? fault(s, c, e)
					      : certificate(s, c, code, ret_class, e);
	if (code > BR_ERR_RECV_FATAL_ALERT && code < BR_ERR_SEND_FATAL_ALERT)
		return alert(s, code - BR_ERR_RECV_FATAL_ALERT, e);
	switch (code) {
	case BR_ERR_UNSUPPORTED_VERSION:
		if (!is_record(s))
			return not_tls(s, c, e);
		return err_text(
			e, -EPROTONOSUPPORT,
			"%s speaks TLS before 1.2 only, which is not safe: allow TLS 1.2 on the "
			"server",
			s->host);
	case BR_ERR_BAD_VERSION:
	case BR_ERR_UNKNOWN_TYPE:
	case BR_ERR_TOO_LARGE:
	case BR_ERR_BAD_LENGTH:
		return not_tls(s, c, e);
	case BR_ERR_NO_RANDOM:
		return err_text(e, -EIO, "no random numbers for TLS");
	default:
		return err_text(e, -EBADMSG, "TLS handshake with %s failed (BearSSL error %d)",
				s->host, code);
	}
}
