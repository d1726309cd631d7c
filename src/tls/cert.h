/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/der.h"

/**
 * struct cert - where the parts of an X.509 certificate are
 *
 * For finding authorities, matching addresses and explaining refusals. It decides nothing about
 * signatures: that is the TLS library's.
 */
struct cert {
	struct der issuer, subject; /* Name, with tag and length */
	struct der spki;	    /* content of subjectPublicKeyInfo, for key_parse_public() */
	struct der alt_names;	    /* content of subjectAltName, NULL if there is none */
	int64_t not_before_s, not_after_s;
	bool is_ca;	     /* basicConstraints says so */
	bool forbids_server; /* extKeyUsage is there without serverAuth */
};

#define CERT_NAME_CAP 72

/** cert_parse() - Return: 0; -EBADMSG. Spec: RFC 5280, 4.1 */
int cert_parse(const uint8_t *data, size_t len, struct cert *ret_cert);

/** cert_has_address() - is the 4 or 16 byte address among the alternative names? */
bool cert_has_address(const struct cert *c, const uint8_t *ip, size_t ip_len);

/** cert_name_text() - common name or organisation, printable ASCII. Return: @dst */
char *cert_name_text(char dst[static CERT_NAME_CAP], struct der name);
