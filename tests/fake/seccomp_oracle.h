/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#include "runtime/confine/filter.h"

/*
 * What a profile says about one call, read straight from its rules, and what a program says, by an interpreter of
 * classic BPF that is as strict as the kernel's checker. Both are slow and short: they are there to be compared.
 */

/** bpf_run() - Return: the verdict; *ret_bad says why the kernel would not take the program, NULL if it would */
static inline uint32_t bpf_run(const struct filter_program *p, const struct seccomp_data *d,
			       const char **ret_bad)
{
	uint32_t acc = 0, mem[BPF_MEMWORDS] = {0};

	*ret_bad = NULL;
	for (size_t pc = 0; pc < p->n; pc++) {
		const struct sock_filter *i = &p->insn[pc];
		bool yes = false;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k % 4 || i->k > sizeof(*d) - 4) {
				*ret_bad = "load outside the data";
				return 0;
			}
			memcpy(&acc, (const char *)d + i->k, sizeof(acc));
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			acc &= i->k;
			continue;
		case BPF_ST:
			mem[i->k % BPF_MEMWORDS] = acc;
			continue;
		case BPF_LD | BPF_MEM:
			acc = mem[i->k % BPF_MEMWORDS];
			continue;
		case BPF_JMP | BPF_JA:
			if (i->k >= p->n - pc - 1) {
				*ret_bad = "jump behind the end";
				return 0;
			}
			pc += i->k;
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = acc == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = acc > i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = acc >= i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = acc & i->k;
			break;
		default:
			*ret_bad = "an instruction that nobody wrote";
			return 0;
		}
		if (i->jt >= p->n - pc - 1 || i->jf >= p->n - pc - 1) {
			*ret_bad = "jump behind the end";
			return 0;
		}
		pc += yes ? i->jt : i->jf;
	}
	*ret_bad = "the program has no end";
	return 0;
}

/* of libseccomp: as seccomp_syscall_resolve_name_arch(), but not turned into what is behind socketcall */
int x86_syscall_resolve_name(const char *name);

