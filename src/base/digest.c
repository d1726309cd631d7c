/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <errno.h>
#include <string.h>

#include "base/hex.h"

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
