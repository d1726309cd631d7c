/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <bearssl.h>

/*
 * AES in counter mode and GHASH by the ARMv8 Cryptographic Extension, in the form that BearSSL takes
 * (it has such code for x86 and POWER only). Only when cpu_has(CPU_AES).
 */
#if CONFIG_AARCH64
#define AES_ARM 1
extern const br_block_ctr_class aes_arm_ctr;

/** aes_arm_ghash() - as br_ghash. Spec: NIST SP 800-38D, 6.4 */
void aes_arm_ghash(void *y, const void *h, const void *data, size_t len);
#else
/* vectors of 32-bit ARM lack the reversal of bits that GHASH here stands on; ChaCha20 is preferred there */
#define AES_ARM	      0
#define aes_arm_ctr   br_aes_ct_ctr_vtable
#define aes_arm_ghash br_ghash_ctmul32
#endif