static const struct oracle_arch {
	const char *name;
	uint32_t audit, scmp;
	bool narrow;
} oracle_archs[] = {
#if defined(__x86_64__)
	{"SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64, false}, /* the first is our own */
	{"SCMP_ARCH_X86", AUDIT_ARCH_I386, SCMP_ARCH_X86, true},
	{"SCMP_ARCH_X32", AUDIT_ARCH_X86_64, SCMP_ARCH_X32, true},
#elif defined(__aarch64__)
	{"SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64, false},
	{"SCMP_ARCH_ARM", AUDIT_ARCH_ARM, SCMP_ARCH_ARM, true},
#elif defined(__arm__)
	{"SCMP_ARCH_ARM", AUDIT_ARCH_ARM, SCMP_ARCH_ARM, true},
	{"SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64, false},
#else
	{"SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64, SCMP_ARCH_RISCV64, false},
#endif
};
#define ORACLE_ARCHS (sizeof(oracle_archs) / sizeof(oracle_archs[0]))

static inline uint32_t oracle_action(enum oci_seccomp_action a, struct oci_num n)
{
	uint32_t number = (uint32_t)(n.set ? n.v : EPERM);

	return a == OCI_SECCOMP_ALLOW	       ? SECCOMP_RET_ALLOW
	       : a == OCI_SECCOMP_ERRNO	       ? SECCOMP_RET_ERRNO | number
	       : a == OCI_SECCOMP_TRACE	       ? SECCOMP_RET_TRACE | number
	       : a == OCI_SECCOMP_TRAP	       ? SECCOMP_RET_TRAP
	       : a == OCI_SECCOMP_LOG	       ? SECCOMP_RET_LOG
	       : a == OCI_SECCOMP_NOTIFY       ? SECCOMP_RET_USER_NOTIF
	       : a == OCI_SECCOMP_KILL_PROCESS ? SECCOMP_RET_KILL_PROCESS
					       : SECCOMP_RET_KILL_THREAD;
}

static inline bool oracle_wants(const struct oci_seccomp *s, const struct oracle_arch *a)
{
	bool wants = a == &oracle_archs[0];

	for (size_t i = 0; i < s->archs.n; i++)
		wants |= !strcmp(s->archs.v[i], a->name);
	return wants;
}

static inline bool oracle_condition(const struct oci_seccomp_arg *a, uint64_t v, bool narrow)
{
	uint64_t want = a->value, two = a->value_two, keep = narrow ? UINT32_MAX : UINT64_MAX;

	v &= keep;
	want &= keep;
	two &= keep;
	switch (a->op) {
	case OCI_SECCOMP_OP_NE:
		return v != want;
	case OCI_SECCOMP_OP_LT:
		return v < want;
	case OCI_SECCOMP_OP_LE:
		return v <= want;
	case OCI_SECCOMP_OP_EQ:
		return v == want;
	case OCI_SECCOMP_OP_GE:
		return v >= want;
	case OCI_SECCOMP_OP_GT:
		return v > want;
	case OCI_SECCOMP_OP_MASKED_EQ:
		return (v & want) == two;
	}
	return false;
}

static inline bool oracle_holds(const struct oci_seccomp_rule *r, const struct seccomp_data *d,
				bool narrow)
{
	bool all = true, one = false, any = false;
	unsigned int seen = 0;

	for (size_t i = 0; i < r->n_args; i++) {
		bool h = oracle_condition(&r->args[i], d->args[r->args[i].index], narrow);

		any |= seen >> r->args[i].index & 1;
		seen |= 1U << r->args[i].index;
		all &= h;
		one |= h;
	}
	return any ? one : all;
}

static inline int oracle_number(const struct oracle_arch *a, const char *name)
{
#if defined(__x86_64__)
	if (a->scmp == SCMP_ARCH_X86)
		return x86_syscall_resolve_name(name);
#endif
	return seccomp_syscall_resolve_name_arch(a->scmp, name);
}

/* Is it this rule's call by its second way in, socketcall (102) or ipc (117)? */
static inline bool oracle_multiplexed(const struct oracle_arch *a, const struct oci_seccomp_rule *r,
				      const char *name, const struct seccomp_data *d)
{
	int pseudo =
		a->scmp == SCMP_ARCH_X86 ? seccomp_syscall_resolve_name_arch(a->scmp, name) : 0;
	bool passes = r->action == OCI_SECCOMP_ALLOW || r->action == OCI_SECCOMP_LOG;

	if (r->n_args && passes)
		return false;
	if (d->nr == 102 && pseudo <= -101 && pseudo >= -120)
		return (uint32_t)d->args[0] == (uint32_t)(-100 - pseudo);
	if (d->nr == 117 && pseudo <= -201 && pseudo >= -224)
		return (uint32_t)d->args[0] == (uint32_t)(-200 - pseudo);
	return false;
}

/**
 * oracle() - the verdict of @s about one call
 *
 * Of the rules for a call the first without conditions counts, else the first that holds; a rule that says what the
 * default says is none. Else, where the default fails, what is above all names of the profile is ENOSYS.
 */
static inline uint32_t oracle(const struct oci_seccomp *s, const struct seccomp_data *d)
{
	uint32_t def = oracle_action(s->default_action, s->default_errno), found = def;
	bool x32 = d->arch == AUDIT_ARCH_X86_64 && (uint32_t)d->nr >= 0x40000000 && d->nr != -1;
	bool private_nr = d->arch == AUDIT_ARCH_ARM && (uint32_t)d->nr >= 0xf0000;
	const struct oracle_arch *a = NULL;
	bool has = false, named = false;
	uint32_t last = 0;

	for (size_t i = 0; i < ORACLE_ARCHS; i++)
		if (oracle_archs[i].audit == d->arch && oracle_wants(s, &oracle_archs[i]) &&
		    (oracle_archs[i].scmp == SCMP_ARCH_X32) == x32)
			a = &oracle_archs[i];
	if (!a)
		return SECCOMP_RET_KILL_THREAD;
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct oci_seccomp_rule *r = &s->rules[i];
		uint32_t act = oracle_action(r->action, r->errno_ret);

		for (size_t j = 0; j < r->names.n; j++) {
			int nr = oracle_number(a, r->names.v[j]);

			if (nr >= 0 && (a->scmp != SCMP_ARCH_ARM || nr < 0xf0000)) {
				named = true;
				last = (uint32_t)nr > last ? (uint32_t)nr : last;
			}
			if (act == def)
				continue;
			if (nr >= 0 && nr == d->nr && !r->n_args)
				return act;
			if (!has && ((nr >= 0 && nr == d->nr && oracle_holds(r, d, a->narrow)) ||
				     oracle_multiplexed(a, r, r->names.v[j], d))) {
				has = true;
				found = act;
			}
		}
	}
	if (has || s->default_action == OCI_SECCOMP_ALLOW || s->default_action == OCI_SECCOMP_LOG ||
	    s->default_action == OCI_SECCOMP_TRACE || private_nr || d->nr == -1)
		return found;
	for (size_t i = 0; i < s->n_rules; i++) /* named, but says no more than the default */
		for (size_t j = 0; j < s->rules[i].names.n; j++)
			if (oracle_number(a, s->rules[i].names.v[j]) == d->nr)
				return found;
	return named && (uint32_t)d->nr > last ? SECCOMP_RET_ERRNO | ENOSYS : found;
}
