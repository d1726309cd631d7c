/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

void base64_encode(struct buf *b, const void *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		unsigned int v = 0;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < n ? s[i + k] : 0U);
		buf_putc(b, digits[v >> 18]);
		buf_putc(b, digits[v >> 12 & 63]);
		buf_putc(b, n > 1 ? digits[v >> 6 & 63] : '=');
		buf_putc(b, n > 2 ? digits[v & 63] : '=');
	}
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

void base64_decode(struct base64 *b, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		int v = sextet(text.p[i]);

		if (text.p[i] == '=') {
			b->padded = true;
			continue;
		}
		if (v < 0 || b->padded) {
			b->bad = true;
			return;
		}
		b->bits = b->bits << 6 | (uint32_t)v;
		b->n_bits += 6;
		if (b->n_bits < 8)
			continue;
		b->n_bits -= 8;
		if (b->len == b->cap) {
			b->bad = true;
			return;
		}
		b->dst[b->len++] = (uint8_t)(b->bits >> b->n_bits);
	}
}
