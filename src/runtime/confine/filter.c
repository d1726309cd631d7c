/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.seccomp to a BPF program. Fail closed: what is not understood is an error, only unknown call names are not.
 *
 * libseccomp knows the numbers of calls; its own compiler keeps a tree of every rule for every architecture
 * several times over, which takes a megabyte and ten milliseconds for Docker's profile. Here a table of
 * calls is sorted by number and becomes ranges, and those become a search by halves. Which rule counts is as
 * there: of the rules of one call the first without conditions, else the first whose conditions hold.
 */
#include "runtime/confine/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#include "base/str.h"
#include "runtime/confine/program.h"
#include "runtime/runtime.h"
#include "sys/cred.h"

#define X32_BIT		 0x40000000U
#define ARM_PRIVATE	 0x000f0000U /* __ARM_NR_BASE: high numbers that say nothing about age */
#define X86_SOCKETCALL	 102
#define X86_IPC		 117
#define X86_FIRST_DIRECT 359 /* socket, of those that were behind the two before */
#define X86_LAST_DIRECT	 402 /* msgctl; what is newer was never behind them */
#define MAX_CALLS	 16384 /* names of a profile times architectures of one table; Docker's has 900 */

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
static const struct arch {
	const char *name;
	uint32_t audit; /* x32 is not an architecture to the kernel but a bit in the number */
	bool narrow;	/* arguments have 32 bits */
	int (*resolve)(const char *name);
} archs[] = {
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

/** struct call - a rule's word about one number */
struct call {
	uint32_t nr;
	uint16_t rule;
	uint8_t mux; /* x86: only if argument 0 of socketcall or ipc is this */
	bool narrow;
};

/** struct table - the calls of one architecture of the kernel; the second half is counted apart */
struct table {
	const struct oci_seccomp *s;
	uint32_t audit, default_action;
	uint32_t split;	  /* second half: from this number on */
	uint32_t last[2]; /* highest number that the profile names, with has_last */
	bool has_last[2];
	bool no_other_half; /* x86-64 without x32: those numbers are another architecture's */
	size_t n_calls, n_ranges;
};

static struct call calls[MAX_CALLS];
static struct prog_range ranges[2 * MAX_CALLS + 8];

static uint32_t action(enum oci_seccomp_action a, struct oci_num errno_ret)
{
	uint32_t number = (uint32_t)(errno_ret.set ? errno_ret.v : EPERM);

	switch (a) {
	case OCI_SECCOMP_ALLOW:
		return SECCOMP_RET_ALLOW;
	case OCI_SECCOMP_ERRNO:
		return SECCOMP_RET_ERRNO | number;
	case OCI_SECCOMP_KILL:
	case OCI_SECCOMP_KILL_THREAD:
		return SECCOMP_RET_KILL_THREAD;
	case OCI_SECCOMP_KILL_PROCESS:
		return SECCOMP_RET_KILL_PROCESS;
	case OCI_SECCOMP_TRAP:
		return SECCOMP_RET_TRAP;
	case OCI_SECCOMP_TRACE:
		return SECCOMP_RET_TRACE | number;
	case OCI_SECCOMP_LOG:
		return SECCOMP_RET_LOG;
	case OCI_SECCOMP_NOTIFY:
		return SECCOMP_RET_USER_NOTIF;
	}
	return SECCOMP_RET_KILL_PROCESS; /* not reached: the reader knows only these */
}

static uint32_t rule_action(const struct table *t, const struct call *c)
{
	return action(t->s->rules[c->rule].action, t->s->rules[c->rule].errno_ret);
}

/* What goes on by itself, or is answered by a tracer, needs no ENOSYS. */
static bool default_fails(const struct oci_seccomp *s)
{
	return s->default_action != OCI_SECCOMP_ALLOW && s->default_action != OCI_SECCOMP_LOG &&
	       s->default_action != OCI_SECCOMP_TRACE;
}

static bool add(struct table *t, uint32_t nr, size_t rule, size_t mux, bool narrow)
{
	if (t->n_calls == MAX_CALLS)
		return false;
	calls[t->n_calls++] = (struct call){nr, (uint16_t)rule, (uint8_t)mux, narrow};
	return true;
}

/* Position + 1 is what the kernel calls the call there (include/uapi/linux/net.h); "" is nobody's name. */
static const char socketcalls[][12] = {
	"socket",     "bind",	 "connect", "listen",  "accept",   "getsockname", "getpeername",
	"socketpair", "send",	 "recv",    "sendto",  "recvfrom", "shutdown",	  "setsockopt",
	"getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg", "sendmmsg",
};

/* Position is the number there (include/uapi/linux/ipc.h). */
static const char ipcs[][12] = {
	"",	  "semop",  "semget",	    "semctl", "semtimedop", [11] = "msgsnd", "msgrcv",
	"msgget", "msgctl", [21] = "shmat", "shmdt",  "shmget",	    "shmctl",
};

static size_t position(const char (*words)[12], size_t n, const char *name)
{
	for (size_t i = 0; *name && i < n; i++)
		if (words[i][0] == name[0] && str_eq(words[i], name))
			return i;
	return n;
}

/*
 * On 32-bit x86 some calls have a second way in, socketcall or ipc, where argument 0 says which one is meant and
 * the others are behind a pointer that no filter can follow. A rule with conditions cannot be checked there: one
 * that lets pass is left out, one that stops stops them all.
 */
static bool add_multiplexed(struct table *t, const char *name, size_t rule)
{
	const struct oci_seccomp_rule *r = &t->s->rules[rule];
	size_t n = position(socketcalls, ARRAY_LEN(socketcalls), name);

	if (r->n_args && (r->action == OCI_SECCOMP_ALLOW || r->action == OCI_SECCOMP_LOG))
		return true;
	if (n < ARRAY_LEN(socketcalls))
		return add(t, X86_SOCKETCALL, rule, n + 1, true);
	n = position(ipcs, ARRAY_LEN(ipcs), name);
	return n == ARRAY_LEN(ipcs) || add(t, X86_IPC, rule, n, true);
}

static bool collect_name(struct table *t, const struct arch *a, const char *name, size_t rule)
{
	bool x32 = a->audit == AUDIT_ARCH_X86_64 && a->narrow, counts;
	int found = a->resolve(name);
	uint32_t nr = (uint32_t)found | (x32 ? X32_BIT : 0);
	size_t half = found >= 0 && nr >= t->split;

	counts = found >= 0 && (!half || x32);
	if (counts && (!t->has_last[half] || nr > t->last[half])) {
		t->has_last[half] = true;
		t->last[half] = nr;
	}
	if (action(t->s->rules[rule].action, t->s->rules[rule].errno_ret) == t->default_action)
		return true;
	if (a->audit == AUDIT_ARCH_I386 &&
	    (found < 0 || (found >= X86_FIRST_DIRECT && found <= X86_LAST_DIRECT)) &&
	    !add_multiplexed(t, name, rule))
		return false;
	return found < 0 || add(t, nr, rule, 0, a->narrow);
}

static bool collect(struct table *t, const bool *wanted)
{
	t->n_calls = 0;
	for (size_t k = 0; k < ARRAY_LEN(archs); k++) {
		if (archs[k].audit != t->audit || !wanted[k])
			continue;
		for (size_t i = 0; i < t->s->n_rules; i++)
			for (size_t j = 0; j < t->s->rules[i].names.n; j++)
				if (!collect_name(t, &archs[k], t->s->rules[i].names.v[j], i))
					return false;
	}
	return true;
}

static bool before(const struct call *x, const struct call *y)
{
	return x->nr != y->nr ? x->nr < y->nr : x->rule < y->rule;
}

/* By number, then in the order of the document. Shell's: a quarter of the time of libc's qsort. */
static void sort_calls(size_t n)
{
	for (size_t gap = n / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11) {
		for (size_t i = gap; i < n; i++) {
			struct call c = calls[i];
			size_t k = i;

			for (; k >= gap && before(&c, &calls[k - gap]); k -= gap)
				calls[k] = calls[k - gap];
			calls[k] = c;
		}
	}
}

/* Several conditions on one argument are alternatives, else all have to hold. As in runc and crun. */
static bool alternatives(const struct oci_seccomp_rule *r)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < r->n_args; i++) {
		if (seen >> r->args[i].index & 1)
			return true;
		seen |= 1U << r->args[i].index;
	}
	return false;
}

