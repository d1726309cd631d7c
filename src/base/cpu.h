/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/** enum cpu_feature - instructions that not every processor of the target's architecture has */
enum cpu_feature {
	CPU_SHA256,
	CPU_AES, /* with carry-less multiplication, which GCM needs as well */
};

/**
 * cpu_has() - may this process use these instructions?
 *
 * Asks once: on a virtual machine the question itself (CPUID) can cost more than a small hash. False
 * where cleat has no code for them.
 */
bool cpu_has(enum cpu_feature feature);
