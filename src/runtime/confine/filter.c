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
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
};

static uint32_t action(enum oci_seccomp_action a, struct oci_num errno_ret)
{
	uint16_t number = (uint16_t)(errno_ret.set ? errno_ret.v : EPERM);

	switch (a) {
	case OCI_SECCOMP_ALLOW:
		return SCMP_ACT_ALLOW;
	case OCI_SECCOMP_ERRNO:
		return SCMP_ACT_ERRNO(number);
	case OCI_SECCOMP_KILL:
	case OCI_SECCOMP_KILL_THREAD:
		return SCMP_ACT_KILL_THREAD;
	case OCI_SECCOMP_KILL_PROCESS:
		return SCMP_ACT_KILL_PROCESS;
	case OCI_SECCOMP_TRAP:
		return SCMP_ACT_TRAP;
	case OCI_SECCOMP_TRACE:
		return SCMP_ACT_TRACE(number);
	case OCI_SECCOMP_LOG:
		return SCMP_ACT_LOG;
	case OCI_SECCOMP_NOTIFY:
		return SCMP_ACT_NOTIFY;
	}
	return SCMP_ACT_KILL_PROCESS; /* not reached: the reader knows only these */
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
	struct scmp_arg_cmp args[OCI_MAX_CONDITIONS];
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
	uint32_t act = action(rule->action, rule->errno_ret);
	int r;

	if (act == default_act)
		return 0;
	for (size_t i = 0; i < rule->names.n; i++) {
		int nr = seccomp_syscall_resolve_name(rule->names.v[i]);

		if (act == SCMP_ACT_NOTIFY && str_eq(rule->names.v[i], "write"))
			return err_text(e, -EINVAL,
					"linux.seccomp: SCMP_ACT_NOTIFY cannot be used for the "
					"write syscall");
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

/* Numbers of those architectures that this build knows and the program has. */
static size_t archs_of(scmp_filter_ctx ctx, uint32_t *ret_archs)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(archs); i++)
		if (seccomp_arch_exist(ctx, archs[i].arch) == 0)
			ret_archs[n++] = archs[i].arch;
	return n;
}

/* libseccomp 2.6 copies as many bytes as the buffer has, not as the program has: ask for the size first */
static int export(scmp_filter_ctx ctx, const struct oci_seccomp *s, struct filter_program *ret,
		  struct err *e)
{
	uint32_t has[ARRAY_LEN(archs)];
	size_t bytes = 0, head = filter_newer(s, has, archs_of(ctx, has), ret->insn);
	int r = seccomp_export_bpf_mem(ctx, NULL, &bytes);

	if (r == 0 && bytes > sizeof(ret->insn) - head * sizeof(ret->insn[0]))
		return err_text(e, -E2BIG,
				"linux.seccomp: the filter is longer than %d instructions",
				FILTER_MAX_INSNS);
	if (r == 0)
		r = seccomp_export_bpf_mem(ctx, ret->insn + head, &bytes);
	if (r < 0)
		return err_set(e, r, "linux.seccomp: export");
	ret->n = head + bytes / sizeof(ret->insn[0]);
	return 0;
}

static int find_flags(const struct oci_seccomp *s, unsigned int *ret, struct err *e)
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

int filter_compile(const struct oci_seccomp *s, struct filter_program *ret, struct err *e)
{
	uint32_t default_act = action(s->default_action, s->default_errno);
	scmp_filter_ctx ctx;
	int r = find_flags(s, &ret->flags, e);

	ret->n = 0;
	if (r < 0)
		return r;
	if (s->default_action == OCI_SECCOMP_NOTIFY)
		return err_text(e, -EINVAL,
				"linux.seccomp: SCMP_ACT_NOTIFY cannot be used as default action");
	ctx = seccomp_init(default_act);
	if (!ctx)
		return err_set(e, -ENOMEM, "linux.seccomp");
	r = build(ctx, default_act, s, e);
	if (r == 0)
		r = export(ctx, s, ret, e);
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

/* The kernel has waiting for an agent only where there is one. */
static bool kernel_has(unsigned int flag)
{
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return !flag || sys_seccomp_flag(flag);
}

int filter_load(const struct filter_program *p, int *ret_listener, struct err *e)
{
	bool listens = p->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
	int r = p->n ? sys_seccomp_load(p->insn, p->n, p->flags) : 0;

	*ret_listener = listens && r >= 0 ? r : -1;
	if (r == -EINVAL && listens && !kernel_has(SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return err_text(e, -EOPNOTSUPP, "linux.seccomp: SCMP_ACT_NOTIFY needs Linux 5.0");
	for (size_t i = 0; r == -EINVAL && i < ARRAY_LEN(flags); i++)
		if (p->flags & flags[i].flag && !kernel_has(flags[i].flag))
			return err_text(e, -EOPNOTSUPP, "linux.seccomp: this kernel has no flag %s",
					flags[i].name);
	return r < 0 ? err_set(e, r, "load the seccomp filter") : 0;
}

const char *filter_arch_name(size_t i)
{
	return i < ARRAY_LEN(archs) ? archs[i].name : NULL;
}

const char *filter_flag_name(size_t i, bool *ret_kernel_has)
{
	if (i >= ARRAY_LEN(flags))
		return NULL;
	*ret_kernel_has = kernel_has(flags[i].flag);
	return flags[i].name;
}
