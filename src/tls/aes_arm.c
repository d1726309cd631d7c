/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/aes_arm.h"

#include <arm_neon.h>
#include <string.h>

#define TARGET	   __attribute__((target("+crypto")))
#define BLOCK	   16
#define AT_ONCE	   4 /* blocks: an AES instruction may start before the last has ended */
#define MAX_ROUNDS 14

struct keys {
	const br_block_ctr_class *vtable; /* first: BearSSL calls by it */
	unsigned int rounds;
	uint32_t w[4 * (MAX_ROUNDS + 1)];
};

_Static_assert(sizeof(struct keys) <= sizeof(br_aes_gen_ctr_keys), "BearSSL leaves no room");

/* the S-box on four bytes: AESE also shifts rows, which changes nothing where all columns are the same */
TARGET static uint32_t substitute(uint32_t w)
{
	uint8x16_t s = vaeseq_u8(vreinterpretq_u8_u32(vdupq_n_u32(w)), vdupq_n_u8(0));

	return vgetq_lane_u32(vreinterpretq_u32_u8(s), 0);
}

/* FIPS 197, 5.2, with words as they lie in memory */
static void init(const br_block_ctr_class **ctx, const void *key, size_t len)
{
	struct keys *k = (struct keys *)(void *)ctx;
	unsigned int n = (unsigned int)len / 4, constant = 1;

	k->vtable = &aes_arm_ctr;
	k->rounds = n + 6;
	memcpy(k->w, key, len);
	for (unsigned int i = n; i < 4 * (k->rounds + 1); i++) {
		uint32_t t = k->w[i - 1];

		if (i % n == 0) {
			t = substitute(t);
			t = (t >> 8 | t << 24) ^ constant;
			constant = constant << 1 ^ (constant & 0x80 ? 0x11b : 0);
		} else if (n > 6 && i % n == 4) {
			t = substitute(t);
		}
		k->w[i] = k->w[i - n] ^ t;
	}
}

/* the key stream of AT_ONCE counters from @cc on */
TARGET static void stream(const struct keys *k, const uint8_t iv[12], uint32_t cc,
			  uint8x16_t b[AT_ONCE])
{
	const uint8_t *w = (const uint8_t *)k->w;
	uint8x16_t round;

	for (uint32_t i = 0; i < AT_ONCE; i++) {
		uint32_t last = __builtin_bswap32(cc + i);
		uint8_t block[BLOCK];

		memcpy(block, iv, 12);
		memcpy(block + 12, &last, sizeof(last));
		b[i] = vld1q_u8(block);
	}
	for (unsigned int r = 0; r < k->rounds - 1; r++) {
		round = vld1q_u8(w + BLOCK * r);
		for (int i = 0; i < AT_ONCE; i++)
			b[i] = vaesmcq_u8(vaeseq_u8(b[i], round));
	}
	round = vld1q_u8(w + BLOCK * (k->rounds - 1));
	for (int i = 0; i < AT_ONCE; i++)
		b[i] = veorq_u8(vaeseq_u8(b[i], round), vld1q_u8(w + BLOCK * k->rounds));
}

TARGET static uint32_t run(const br_block_ctr_class *const *ctx, const void *iv, uint32_t cc,
			   void *data, size_t len)
{
	const struct keys *k = (const struct keys *)(const void *)ctx;
	uint8_t *p = data, rest[BLOCK * AT_ONCE];
	uint8x16_t b[AT_ONCE];

	for (; len >= sizeof(rest); len -= sizeof(rest), p += sizeof(rest), cc += AT_ONCE) {
		stream(k, iv, cc, b);
		for (int i = 0; i < AT_ONCE; i++)
			vst1q_u8(p + BLOCK * i, veorq_u8(vld1q_u8(p + BLOCK * i), b[i]));
	}
	if (!len)
		return cc;
	stream(k, iv, cc, b);
	for (int i = 0; i < AT_ONCE; i++)
		vst1q_u8(rest + BLOCK * i, b[i]);
	for (size_t i = 0; i < len; i++)
		p[i] ^= rest[i];
	return cc + (uint32_t)(len / BLOCK);
}

const br_block_ctr_class aes_arm_ctr = {sizeof(struct keys), BLOCK, 4, init, run};

TARGET static uint64x2_t multiply(uint64_t a, uint64_t b)
{
	return vreinterpretq_u64_p128(vmull_p64((poly64_t)a, (poly64_t)b));
}

/*
 * a * b modulo x^128 + x^7 + x^2 + x + 1. GCM numbers the bits of a byte from the other end; with the
 * bits of each byte reversed, bit i of the 128 is the coefficient of x^i.
 */
TARGET static uint64x2_t field_multiply(uint64x2_t a, uint64x2_t b)
{
	uint64x2_t low = multiply(a[0], b[0]), high = multiply(a[1], b[1]);
	uint64x2_t middle = veorq_u64(multiply(a[0], b[1]), multiply(a[1], b[0]));
	uint64_t r1 = low[1] ^ middle[0], r2 = high[0] ^ middle[1];
	uint64x2_t fold = multiply(high[1], 0x87);

	r1 ^= fold[0];
	r2 ^= fold[1];
	fold = multiply(r2, 0x87);
	return (uint64x2_t){low[0] ^ fold[0], r1 ^ fold[1]};
}

TARGET static uint64x2_t load_reversed(const void *p)
{
	return vreinterpretq_u64_u8(vrbitq_u8(vld1q_u8(p)));
}

TARGET void aes_arm_ghash(void *y, const void *h, const void *data, size_t len)
{
	uint64x2_t key = load_reversed(h), sum = load_reversed(y);
	const uint8_t *p = data;

	for (; len >= BLOCK; len -= BLOCK, p += BLOCK)
		sum = field_multiply(veorq_u64(sum, load_reversed(p)), key);
	if (len) {
		uint8_t last[BLOCK] = {0};

		memcpy(last, p, len);
		sum = field_multiply(veorq_u64(sum, load_reversed(last)), key);
	}
	vst1q_u8(y, vrbitq_u8(vreinterpretq_u8_u64(sum)));
}