/* Return: where to ask whether the rule holds; if not it goes on at @next */
static size_t put_rule(struct prog *p, const struct table *t, const struct call *c, size_t next)
{
	const struct oci_seccomp_rule *r = &t->s->rules[c->rule];
	size_t yes = prog_return(p, rule_action(t, c)), label = yes;
	bool any = alternatives(r);

	if (c->mux)
		return prog_compare(p, &(struct prog_cond){0, OCI_SECCOMP_OP_EQ, c->mux, 0, false},
				    yes, next);
	for (size_t i = r->n_args; i > 0; i--) {
		const struct oci_seccomp_arg *a = &r->args[i - 1];
		struct prog_cond cond = {a->index, a->op, a->value, a->value_two, !c->narrow};

		label = prog_compare(p, &cond, any ? yes : label, next);
		if (any)
			next = label;
	}
	return label;
}

static void put_range(struct table *t, uint32_t start, uint32_t act, size_t label)
{
	struct prog_range *last = t->n_ranges ? &ranges[t->n_ranges - 1] : NULL;

	if (last && !last->label && !label && last->action == act)
		return;
	ranges[t->n_ranges++] = (struct prog_range){start, act, (uint32_t)label};
}

/*
 * A call that the profile does not name. Above the highest that it names it is newer than the profile, and
 * programs that try it fall back on ENOSYS, not on EPERM; as runc does. -1 is what a tracer sets to skip a call.
 */
