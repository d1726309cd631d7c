/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by the ARMv8 Cryptographic Extension, in a 64-bit program and in a 32-bit one. */
#include "base/sha256.h"

#if defined(__arm__)
/* arm_neon.h offers only what the whole file is compiled for */
#pragma GCC target("arch=armv8-a+crypto")
#endif
#include <arm_neon.h>

#if defined(__aarch64__)
#define TARGET __attribute__((target("+crypto")))
#else
#define TARGET
#endif

TARGET void sha256_blocks_cpu(uint32_t state[8], const uint8_t *data, size_t n)
{
	uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);

	for (; n; n--, data += SHA256_BLOCK) {
		uint32x4_t abcd_before = abcd, efgh_before = efgh, m[4];

		for (int i = 0; i < 4; i++)
			m[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			uint32x4_t wk = vaddq_u32(m[i & 3], vld1q_u32(sha256_k + 4 * i));
			uint32x4_t abcd_last = abcd;

			abcd = vsha256hq_u32(abcd, efgh, wk);
			efgh = vsha256h2q_u32(efgh, abcd_last, wk);
			if (i < 12)
				m[i & 3] =
					vsha256su1q_u32(vsha256su0q_u32(m[i & 3], m[(i + 1) & 3]),
							m[(i + 2) & 3], m[(i + 3) & 3]);
		}
		abcd = vaddq_u32(abcd, abcd_before);
		efgh = vaddq_u32(efgh, efgh_before);
	}
	vst1q_u32(state, abcd);
	vst1q_u32(state + 4, efgh);
}
