/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "tls/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void inside(struct der part, const uint8_t *data, size_t len)
{
	if (part.p && (part.p < data || part.len > len || part.p + part.len > data + len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct der in = {data, len}, list;
	struct key k;

	if (key_parse(data, len, &k) == 0) {
		inside(k.kind == KEY_RSA ? k.iq : k.secret, data, len);
		inside(k.modulus, data, len);
	}
	if (der_take_tag(&in, TAG_SEQUENCE, &list) && key_parse_public(list, &k) == 0)
		inside(k.kind == KEY_RSA ? k.exponent : k.point, data, len);
	return 0;
}
