/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Signatures of ECDSA, by the TLS library. */

#define ECDSA_POINT_MAX	    133 /* of P-521, uncompressed */
#define ECDSA_DER_MAX	    192 /* a public key of P-521 has 158 bytes */
#define ECDSA_SIGNATURE_MAX 192 /* of P-521: 139 */

struct ecdsa_key {
	unsigned int curve; /* as the library counts */
	size_t len;
	uint8_t point[ECDSA_POINT_MAX];
};

/** ecdsa_key() - take a SubjectPublicKeyInfo apart. Return: false if it is none of P-256, P-384, P-521. Spec: RFC 5480 */
bool ecdsa_key(struct ecdsa_key *ret_key, const uint8_t *der, size_t len);

/**
 * ecdsa_verify() - is @signature (ASN.1) by @key over all @parts, one after another?
 *
 * Hashed with SHA-256, which cosign takes for every key, or with the hash of the curve's size.
 * Spec: FIPS 186-4; RFC 3279, 2.2.3.
 */
bool ecdsa_verify(const struct ecdsa_key *key, const struct span *parts, size_t n,
		  const uint8_t *signature, size_t len);
