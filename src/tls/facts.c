/* SPDX-License-Identifier: Apache-2.0 */
/* Why a handshake failed, for people: what was found, and what to do. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/rfc3339.h"
#include "sys/proc.h"
#include "tls/facts.h"

#define DATE_CAP 24

void tls_facts_init(struct tls_facts *f, const struct tls_trust *trust, const char *host)
{
	uint32_t ns;

	memset(f, 0, sizeof(*f));
	f->host = host;
	f->trust = trust;
	sys_realtime(&f->now_s, &ns);
	if (f->now_s < trust->floor_s)
		f->now_s = trust->floor_s;
	if (f->now_s < 0)
		f->now_s = 0;
	f->ip_len = inet_pton(AF_INET, host, f->ip) == 1    ? 4
		    : inet_pton(AF_INET6, host, f->ip) == 1 ? 16
							    : 0;
	f->by_address = f->ip_len > 0;
}

void tls_facts_cert(struct tls_facts *f, const struct cert *cert)
{
	cert_name_text(f->subject, cert->subject);
	cert_name_text(f->issuer, cert->issuer);
	f->not_before_s = cert->not_before_s;
	f->not_after_s = cert->not_after_s;
}

enum tls_fault tls_facts_check(const struct tls_facts *f, const struct cert *cert)
{
	if (!cert->alt_names.p)
		return TLS_F_NO_ALT_NAME;
	if (cert->forbids_server)
		return TLS_F_PURPOSE;
	if (f->by_address && !cert_has_address(cert, f->ip, f->ip_len))
		return TLS_F_ADDRESS;
	return TLS_F_NONE;
}

static const char *date(char dst[static DATE_CAP], int64_t s)
{
	char full[RFC3339_CAP];

	rfc3339_format(full, s, 0);
	str_copy_n(dst, DATE_CAP, full, 10);
	return dst;
}

static int validity(const struct tls_facts *f, enum tls_class *ret_class, struct err *e)
{
	char clock_text[RFC3339_CAP], from[DATE_CAP], to[DATE_CAP];
	int64_t clock_s;
	uint32_t ns;

	sys_realtime(&clock_s, &ns);
	date(from, f->not_before_s);
	date(to, f->not_after_s);
	rfc3339_format(clock_text, clock_s, 0)[19] = '\0'; /* whole seconds */
	if (f->now_s < f->not_before_s || clock_s < f->trust->floor_s) {
		*ret_class = TLS_E_CLOCK;
		return err_text(
			e, -EBADMSG,
			"%s: certificate \"%s\" is valid from %s to %s, but this device's clock "
			"says %s: set the clock (NTP, RTC)",
			f->host, f->subject, from, to, clock_text);
	}
	return err_text(
		e, -EBADMSG,
		"%s: certificate \"%s\" expired on %s (this device's clock says %s): renew it on "
		"the registry",
		f->host, f->subject, to, clock_text);
}

static int not_trusted(const struct tls_facts *f, struct err *e)
{
	if (f->n_found)
		return err_text(
			e, -EBADMSG,
			"%s: the signature on certificate \"%s\" is not by the \"%s\" that this "
			"device trusts: replace certs.d/%s/ca.crt by the CA in use",
			f->host, f->subject, f->issuer, f->trust->registry);
	return err_text(
		e, -EBADMSG,
		"%s: certificate \"%s\" was issued by \"%s\", which this device does not trust: "
		"put that CA's certificate into certs.d/%s/ca.crt",
		f->host, f->subject, f->issuer, f->trust->registry);
}

/* faults that can be told without more than the certificate's name. Return: NULL = another one */
static const char *simple_fault(enum tls_fault fault)
{
	static const char *const texts[TLS_F_OTHER + 1] = {
		[TLS_F_PURPOSE] = "is not for servers: its extendedKeyUsage lacks serverAuth",
		[TLS_F_METHOD] =
			"is signed with a method that is not accepted (SHA-1, or not RSA or "
			"ECDSA): have it issued again with SHA-256",
		[TLS_F_WEAK_KEY] = "uses an RSA key below 2048 bits, which is not safe: replace it",
		[TLS_F_SIGNATURE] = "has a wrong signature: have it issued again",
		[TLS_F_EXTENSION] = "has a critical extension that is not supported here",
	};

	return texts[fault];
}

