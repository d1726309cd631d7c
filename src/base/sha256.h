/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK 64

/** sha256_k - the round constants. Spec: FIPS 180-4, 4.2.2 */
extern const uint32_t sha256_k[64];

/**
 * sha256_blocks() - run the compression function over @n blocks of 64 bytes, with the processor's own
 * instructions where it has them. Spec: FIPS 180-4, 6.2.2
 */
void sha256_blocks(uint32_t state[8], const uint8_t *data, size_t n);

/** sha256_blocks_portable() - the same in C; sha256_blocks_cpu() - only when cpu_has(CPU_SHA256) */
void sha256_blocks_portable(uint32_t state[8], const uint8_t *data, size_t n);
#if CONFIG_X86_64 || CONFIG_AARCH64 || CONFIG_ARMV7
void sha256_blocks_cpu(uint32_t state[8], const uint8_t *data, size_t n);
#else
static inline void sha256_blocks_cpu(uint32_t state[8], const uint8_t *data, size_t n)
{
	sha256_blocks_portable(state, data, n);
}
#endif
