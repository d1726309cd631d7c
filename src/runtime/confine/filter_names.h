/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/spec.h"

#define SECCOMP_ARCHS 20

/** struct seccomp_arch - an architecture that profiles name (runtime-spec, "Seccomp", architectures) */
struct seccomp_arch {
	const char *name;
	uint32_t audit; /* x32 is not an architecture to the kernel but a bit in the number */
	bool narrow;	/* arguments have 32 bits */
	/* name of a call to its number, negative if there is none; NULL where no kernel of this build's
	 * family runs the architecture, so that no call comes from it */
	int (*resolve)(const char *name);
};

extern const struct seccomp_arch seccomp_archs[SECCOMP_ARCHS];

/** seccomp_find_archs() - set @ret_wanted[k] for what @s names and for the native one. Return: 0; -EOPNOTSUPP */
int seccomp_find_archs(const struct oci_seccomp *s, bool *ret_wanted, struct err *e);

/** seccomp_find_flags() - SECCOMP_FILTER_FLAG_*, with a listener where @s has to have one. Return: 0; -EOPNOTSUPP */
int seccomp_find_flags(const struct oci_seccomp *s, unsigned int *ret, struct err *e);

/** seccomp_kernel_has() - whether this kernel knows one SECCOMP_FILTER_FLAG_* */
bool seccomp_kernel_has(unsigned int flag);

/** seccomp_lost_flag() - name of the first of @flags that this kernel lacks; NULL */
const char *seccomp_lost_flag(unsigned int flags);
