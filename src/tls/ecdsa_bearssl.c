/* SPDX-License-Identifier: Apache-2.0 */
#include <bearssl.h>
#include <string.h>

#include "tls/ecdsa.h"

/* A key has one encoding: this in front of its point. Spec: RFC 5480, 2.1.1 */
static const struct {
	uint8_t len, head[26];
	uint8_t point, curve;
	const br_hash_class *hash;
} curves[] = {
	{26,
	 {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	  0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00},
	 65,
	 BR_EC_secp256r1,
	 &br_sha256_vtable},
	{23,
	 {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
	  0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00},
	 97,
	 BR_EC_secp384r1,
	 &br_sha384_vtable},
	{25,
	 {0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
	  0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00},
	 133,
	 BR_EC_secp521r1,
	 &br_sha512_vtable},
};

bool ecdsa_key(struct ecdsa_key *ret_key, const uint8_t *der, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
		size_t head = curves[i].len;

		if (len != head + curves[i].point || memcmp(der, curves[i].head, head) != 0 ||
		    der[head] != 4)
			continue;
		ret_key->curve = (unsigned int)i;
		ret_key->len = curves[i].point;
		memcpy(ret_key->point, der + head, ret_key->len);
		return true;
	}
	return false;
}

static bool verify_with(const br_hash_class *hash, const struct ecdsa_key *key,
			const struct span *parts, size_t n, const uint8_t *signature, size_t len)
{
	br_ec_public_key pk = {.curve = curves[key->curve].curve,
			       .q = (unsigned char *)(uintptr_t)key->point,
			       .qlen = key->len};
	uint8_t digest[br_sha512_SIZE];
	br_hash_compat_context h;

	hash->init(&h.vtable);
	for (size_t i = 0; i < n; i++)
		hash->update(&h.vtable, parts[i].p, parts[i].len);
	hash->out(&h.vtable, digest);
	return br_ecdsa_vrfy_asn1_get_default()(br_ec_get_default(), digest,
						hash->desc >> BR_HASHDESC_OUT_OFF &
							BR_HASHDESC_OUT_MASK,
						&pk, signature, len) == 1;
}

bool ecdsa_verify(const struct ecdsa_key *key, const struct span *parts, size_t n,
		  const uint8_t *signature, size_t len)
{
	const br_hash_class *own = curves[key->curve].hash;

	return verify_with(&br_sha256_vtable, key, parts, n, signature, len) ||
	       (own != &br_sha256_vtable && verify_with(own, key, parts, n, signature, len));
}
