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
#include "runtime/confine/filter_names.h"
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

static bool collect_name(struct table *t, const struct seccomp_arch *a, const char *name,
			 size_t rule)
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
	for (size_t k = 0; k < SECCOMP_ARCHS; k++) {
		if (seccomp_archs[k].audit != t->audit || !wanted[k])
			continue;
		for (size_t i = 0; i < t->s->n_rules; i++)
			for (size_t j = 0; j < t->s->rules[i].names.n; j++)
				if (!collect_name(t, &seccomp_archs[k], t->s->rules[i].names.v[j],
						  i))
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

static struct table table_of(const struct oci_seccomp *s, const struct seccomp_arch *a,
			     bool has_x32)
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
	size_t labels[SECCOMP_ARCHS] = {0}, next;
	struct prog p;

	prog_init(&p, ret->insn);
	for (size_t k = 0; k < SECCOMP_ARCHS; k++) {
		const struct seccomp_arch *a = &seccomp_archs[k];
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
	for (size_t k = 0; k < SECCOMP_ARCHS; k++)
		if (labels[k])
			next = prog_jump(&p, BPF_JEQ, seccomp_archs[k].audit, labels[k], next);
	prog_load(&p, offsetof(struct seccomp_data, arch));
	ret->n = prog_done(&p);
	return ret->n ? 0
		      : err_text(e, -E2BIG,
				 "linux.seccomp: the filter is longer than %d instructions",
				 FILTER_MAX_INSNS);
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

int filter_check(const struct oci_seccomp *s, struct filter_program *ret, struct err *e)
{
	int r;

	ret->n = 0;
	ret->flags = 0;
	if (!s->set)
		return 0;
	r = seccomp_find_flags(s, &ret->flags, e);
	return r < 0 ? r : check_agent(s, e);
}

int filter_compile(const struct oci_seccomp *s, struct filter_program *ret, struct err *e)
{
	bool wanted[SECCOMP_ARCHS] = {false};
	int r = filter_check(s, ret, e);

	if (r < 0 || !s->set)
		return r;
	r = seccomp_find_archs(s, wanted, e);
	return r < 0 ? r : build(s, wanted, ret, e);
}

void runtime_libseccomp(unsigned int ret_version[3])
{
	const struct scmp_version *v = seccomp_version();

	ret_version[0] = v->major;
	ret_version[1] = v->minor;
	ret_version[2] = v->micro;
}

int filter_load(const struct filter_program *p, int *ret_listener, struct err *e)
{
	bool listens = p->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
	const char *lost;
	int r = p->n ? sys_seccomp_load(p->insn, p->n, p->flags) : 0;

	*ret_listener = listens && r >= 0 ? r : -1;
	if (r == -EINVAL && listens && !seccomp_kernel_has(SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return err_text(e, -EOPNOTSUPP, "linux.seccomp: SCMP_ACT_NOTIFY needs Linux 5.0");
	lost = r == -EINVAL ? seccomp_lost_flag(p->flags) : NULL;
	if (lost)
		return err_text(e, -EOPNOTSUPP, "linux.seccomp: this kernel has no flag %s", lost);
	return r < 0 ? err_set(e, r, "load the seccomp filter") : 0;
}
