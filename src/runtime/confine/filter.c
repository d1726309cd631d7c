/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp to a BPF program. Fail closed: what is not understood is an error, only unknown call names are not. */
#include "runtime/confine/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#include "base/str.h"
#include "runtime/runtime.h"
#include "sys/cred.h"

static const struct {
	const char *name;
	uint32_t arch;
} archs[] = {
	{"SCMP_ARCH_X86", SCMP_ARCH_X86},
	{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
	{"SCMP_ARCH_X32", SCMP_ARCH_X32},
	{"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
	{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
	{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
	{"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
	{"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
	{"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
	{"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
	{"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
	{"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
	{"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
	{"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
	{"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
	{"SCMP_ARCH_S390", SCMP_ARCH_S390},
	{"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
	{"SCMP_ARCH_PARISC", SCMP_ARCH_PARISC},
	{"SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64},
	{"SCMP_ARCH_LOONGARCH64", SCMP_ARCH_LOONGARCH64},
};

static const struct {
	const char *name;
	unsigned int flag;
} flags[] = {
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_TSYNC", 0}, /* there is one thread */
};

static int action(enum oci_seccomp_action a, struct oci_num errno_ret, uint32_t *ret, struct err *e)
{
	uint16_t number = (uint16_t)(errno_ret.set ? errno_ret.v : EPERM);

	switch (a) {
	case OCI_SECCOMP_ALLOW:
		*ret = SCMP_ACT_ALLOW;
		break;
	case OCI_SECCOMP_ERRNO:
		*ret = SCMP_ACT_ERRNO(number);
		break;
	case OCI_SECCOMP_KILL:
	case OCI_SECCOMP_KILL_THREAD:
		*ret = SCMP_ACT_KILL_THREAD;
		break;
	case OCI_SECCOMP_KILL_PROCESS:
		*ret = SCMP_ACT_KILL_PROCESS;
		break;
	case OCI_SECCOMP_TRAP:
		*ret = SCMP_ACT_TRAP;
		break;
	case OCI_SECCOMP_TRACE:
		*ret = SCMP_ACT_TRACE(number);
		break;
	case OCI_SECCOMP_LOG:
		*ret = SCMP_ACT_LOG;
		break;
	case OCI_SECCOMP_NOTIFY:
		return err_text(e, -EOPNOTSUPP, "linux.seccomp: SCMP_ACT_NOTIFY is not supported");
	}
	return 0;
}

static enum scmp_compare compare(enum oci_seccomp_op op)
{
	switch (op) {
	case OCI_SECCOMP_OP_NE:
		return SCMP_CMP_NE;
	case OCI_SECCOMP_OP_LT:
		return SCMP_CMP_LT;
	case OCI_SECCOMP_OP_LE:
		return SCMP_CMP_LE;
	case OCI_SECCOMP_OP_EQ:
		return SCMP_CMP_EQ;
	case OCI_SECCOMP_OP_GE:
		return SCMP_CMP_GE;
	case OCI_SECCOMP_OP_GT:
		return SCMP_CMP_GT;
	case OCI_SECCOMP_OP_MASKED_EQ:
		return SCMP_CMP_MASKED_EQ;
	}
	return _SCMP_CMP_MIN; /* not reached: the reader knows only these */
}

static int add_arch(scmp_filter_ctx ctx, const char *name, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(archs); i++) {
		int r;

		if (!str_eq(name, archs[i].name))
			continue;
		/* libseccomp is built with what this kernel can run: no call comes from any other */
		r = seccomp_arch_add(ctx, archs[i].arch);
		return r == -EEXIST || r == -EINVAL || r == 0
			       ? 0
			       : err_set(e, r, "linux.seccomp: architecture %s", name);
	}
	return err_text(e, -EOPNOTSUPP, "linux.seccomp: architecture %.32s is not known", name);
}

static int add_call(scmp_filter_ctx ctx, uint32_t act, int nr, const struct oci_seccomp_rule *rule)
{
	struct scmp_arg_cmp args[6];
	unsigned int seen = 0;
	bool alternatives = false;
	int r = 0;

	for (size_t i = 0; i < rule->n_args; i++) {
		const struct oci_seccomp_arg *a = &rule->args[i];

		args[i] = (struct scmp_arg_cmp){.arg = a->index,
						.op = compare(a->op),
						.datum_a = a->value,
						.datum_b = a->value_two};
		alternatives |= seen >> a->index & 1;
		seen |= 1U << a->index;
	}
	if (!alternatives)
		return seccomp_rule_add_array(ctx, act, nr, (unsigned int)rule->n_args, args);
	for (size_t i = 0; i < rule->n_args && r == 0; i++)
		r = seccomp_rule_add_array(ctx, act, nr, 1, &args[i]);
	return r;
}

static int add_rule(scmp_filter_ctx ctx, uint32_t default_act, const struct oci_seccomp_rule *rule,
		    struct err *e)
{
	uint32_t act;
	int r = action(rule->action, rule->errno_ret, &act, e);

	if (r < 0 || act == default_act)
		return r;
	for (size_t i = 0; i < rule->names.n; i++) {
		int nr = seccomp_syscall_resolve_name(rule->names.v[i]);

		if (nr == __NR_SCMP_ERROR)
			continue;
		r = add_call(ctx, act, nr, rule);
		if (r < 0)
			return err_set(e, r, "linux.seccomp: rule for %.32s", rule->names.v[i]);
	}
	return 0;
}

static int build(scmp_filter_ctx ctx, uint32_t default_act, const struct oci_seccomp *s,
		 struct err *e)
{
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);

	for (size_t i = 0; i < s->archs.n && r == 0; i++)
		r = add_arch(ctx, s->archs.v[i], e);
	for (size_t i = 0; i < s->n_rules && r == 0; i++)
		r = add_rule(ctx, default_act, &s->rules[i], e);
	return r;
}

/* libseccomp 2.6 copies as many bytes as the buffer has, not as the program has: ask for the size first */
static int export(scmp_filter_ctx ctx, struct filter_program *ret, struct err *e)
{
	size_t bytes = 0;
	int r = seccomp_export_bpf_mem(ctx, NULL, &bytes);

	if (r == 0 && bytes > sizeof(ret->insn))
		return err_text(e, -E2BIG,
				"linux.seccomp: the filter is longer than %d instructions",
				FILTER_MAX_INSNS);
	if (r == 0)
		r = seccomp_export_bpf_mem(ctx, ret->insn, &bytes);
	if (r < 0)
		return err_set(e, r, "linux.seccomp: export");
	ret->n = bytes / sizeof(ret->insn[0]);
	return 0;
}

int filter_compile(const struct oci_seccomp *s, struct filter_program *ret, struct err *e)
{
	uint32_t default_act;
	scmp_filter_ctx ctx;
	int r = action(s->default_action, s->default_errno, &default_act, e);

	ret->n = 0;
	ret->flags = 0;
	for (size_t i = 0; i < s->flags.n && r == 0; i++) {
		size_t j = 0;

		while (j < ARRAY_LEN(flags) && !str_eq(s->flags.v[i], flags[j].name))
			j++;
		if (j == ARRAY_LEN(flags))
			return err_text(e, -EOPNOTSUPP,
					"linux.seccomp: flag %.48s is not supported",
					s->flags.v[i]);
		ret->flags |= flags[j].flag;
	}
	if (r < 0)
		return r;
	ctx = seccomp_init(default_act);
	if (!ctx)
		return err_set(e, -ENOMEM, "linux.seccomp");
	r = build(ctx, default_act, s, e);
	if (r == 0)
		r = export(ctx, ret, e);
	seccomp_release(ctx);
	return r;
}

void runtime_libseccomp(unsigned int ret_version[3])
{
	const struct scmp_version *v = seccomp_version();

	ret_version[0] = v->major;
	ret_version[1] = v->minor;
	ret_version[2] = v->micro;
}

int filter_load(const struct filter_program *p, struct err *e)
{
	int r = p->n ? sys_seccomp_load(p->insn, p->n, p->flags) : 0;

	return r < 0 ? err_set(e, r, "load the seccomp filter") : 0;
}
