/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine runs, asked of the hardware and the kernel and not of configuration. */
#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

static char linux_os[] = "linux";

#if defined(__x86_64__)
#include <cpuid.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "sys/fd.h"

/* processor features of a micro-architecture level; Spec: x86-64 psABI, table 3.1 */
static const struct {
	uint32_t leaf1_ecx, leaf7_ebx, extended_ecx, states; /* states: bits of XCR0 */
} levels[] = {
	/* v2: SSE3 SSSE3 CMPXCHG16B SSE4.1 SSE4.2 POPCNT; LAHF */
	{1 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23, 0, 1, 0},
	/* v3: FMA MOVBE OSXSAVE AVX F16C; BMI1 AVX2 BMI2; LZCNT */
	{1 << 12 | 1 << 22 | 1 << 27 | 1 << 28 | 1 << 29, 1 << 3 | 1 << 5 | 1 << 8, 1 << 5, 6},
	/* v4: AVX512 F DQ CD BW VL */
	{0, 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31, 0, 0xe6},
};

/* which register states the kernel saves: without that, a feature of the processor is none */
static uint32_t saved_states(uint32_t leaf1_ecx)
{
	uint32_t low = 0, high = 0;

	if (leaf1_ecx & 1 << 27)
		__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

static char *variant(void)
{
	static char names[][3] = {"v2", "v3", "v4"};
	uint32_t a, b, c1 = 0, c, d, b7 = 0, extended = 0, states;
	char *best = NULL;

	__get_cpuid(1, &a, &b, &c1, &d);
	__get_cpuid_count(7, 0, &a, &b7, &c, &d);
	__get_cpuid(0x80000001, &a, &b, &extended, &d);
	states = saved_states(c1);
	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		if ((c1 & levels[i].leaf1_ecx) != levels[i].leaf1_ecx ||
		    (b7 & levels[i].leaf7_ebx) != levels[i].leaf7_ebx ||
		    (extended & levels[i].extended_ecx) != levels[i].extended_ecx ||
		    (states & levels[i].states) != levels[i].states)
			break;
		best = names[i];
	}
	return best;
}

/* the kernel has this file where it runs 32-bit programs */
static bool compat(void)
{
	struct stat st;

	return sys_statat(AT_FDCWD, "/proc/sys/abi/vsyscall32", &st, 0) == 0;
}

#define ARCH "amd64"
#elif defined(__aarch64__)
#include <sys/personality.h>

#include "sys/cred.h"

/* v8.1 and above are optional features one by one, which no image index names */
static char *variant(void)
{
	return NULL;
}

/* many newer processors have no 32-bit state; the kernel says so here */
static bool compat(void)
{
	int before = sys_set_personality(0xffffffff);

	return before >= 0 && sys_set_personality(PER_LINUX32) >= 0 &&
	       sys_set_personality((unsigned long)before) >= 0;
}

#define ARCH "arm64"
#elif defined(__arm__)
#include <sys/auxv.h>

static char *variant(void)
{
	static char v6[] = "v6", v7[] = "v7", v8[] = "v8";
	const char *cpu = (const char *)getauxval(AT_PLATFORM); /* "v6l", "v7l", "v8l" */
	char level = cpu && cpu[0] == 'v' ? cpu[1] : '6';

	return level >= '8' ? v8 : level == '7' ? v7 : v6;
}

static bool compat(void)
{
	return false;
}

#define ARCH "arm"
#elif defined(__riscv)
static char *variant(void)
{
	return NULL;
}

static bool compat(void)
{
	return false;
}

#define ARCH "riscv64"
#else
#error "name this architecture as Go does (GOARCH)"
#endif

struct image_platform image_host_platform(void)
{
	static char arch[] = ARCH;

	return (struct image_platform){linux_os, arch, variant(), compat()};
}
