/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#define KNOWN (1U << 31)

#if defined(__x86_64__)
#include <cpuid.h>

static unsigned int probe(void)
{
	unsigned int a, b, c, d, f = 0;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
		return 0;
	if (c & bit_AES && c & bit_PCLMUL)
		f |= 1U << CPU_AES;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_SHA)
		f |= 1U << CPU_SHA256;
	return f;
}
#elif defined(__aarch64__) || defined(__arm__)
#include <sys/auxv.h>

/* arch/arm64 and arch/arm, uapi/asm/hwcap.h: a 32-bit process learns of ARMv8 by the second word */
#if defined(__aarch64__)
#define WORD  AT_HWCAP
#define AES   (1UL << 3)
#define PMULL (1UL << 4)
#define SHA2  (1UL << 6)
#else
#define WORD  AT_HWCAP2
#define AES   (1UL << 0)
#define PMULL (1UL << 1)
#define SHA2  (1UL << 3)
#endif

static unsigned int probe(void)
{
	unsigned long w = getauxval(WORD);
	unsigned int f = 0;

	if (w & AES && w & PMULL)
		f |= 1U << CPU_AES;
	if (w & SHA2)
		f |= 1U << CPU_SHA256;
	return f;
}
#else
static unsigned int probe(void)
{
	return 0;
}
#endif

bool cpu_has(enum cpu_feature feature)
{
	static unsigned int known;

	if (!known)
		known = probe() | KNOWN;
	return known & 1U << feature;
}
