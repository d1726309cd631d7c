/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 by the SHA extensions. The instructions want the eight variables as (A B E F) and
 * (C D G H), each from the highest lane down; one of them does two rounds.
 */
#include <immintrin.h>

#include "base/sha256.h"

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

/* the next four words of the schedule from the sixteen before: w[t] = f(w[t-16], w[t-15], w[t-7], w[t-2]) */
TARGET static inline __m128i schedule(__m128i m0, __m128i m1, __m128i m2, __m128i m3)
{
	__m128i x = _mm_add_epi32(_mm_sha256msg1_epu32(m0, m1), _mm_alignr_epi8(m3, m2, 4));

	return _mm_sha256msg2_epu32(x, m3);
}

TARGET void sha256_blocks_cpu(uint32_t state[8], const uint8_t *data, size_t n)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	const __m128i *k = (const __m128i *)(const void *)sha256_k;
	__m128i *s = (__m128i *)(void *)state;
	__m128i dcba = _mm_loadu_si128(s), hgfe = _mm_loadu_si128(s + 1);
	__m128i cdab = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
	__m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);

	for (; n; n--, data += SHA256_BLOCK) {
		__m128i abef_before = abef, cdgh_before = cdgh, m[4];

		for (int i = 0; i < 4; i++)
			m[i] = _mm_shuffle_epi8(
				_mm_loadu_si128((const __m128i *)(const void *)data + i), swap);
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			__m128i wk = _mm_add_epi32(m[i & 3], _mm_loadu_si128(k + i));

			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));
			if (i < 12)
				m[i & 3] = schedule(m[i & 3], m[(i + 1) & 3], m[(i + 2) & 3],
						    m[(i + 3) & 3]);
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	cdab = _mm_shuffle_epi32(abef, 0x1b); /* from the lowest lane up: A B E F */
	efgh = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128(s, _mm_blend_epi16(cdab, efgh, 0xf0));
	_mm_storeu_si128(s + 1, _mm_alignr_epi8(efgh, cdab, 8));
}
