/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256. A layer's bytes are hashed twice, so this is one of three loops that decide how long a pull takes. */
#include "base/sha256.h"

#include <string.h>

#include "base/cpu.h"
#include "base/digest.h"

/* the program is built for size; here speed is worth some hundred bytes */
#if defined(__clang__)
#define FAST
#else
#define FAST __attribute__((optimize("O2")))
#endif

const uint32_t sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static uint32_t load_be(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

FAST void sha256_blocks_portable(uint32_t state[8], const uint8_t *data, size_t n)
{
	uint32_t w[64], v[8];

	for (; n; n--, data += SHA256_BLOCK) {
		for (int t = 0; t < 16; t++)
			w[t] = load_be(data + 4 * t);
		for (int t = 16; t < 64; t++) {
			uint32_t a = w[t - 15], b = w[t - 2];

			w[t] = w[t - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[t - 7] +
			       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
		}
		memcpy(v, state, sizeof(v));
		for (int t = 0; t < 64; t += 8) {
			/* unrolled, the eight variables change places without being moved */
#pragma GCC unroll 8
			for (int i = 0; i < 8; i++) {
				uint32_t a = v[(8 - i) & 7], b = v[(9 - i) & 7],
					 c = v[(10 - i) & 7];
				uint32_t e = v[(12 - i) & 7], f = v[(13 - i) & 7],
					 g = v[(14 - i) & 7];
				uint32_t t1 = v[(15 - i) & 7] + sha256_k[t + i] + w[t + i] +
					      (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
					      (g ^ (e & (f ^ g)));

				v[(11 - i) & 7] += t1;
				v[(15 - i) & 7] = t1 +
						  (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
						  ((a & b) | (c & (a | b)));
			}
		}
		for (int i = 0; i < 8; i++)
			state[i] += v[i];
	}
}

void sha256_blocks(uint32_t state[8], const uint8_t *data, size_t n)
{
	if (cpu_has(CPU_SHA256))
		sha256_blocks_cpu(state, data, n);
	else
		sha256_blocks_portable(state, data, n);
}

void sha256_init(struct sha256 *h)
{
	static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(h->state, start, sizeof(start));
	h->len = 0;
}

void sha256_update(struct sha256 *h, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t used = h->len % SHA256_BLOCK;

	h->len += len;
	if (used) {
		size_t n = SHA256_BLOCK - used < len ? SHA256_BLOCK - used : len;

		memcpy(h->block + used, p, n);
		if (used + n < SHA256_BLOCK)
			return;
		sha256_blocks(h->state, h->block, 1);
		p += n;
		len -= n;
	}
	if (len >= SHA256_BLOCK)
		sha256_blocks(h->state, p, len / SHA256_BLOCK);
	if (len % SHA256_BLOCK)
		memcpy(h->block, p + len / SHA256_BLOCK * SHA256_BLOCK, len % SHA256_BLOCK);
}

void sha256_final(const struct sha256 *h, struct digest *ret_digest)
{
	struct sha256 last = *h;
	size_t used = h->len % SHA256_BLOCK;
	uint8_t end[8];

	last.block[used++] = 0x80;
	memset(last.block + used, 0, SHA256_BLOCK - used);
	if (used > SHA256_BLOCK - sizeof(end)) {
		sha256_blocks(last.state, last.block, 1);
		memset(last.block, 0, SHA256_BLOCK);
	}
	for (size_t i = 0; i < sizeof(end); i++)
		end[i] = (uint8_t)(h->len << 3 >> (56 - 8 * i));
	memcpy(last.block + SHA256_BLOCK - sizeof(end), end, sizeof(end));
	sha256_blocks(last.state, last.block, 1);
	for (size_t i = 0; i < DIGEST_LEN; i++)
		ret_digest->b[i] = (uint8_t)(last.state[i / 4] >> (24 - 8 * (i % 4)));
}