int tls_explain_fault(const struct tls_facts *f, enum tls_class *ret_class, struct err *e)
{
	const char *simple = simple_fault(f->fault);

	*ret_class = TLS_E_PEER;
	if (simple)
		return err_text(e, -EBADMSG, "%s: certificate \"%s\" %s", f->host, f->subject,
				simple);
	switch (f->fault) {
	case TLS_F_CERT_SIZE:
		return err_text(
			e, -EMSGSIZE,
			"%s: a certificate of %zu bytes is larger than CONFIG_TLS_CERT_BYTES (%d)",
			f->host, f->cert_total, CONFIG_TLS_CERT_BYTES);
	case TLS_F_CERT_SYNTAX:
		return err_text(e, -EBADMSG, "%s: the certificate is malformed", f->host);
	case TLS_F_ANCHORS:
		return err_text(
			e, -EMSGSIZE,
			"%s: more certificates of \"%s\" are trusted than CONFIG_TLS_MAX_ANCHORS "
			"(%d)",
			f->host, f->issuer, CONFIG_TLS_MAX_ANCHORS);
	case TLS_F_NO_ALT_NAME:
		return err_text(
			e, -EBADMSG,
			"%s: certificate \"%s\" has no subjectAltName (a common name alone is not "
			"enough): make one with subjectAltName %s:%s",
			f->host, f->subject, f->by_address ? "IP" : "DNS", f->host);
	case TLS_F_ADDRESS:
		return err_text(
			e, -EBADMSG,
			"%s: certificate \"%s\" is not for this address: use the name it was made "
			"for, or make one with subjectAltName IP:%s",
			f->host, f->subject, f->host);
	case TLS_F_TRUST_FILE:
		return err_set(e, f->trust_code, "read the CA certificates");
	case TLS_F_NAME:
		return err_text(e, -EBADMSG,
				"%s: certificate \"%s\" is for another host: use the name it was "
				"made for, or make one with subjectAltName DNS:%s",
				f->host, f->subject, f->host);
	case TLS_F_VALIDITY:
		return validity(f, ret_class, e);
	case TLS_F_NOT_CA:
		return err_text(e, -EBADMSG, "%s: \"%s\" may not issue certificates, but did",
				f->host, f->subject);
	case TLS_F_ORDER:
		return err_text(e, -EBADMSG,
				"%s: the server sends its certificates in the wrong order, or not "
				"those of the issuer: expected \"%s\"",
				f->host, f->issuer);
	case TLS_F_OTHER:
		return err_text(e, -EBADMSG,
				"%s: certificate \"%s\" is not valid (TLS library's error %d)",
				f->host, f->subject, f->native_code);
	case TLS_F_NOT_TRUSTED:
	case TLS_F_NONE:
	case TLS_F_PURPOSE:
	case TLS_F_METHOD:
	case TLS_F_WEAK_KEY:
	case TLS_F_SIGNATURE:
	case TLS_F_EXTENSION:
		break;
	}
	return not_trusted(f, e);
}

const char *tls_hint(enum tls_own own)
{
	switch (own) {
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

int tls_explain_alert(const struct tls_facts *f, int number, struct err *e)
{
	if (f->own != TLS_OWN_NOT_ASKED &&
	    (number == 40 || (number >= 42 && number <= 49) || number == 116))
		return err_text(e, -EACCES, "%s refused the TLS handshake (alert %d): %s", f->host,
				number, tls_hint(f->own));
	switch (number) {
	case 70: /* protocol_version */
		return err_text(e, -EPROTONOSUPPORT,
				"%s offers only TLS 1.3 (or only versions before 1.2), this build "
				"speaks TLS 1.2: allow TLS 1.2 on the server, or build with "
				"CONFIG_TLS_MBEDTLS",
				f->host);
	case 40: /* handshake_failure */
		return err_text(e, -EPROTONOSUPPORT,
				"%s has no cipher suite in common with this device: allow ECDHE "
				"with AES-GCM or ChaCha20 on the server",
				f->host);
	case 112: /* unrecognized_name */
		return err_text(e, -EBADMSG, "%s does not serve this name", f->host);
	default:
		return err_text(e, -EBADMSG, "%s refused the TLS handshake (alert %d)", f->host,
				number);
	}
}

int tls_explain_not_tls(const struct tls_facts *f, struct err *e)
{
	return err_text(
		e, -EPROTONOSUPPORT,
		"%s does not speak TLS on this port: serve it by TLS, or allow plain HTTP by a file "
		"certs.d/%s/plain-http",
		f->host, f->trust->registry);
}
