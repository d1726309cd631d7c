/* SPDX-License-Identifier: Apache-2.0 */
/* Names of architectures and flags, and the kernel's constants for them. */
#include "runtime/confine/filter_names.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "base/str.h"
#include "runtime/confine/filter.h"
#include "sys/cred.h"

/* of libseccomp's arch-*.c: number, or negative if the architecture has no such call */
int x86_syscall_resolve_name(const char *name);
int x86_64_syscall_resolve_name(const char *name);
int x32_syscall_resolve_name(const char *name);
int arm_syscall_resolve_name(const char *name);
int aarch64_syscall_resolve_name(const char *name);
int riscv64_syscall_resolve_name(const char *name);

#if defined(__x86_64__)
#define ON_X86(resolve) resolve
#define NATIVE		AUDIT_ARCH_X86_64
#else
#define ON_X86(resolve) NULL
#endif
#if defined(__aarch64__) || defined(__arm__)
#define ON_ARM(resolve) resolve
#else
#define ON_ARM(resolve) NULL
#endif
#if defined(__riscv)
#define ON_RISCV(resolve) resolve
#define NATIVE		  AUDIT_ARCH_RISCV64
#else
#define ON_RISCV(resolve) NULL
#endif
#if defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define NATIVE AUDIT_ARCH_ARM
#endif

/* resolve: NULL where no kernel of this build's family runs it, so that no call comes from it */
const struct seccomp_arch seccomp_archs[SECCOMP_ARCHS] = {
	{"SCMP_ARCH_X86", AUDIT_ARCH_I386, true, ON_X86(x86_syscall_resolve_name)},
	{"SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, false, ON_X86(x86_64_syscall_resolve_name)},
	{"SCMP_ARCH_X32", AUDIT_ARCH_X86_64, true, ON_X86(x32_syscall_resolve_name)},
	{"SCMP_ARCH_ARM", AUDIT_ARCH_ARM, true, ON_ARM(arm_syscall_resolve_name)},
	{"SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64, false, ON_ARM(aarch64_syscall_resolve_name)},
	{"SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64, false, ON_RISCV(riscv64_syscall_resolve_name)},
	{.name = "SCMP_ARCH_MIPS"},
	{.name = "SCMP_ARCH_MIPS64"},
	{.name = "SCMP_ARCH_MIPS64N32"},
	{.name = "SCMP_ARCH_MIPSEL"},
	{.name = "SCMP_ARCH_MIPSEL64"},
	{.name = "SCMP_ARCH_MIPSEL64N32"},
	{.name = "SCMP_ARCH_PPC"},
	{.name = "SCMP_ARCH_PPC64"},
	{.name = "SCMP_ARCH_PPC64LE"},
	{.name = "SCMP_ARCH_S390"},
	{.name = "SCMP_ARCH_S390X"},
	{.name = "SCMP_ARCH_PARISC"},
	{.name = "SCMP_ARCH_PARISC64"},
	{.name = "SCMP_ARCH_LOONGARCH64"},
};

static const struct {
	const char *name;
	unsigned int flag;
} flags[] = {
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_TSYNC", 0}, /* there is one thread */
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
};

/* The kernel has waiting for an agent only where there is one. */
bool seccomp_kernel_has(unsigned int flag)
{
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return !flag || sys_seccomp_flag(flag);
}

int seccomp_find_archs(const struct oci_seccomp *s, bool *ret_wanted, struct err *e)
{
	for (size_t i = 0; i < s->archs.n; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(seccomp_archs) &&
		       !str_eq(s->archs.v[i], seccomp_archs[k].name))
			k++;
		if (k == ARRAY_LEN(seccomp_archs))
			return err_text(e, -EOPNOTSUPP,
					"linux.seccomp: architecture %.32s is not known",
					s->archs.v[i]);
		ret_wanted[k] = seccomp_archs[k].resolve;
	}
	for (size_t k = 0; k < ARRAY_LEN(seccomp_archs); k++)
		if (seccomp_archs[k].audit == NATIVE &&
		    !(NATIVE == AUDIT_ARCH_X86_64 && seccomp_archs[k].narrow))
			ret_wanted[k] = true;
	return 0;
}

int seccomp_find_flags(const struct oci_seccomp *s, unsigned int *ret, struct err *e)
{
	bool notify = false;

	*ret = 0;
	for (size_t i = 0; i < s->flags.n; i++) {
		size_t j = 0;

		while (j < ARRAY_LEN(flags) && !str_eq(s->flags.v[i], flags[j].name))
			j++;
		if (j == ARRAY_LEN(flags))
			return err_text(e, -EOPNOTSUPP,
					"linux.seccomp: flag %.48s is not supported",
					s->flags.v[i]);
		*ret |= flags[j].flag;
	}
	for (size_t i = 0; i < s->n_rules; i++)
		notify |= s->rules[i].action == OCI_SECCOMP_NOTIFY;
	if (notify)
		*ret |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else /* about waiting for an agent; refused by the kernel if there is none */
		*ret &= ~(unsigned int)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return 0;
}

const char *seccomp_lost_flag(unsigned int wanted)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (wanted & flags[i].flag && !seccomp_kernel_has(flags[i].flag))
			return flags[i].name;
	return NULL;
}

const char *filter_arch_name(size_t i)
{
	return i < ARRAY_LEN(seccomp_archs) ? seccomp_archs[i].name : NULL;
}

const char *filter_flag_name(size_t i, bool *ret_kernel_has)
{
	if (i >= ARRAY_LEN(flags))
		return NULL;
	*ret_kernel_has = seccomp_kernel_has(flags[i].flag);
	return flags[i].name;
}