static uint32_t unnamed(const struct table *t, uint32_t nr)
{
	size_t half = nr >= t->split;

	if (nr == UINT32_MAX)
		return t->default_action;
	if (half && t->no_other_half)
		return SECCOMP_RET_KILL_THREAD;
	if (default_fails(t->s) && t->has_last[half] && nr > t->last[half])
		return SECCOMP_RET_ERRNO | ENOSYS;
	return t->default_action;
}

static void put_gap(struct table *t, uint64_t from, uint64_t to)
{
	/* ascending; 0 where nothing changes */
	const uint64_t steps[] = {t->has_last[0] ? (uint64_t)t->last[0] + 1 : 0, t->split,
				  t->has_last[1] ? (uint64_t)t->last[1] + 1 : 0, UINT32_MAX};

	if (from < to)
		put_range(t, (uint32_t)from, unnamed(t, (uint32_t)from), 0);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (steps[i] > from && steps[i] < to)
			put_range(t, (uint32_t)steps[i], unnamed(t, (uint32_t)steps[i]), 0);
}

static size_t put_table(struct prog *p, struct table *t)
{
	uint64_t at = 0;
	size_t n;

	t->n_ranges = 0;
	sort_calls(t->n_calls);
	for (size_t i = 0; i < t->n_calls; i += n, at = (uint64_t)calls[i - 1].nr + 1) {
		const struct call *c = &calls[i], *plain = NULL;
		size_t label = 0;

		for (n = 0; i + n < t->n_calls && c[n].nr == c->nr; n++)
			if (!plain && !c[n].mux && !t->s->rules[c[n].rule].n_args)
				plain = &c[n];
		put_gap(t, at, c->nr);
		if (!plain)
			label = prog_return(p, t->default_action);
		for (size_t k = n; !plain && k > 0; k--)
			label = put_rule(p, t, &c[k - 1], label);
		put_range(t, c->nr, plain ? rule_action(t, plain) : 0, label);
	}
	put_gap(t, at, UINT64_C(1) << 32);
	prog_search(p, ranges, t->n_ranges);
	return prog_load(p, offsetof(struct seccomp_data, nr));
}

