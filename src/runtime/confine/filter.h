/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "oci/spec.h"

#define FILTER_MAX_INSNS 4096 /* BPF_MAXINSNS */

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/** struct filter_program - a compiled profile; n = 0: none */
struct filter_program {
	struct sock_filter insn[FILTER_MAX_INSNS];
	size_t n;
	unsigned int
		flags; /* SECCOMP_FILTER_FLAG_*; with NEW_LISTENER somebody is to be notified */
	bool sent;     /* the listener has to be, instead of fetched: runtime/notify.h */
};

/**
 * filter_compile() - profile to program; none if there is none
 *
 * Names of system calls that this architecture lacks are skipped, as all runtimes do. Several
 * conditions on one argument are alternatives, as in runc and crun. Where the default is to fail, a call
 * with a number above all that the profile names is newer than the profile: it answers ENOSYS,
 * as in runc. SCMP_ACT_NOTIFY is refused for write and as default (see runtime/notify.h).
 *
 * Return: 0; -EOPNOTSUPP unknown architecture or flag; -E2BIG; -EINVAL.
 */
int filter_compile(const struct oci_seccomp *s, struct filter_program *ret, struct err *e);

/** filter_check() - only the flags, and what they forbid: will somebody have to be notified? n becomes 0 */
int filter_check(const struct oci_seccomp *s, struct filter_program *ret, struct err *e);

/**
 * filter_load() - from now on
 * @ret_listener: the descriptor of SCMP_ACT_NOTIFY, or -1
 *
 * Return: 0; -EOPNOTSUPP a flag that this kernel lacks, by name; -errno.
 */
int filter_load(const struct filter_program *p, int *ret_listener, struct err *e);

/** filter_arch_name()/filter_flag_name() - what is understood, NULL behind the last one */
const char *filter_arch_name(size_t i);
const char *filter_flag_name(size_t i, bool *ret_kernel_has);
