/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <bearssl.h>
#include <errno.h>
#include <string.h>

#include "base/hex.h"

_Static_assert(sizeof(br_sha256_context) <= sizeof(struct sha256), "struct sha256 is too small");

int digest_parse(struct span s, struct digest *ret_digest)
{
	struct digest d;
	struct span algorithm, digits;
	bool found;
	int r;

	algorithm = span_cut(s, ':', &digits, &found);
	if (!found)
		return -EINVAL;
	if (!span_eq(algorithm, "sha256"))
		return span_eq(algorithm, "sha512") ? -EPROTONOSUPPORT : -EINVAL;
	r = hex_decode(d.b, sizeof(d.b), digits);
	if (r == 0)
		*ret_digest = d;
	return r;
}

char *digest_hex(char dst[static DIGEST_HEX_LEN + 1], const struct digest *d)
{
	hex_encode(dst, d->b, sizeof(d->b));
	return dst;
}

char *digest_text(char dst[static DIGEST_TEXT_CAP], const struct digest *d)
{
	memcpy(dst, "sha256:", 7);
	digest_hex(dst + 7, d);
	return dst;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

void sha256_init(struct sha256 *h)
{
	br_sha256_init((br_sha256_context *)(void *)h);
}

void sha256_update(struct sha256 *h, const void *data, size_t len)
{
	br_sha256_update((br_sha256_context *)(void *)h, data, len);
}

void sha256_final(const struct sha256 *h, struct digest *ret_digest)
{
	br_sha256_out((const br_sha256_context *)(const void *)h, ret_digest->b);
}