static struct table table_of(const struct oci_seccomp *s, const struct arch *a, bool has_x32)
{
	struct table t = {.s = s,
			  .audit = a->audit,
			  .default_action = action(s->default_action, s->default_errno),
			  .split = UINT32_MAX};

	if (a->audit == AUDIT_ARCH_X86_64) {
		t.split = X32_BIT;
		t.no_other_half = !has_x32;
	} else if (a->audit == AUDIT_ARCH_ARM) {
		t.split = ARM_PRIVATE;
	}
	return t;
}

static int build(const struct oci_seccomp *s, const bool *wanted, struct filter_program *ret,
		 struct err *e)
{
	size_t labels[ARRAY_LEN(archs)] = {0}, next;
	struct prog p;

	prog_init(&p, ret->insn);
	for (size_t k = 0; k < ARRAY_LEN(archs); k++) {
		const struct arch *a = &archs[k];
		bool x32 = a->audit == AUDIT_ARCH_X86_64 && a->narrow;
		struct table t;

		if (!wanted[k] || x32) /* x32 is in the table of x86-64, which is next to it */
			continue;
		t = table_of(s, a, a->audit == AUDIT_ARCH_X86_64 && wanted[k + 1]);
		if (!collect(&t, wanted))
			return err_text(e, -E2BIG, "linux.seccomp: more than %d names", MAX_CALLS);
		labels[k] = put_table(&p, &t);
	}
	next = prog_return(&p, SECCOMP_RET_KILL_THREAD);
	for (size_t k = 0; k < ARRAY_LEN(archs); k++)
		if (labels[k])
			next = prog_jump(&p, BPF_JEQ, archs[k].audit, labels[k], next);
	prog_load(&p, offsetof(struct seccomp_data, arch));
	ret->n = prog_done(&p);
	return ret->n ? 0
		      : err_text(e, -E2BIG,
				 "linux.seccomp: the filter is longer than %d instructions",
				 FILTER_MAX_INSNS);
}

static int find_archs(const struct oci_seccomp *s, bool *ret_wanted, struct err *e)
{
	for (size_t i = 0; i < s->archs.n; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(archs) && !str_eq(s->archs.v[i], archs[k].name))
			k++;
		if (k == ARRAY_LEN(archs))
			return err_text(e, -EOPNOTSUPP,
					"linux.seccomp: architecture %.32s is not known",
					s->archs.v[i]);
		ret_wanted[k] = archs[k].resolve;
	}
	for (size_t k = 0; k < ARRAY_LEN(archs); k++)
		if (archs[k].audit == NATIVE && !(NATIVE == AUDIT_ARCH_X86_64 && archs[k].narrow))
			ret_wanted[k] = true;
	return 0;
}

static int check_agent(const struct oci_seccomp *s, struct err *e)
{
	if (s->default_action == OCI_SECCOMP_NOTIFY)
		return err_text(e, -EINVAL,
				"linux.seccomp: SCMP_ACT_NOTIFY cannot be used as default action");
	for (size_t i = 0; i < s->n_rules; i++)
		for (size_t j = 0; j < s->rules[i].names.n; j++)
			if (s->rules[i].action == OCI_SECCOMP_NOTIFY &&
			    str_eq(s->rules[i].names.v[j], "write"))
				return err_text(e, -EINVAL,
						"linux.seccomp: SCMP_ACT_NOTIFY cannot be used for "
						"the write syscall");
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
	bool wanted[ARRAY_LEN(archs)] = {false};
	int r;

	ret->n = 0;
	ret->flags = 0;
	if (!s->set)
		return 0;
	r = find_flags(s, &ret->flags, e);
	if (r == 0)
		r = check_agent(s, e);
	if (r == 0)
		r = find_archs(s, wanted, e);
	return r < 0 ? r : build(s, wanted, ret, e);
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
