/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions before a profile's program: calls newer than the profile answer ENOSYS. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>

#include "base/str.h"
#include "runtime/confine/filter.h"

#define X32_BIT	    0x40000000U
#define ARM_PRIVATE 0x000f0000U /* __ARM_NR_BASE */

/** struct table - one table of system calls of the kernel, in two halves that are counted apart */
struct table {
	uint32_t audit_arch, split; /* second half: from this number on */
	uint32_t last[2]; /* highest number that is named; UINT32_MAX: none is, nothing is newer */
};

/* x32 is not an architecture to the kernel but a bit in the number. */
static bool is_other_half(uint32_t arch)
{
	return arch == SCMP_ARCH_X32;
}

static uint32_t audit_arch(uint32_t arch)
{
	return arch == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : arch;
}

static uint32_t last_named(const struct oci_seccomp *s, uint32_t arch, uint32_t below)
{
	uint32_t last = UINT32_MAX;

	for (size_t i = 0; i < s->n_rules; i++) {
		for (size_t j = 0; j < s->rules[i].names.n; j++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, s->rules[i].names.v[j]);

			/* negative: unknown, or a call that the kernel has under another name only */
			if (nr >= 0 && (uint32_t)nr < below &&
			    (last == UINT32_MAX || (uint32_t)nr > last))
				last = (uint32_t)nr;
		}
	}
	return last;
}

static size_t find_tables(const struct oci_seccomp *s, const uint32_t *archs, size_t n_archs,
			  struct table *t, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < n_archs; i++) {
		uint32_t audit = audit_arch(archs[i]), split = UINT32_MAX;
		size_t at = 0;

		if (audit == SCMP_ARCH_X86_64)
			split = X32_BIT;
		else if (audit == SCMP_ARCH_ARM)
			split = ARM_PRIVATE;
		while (at < n && t[at].audit_arch != audit)
			at++;
		if (at == cap)
			continue;
		if (at == n)
			t[n++] = (struct table){audit, split, {UINT32_MAX, UINT32_MAX}};
		t[at].last[is_other_half(archs[i])] =
			last_named(s, archs[i], is_other_half(archs[i]) ? UINT32_MAX : split);
	}
	return n;
}

size_t filter_newer(const struct oci_seccomp *s, const uint32_t *archs, size_t n_archs,
		    struct sock_filter *out)
{
	struct table t[8];
	size_t n_tables, n = 0, len;

	/* what goes on by itself, or is answered by a tracer, needs no help */
	if (s->default_action == OCI_SECCOMP_ALLOW || s->default_action == OCI_SECCOMP_LOG ||
	    s->default_action == OCI_SECCOMP_TRACE)
		return 0;
	n_tables = find_tables(s, archs, n_archs, t, ARRAY_LEN(t));
	len = 1 + 7 * n_tables;
	out[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < n_tables; i++) {
		const struct sock_filter section[7] = {
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, t[i].audit_arch, 0, 6),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, t[i].split, 1, 0),
			BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, t[i].last[0], 1, 2),
			BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, t[i].last[1], 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
			BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(len - n - 7)),
		};

		for (size_t j = 0; j < ARRAY_LEN(section); j++)
			out[n++] = section[j];
	}
	return n;
}
