/* SPDX-License-Identifier: Apache-2.0 */
/* BearSSL's error codes as what facts.c explains. */
#include <errno.h>

#include "tls/tls.h"

static enum tls_fault fault(int code)
{
	static const struct {
		int16_t code;
		enum tls_fault fault;
	} faults[] = {
		{BR_ERR_X509_EXPIRED, TLS_F_VALIDITY},
		{BR_ERR_X509_NOT_TRUSTED, TLS_F_NOT_TRUSTED},
		{BR_ERR_X509_BAD_SERVER_NAME, TLS_F_NAME},
		{BR_ERR_X509_UNSUPPORTED, TLS_F_METHOD},
		{BR_ERR_X509_WEAK_PUBLIC_KEY, TLS_F_WEAK_KEY},
		{BR_ERR_X509_BAD_SIGNATURE, TLS_F_SIGNATURE},
		{BR_ERR_X509_NOT_CA, TLS_F_NOT_CA},
		{BR_ERR_X509_FORBIDDEN_KEY_USAGE, TLS_F_NOT_CA},
		{BR_ERR_X509_CRITICAL_EXTENSION, TLS_F_EXTENSION},
		{BR_ERR_X509_DN_MISMATCH, TLS_F_ORDER},
	};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		if (faults[i].code == code)
			return faults[i].fault;
	return TLS_F_OTHER;
}

/* does what came last begin like a TLS record: change cipher spec, alert, handshake, data? */
static bool is_record(const struct tls_stream *s)
{
	return s->record[0] >= 20 && s->record[0] <= 23;
}

int tls_explain(const struct tls_stream *s, struct tls_checker *c, int code,
		enum tls_class *ret_class, struct err *e)
{
	*ret_class = TLS_E_PEER;
	if (code >= BR_ERR_X509_OK && code <= BR_ERR_X509_NOT_TRUSTED) {
		if (c->f.fault == TLS_F_NONE)
			c->f.fault = fault(code);
		c->f.native_code = code;
		return tls_explain_fault(&c->f, ret_class, e);
	}
	if (code > BR_ERR_RECV_FATAL_ALERT && code < BR_ERR_SEND_FATAL_ALERT)
		return tls_explain_alert(&c->f, code - BR_ERR_RECV_FATAL_ALERT, e);
	switch (code) {
	case BR_ERR_UNSUPPORTED_VERSION:
		if (!is_record(s))
			return tls_explain_not_tls(&c->f, e);
		return err_text(
			e, -EPROTONOSUPPORT,
			"%s speaks TLS before 1.2 only, which is not safe: allow TLS 1.2 on the "
			"server",
			s->host);
	case BR_ERR_BAD_VERSION:
	case BR_ERR_UNKNOWN_TYPE:
	case BR_ERR_TOO_LARGE:
	case BR_ERR_BAD_LENGTH:
		return tls_explain_not_tls(&c->f, e);
	case BR_ERR_NO_RANDOM:
		return err_text(e, -EIO, "no random numbers for TLS");
	default:
		return err_text(e, -EBADMSG, "TLS handshake with %s failed (BearSSL error %d)",
				s->host, code);
	}
}
