/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tls/der.h"

enum key_kind { KEY_RSA, KEY_EC };

/** struct key - where the parts of a public or private key are */
struct key {
	enum key_kind kind;
	/* RSA: big-endian, without zeros in front */
	struct der modulus, exponent, p, q, dp, dq, iq;
	/* EC: the point or the secret, and on which curve, as TLS numbers it (RFC 8422, 5.1.1) */
	struct der point, secret;
	int curve;
};

/**
 * key_parse_public() - a certificate's subjectPublicKeyInfo
 *
 * Return: 0; -EBADMSG malformed; -ENOTSUP a kind or curve that TLS here does not have. Spec: RFC 3279, 2.3; RFC 5480, 2.
 */
int key_parse_public(struct der spki, struct key *ret_key);

/**
 * key_parse() - a private key as PKCS#1, SEC 1 or PKCS#8 has it
 *
 * Which of them it is says the content, not the label of the PEM block: people rename both.
 *
 * Return: 0; -EBADMSG malformed; -ENOTSUP a kind or curve that TLS here does not have.
 * Spec: RFC 8017, A.1.2; RFC 5915, 3; RFC 5958, 2.
 */
int key_parse(const uint8_t *data, size_t len, struct key *ret_key);
