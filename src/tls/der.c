/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over DER with definite lengths. Everything is a slice of the input; nothing is copied. */
#include "tls/der.h"

#include <string.h>

bool der_eq(struct der a, struct der b)
{
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

int der_take(struct der *in, struct der *ret_content)
{
	size_t n, head = 2;
	int tag;

	if (in->len < 2 || (in->p[0] & 0x1f) == 0x1f)
		return -1;
	tag = in->p[0];
	n = in->p[1];
	if (n & 0x80) {
		size_t bytes = n & 0x7f;

		if (bytes == 0 || bytes > 3 || in->len < 2 + bytes)
			return -1;
		n = 0;
		for (size_t i = 0; i < bytes; i++)
			n = n << 8 | in->p[2 + i];
		head += bytes;
	}
	if (n > in->len - head)
		return -1;
	*ret_content = (struct der){in->p + head, n};
	in->p += head + n;
	in->len -= head + n;
	return tag;
}

bool der_take_tag(struct der *in, int tag, struct der *ret_content)
{
	return der_take(in, ret_content) == tag;
}
