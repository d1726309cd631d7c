/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys of certificates, private ones of client certificates. Whoever wipes the input has wiped the key. */
#include "tls/key.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

static const struct {
	uint8_t len;
	uint8_t oid[8];
	uint8_t curve;
} curves[] = {
	{8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, 23}, /* secp256r1 */
	{5, {0x2b, 0x81, 0x04, 0x00, 0x22}, 24},		   /* secp384r1 */
	{5, {0x2b, 0x81, 0x04, 0x00, 0x23}, 25},		   /* secp521r1 */
};

static const uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};

#define IS_OID(d, oid) ((d).len == sizeof(oid) && memcmp((d).p, oid, sizeof(oid)) == 0)

static int curve_of(struct der oid)
{
	for (size_t i = 0; i < ARRAY_LEN(curves); i++)
		if (oid.len == curves[i].len && memcmp(oid.p, curves[i].oid, oid.len) == 0)
			return curves[i].curve;
	return 0;
}

static bool take_number(struct der *in, struct der *ret)
{
	if (!der_take_tag(in, TAG_INTEGER, ret))
		return false;
	while (ret->len && !ret->p[0]) {
		ret->p++;
		ret->len--;
	}
	return ret->len > 0;
}

/* n, e */
static bool take_rsa_public(struct der *in, struct key *k)
{
	k->kind = KEY_RSA;
	return take_number(in, &k->modulus) && take_number(in, &k->exponent);
}

/* behind the version: n, e, d, p, q, dp, dq, iq */
static int take_rsa(struct der in, struct key *k)
{
	struct der skipped;

	return take_rsa_public(&in, k) && take_number(&in, &skipped) && take_number(&in, &k->p) &&
			       take_number(&in, &k->q) && take_number(&in, &k->dp) &&
			       take_number(&in, &k->dq) && take_number(&in, &k->iq)
		       ? 0
		       : -EBADMSG;
}

/* behind the version: the secret, [0] curve, [1] public key; @curve: from outside, 0 = not told */
static int take_ec(struct der in, int curve, struct key *k)
{
	struct der parameters, oid;

	k->kind = KEY_EC;
	k->curve = curve;
	if (!der_take_tag(&in, TAG_OCTETS, &k->secret) || !k->secret.len)
		return -EBADMSG;
	if (der_take_tag(&in, TAG_EC_CURVE, &parameters) &&
	    der_take_tag(&parameters, TAG_OID, &oid))
		k->curve = curve_of(oid);
	return k->curve ? 0 : -ENOTSUP;
}

/* behind the version: the algorithm, and the key itself in one of the other forms */
static int take_pkcs8(struct der in, struct key *k)
{
	struct der algorithm, oid, octets, inner, skipped;

	if (!der_take_tag(&in, TAG_SEQUENCE, &algorithm) ||
	    !der_take_tag(&algorithm, TAG_OID, &oid) || !der_take_tag(&in, TAG_OCTETS, &octets))
		return -EBADMSG;
	if (!IS_OID(oid, oid_rsa) && !IS_OID(oid, oid_ec))
		return -ENOTSUP;
	if (!der_take_tag(&octets, TAG_SEQUENCE, &inner) ||
	    !der_take_tag(&inner, TAG_INTEGER, &skipped))
		return -EBADMSG;
	if (IS_OID(oid, oid_rsa))
		return take_rsa(inner, k);
	return take_ec(inner, der_take_tag(&algorithm, TAG_OID, &oid) ? curve_of(oid) : 0, k);
}

int key_parse(const uint8_t *data, size_t len, struct key *ret_key)
{
	struct der in = {data, len}, outer, version, ahead, skipped;
	struct key k = {0};
	int r = -EBADMSG;

	if (!der_take_tag(&in, TAG_SEQUENCE, &outer) ||
	    !der_take_tag(&outer, TAG_INTEGER, &version))
		return r;
	ahead = outer;
	switch (der_take(&ahead, &skipped)) {
	case TAG_SEQUENCE:
		r = take_pkcs8(outer, &k);
		break;
	case TAG_INTEGER:
		r = take_rsa(outer, &k);
		break;
	case TAG_OCTETS:
		r = take_ec(outer, 0, &k);
		break;
	}
	if (r == 0)
		*ret_key = k;
	return r;
}

int key_parse_public(struct der spki, struct key *ret_key)
{
	struct der algorithm, kind, curve, bits, list;
	struct key k = {0};

	if (!der_take_tag(&spki, TAG_SEQUENCE, &algorithm) ||
	    !der_take_tag(&algorithm, TAG_OID, &kind) || !der_take_tag(&spki, TAG_BITS, &bits) ||
	    !bits.len || bits.p[0])
		return -EBADMSG;
	k.point = (struct der){bits.p + 1, bits.len - 1};
	if (IS_OID(kind, oid_rsa)) {
		bits = k.point;
		if (!der_take_tag(&bits, TAG_SEQUENCE, &list) || !take_rsa_public(&list, &k))
			return -EBADMSG;
	} else {
		k.kind = KEY_EC;
		if (!IS_OID(kind, oid_ec) || !der_take_tag(&algorithm, TAG_OID, &curve))
			return -ENOTSUP;
		k.curve = curve_of(curve);
		if (!k.curve)
			return -ENOTSUP;
	}
	*ret_key = k;
	return 0;
}
