/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our compiler of profiles beside libseccomp's: the default profile and random ones with one rule for a call,
 * compiled by both, are asked about every call with arguments on both sides of each condition. Not compared is
 * where they differ on purpose: calls newer than the profile, and conditions on what socketcall and ipc of
 * 32-bit x86 hide. With several rules for a call libseccomp 2.6 merges some wrongly (alternatives of one argument
 * whose high half is not zero), so there it is a second reading of the rules, fake/seccomp_oracle.h, that says what is right.
 */
#include "test.h"

#include <ctype.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "fake/seccomp_oracle.h"
#include "oci/defaults.h"

static _Alignas(16) char memory[256 * 1024];
static struct filter_program ours, theirs;
static uint32_t random_state = 1;

static uint32_t pick(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

static uint32_t run(const struct filter_program *p, const struct seccomp_data *d)
{
	const char *bad;
	uint32_t verdict = bpf_run(p, d, &bad);

	if (bad)
		fail_msg("%s", bad);
	return verdict;
}

static uint32_t their_action(enum oci_seccomp_action a, struct oci_num n)
{
	uint16_t number = (uint16_t)(n.set ? n.v : EPERM);

	return a == OCI_SECCOMP_ALLOW	? SCMP_ACT_ALLOW
	       : a == OCI_SECCOMP_ERRNO ? SCMP_ACT_ERRNO(number)
	       : a == OCI_SECCOMP_TRACE ? SCMP_ACT_TRACE(number)
	       : a == OCI_SECCOMP_TRAP	? SCMP_ACT_TRAP
	       : a == OCI_SECCOMP_LOG	? SCMP_ACT_LOG
					: SCMP_ACT_KILL_PROCESS;
}

static const enum scmp_compare their_op[] = {SCMP_CMP_NE,	SCMP_CMP_LT, SCMP_CMP_LE,
					     SCMP_CMP_EQ,	SCMP_CMP_GE, SCMP_CMP_GT,
					     SCMP_CMP_MASKED_EQ};

static void add_theirs(scmp_filter_ctx ctx, const struct oci_seccomp_rule *r, const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);
	struct scmp_arg_cmp args[6];
	unsigned int seen = 0;
	bool any = false;

	for (size_t i = 0; i < r->n_args; i++) {
		args[i] = (struct scmp_arg_cmp){r->args[i].index, their_op[r->args[i].op],
						r->args[i].value, r->args[i].value_two};
		any |= seen >> r->args[i].index & 1;
		seen |= 1U << r->args[i].index;
	}
	if (nr == __NR_SCMP_ERROR)
		return;
	for (size_t i = 0; any && i < r->n_args; i++)
		assert_int_equal(seccomp_rule_add_array(ctx, their_action(r->action, r->errno_ret),
							nr, 1, &args[i]),
				 0);
	if (!any)
		assert_int_equal(seccomp_rule_add_array(ctx, their_action(r->action, r->errno_ret),
							nr, (unsigned int)r->n_args, args),
				 0);
}

static void add_arch(scmp_filter_ctx ctx, const char *name)
{
	char lower[16] = {0};

	for (size_t i = 0; name[i] && i + 1 < sizeof(lower); i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	(void)seccomp_arch_add(ctx, seccomp_arch_resolve_name(lower));
}

static void compile_theirs(const struct oci_seccomp *s)
{
	uint32_t def = their_action(s->default_action, s->default_errno);
	size_t bytes = sizeof(theirs.insn);
	scmp_filter_ctx ctx;

	assert_int_equal(seccomp_api_set(6), 0); /* whatever the kernel, or its emulation, knows */
	ctx = seccomp_init(def);

	assert_non_null(ctx);
	assert_int_equal(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2), 0);
	for (size_t i = 0; i < s->archs.n; i++)
		add_arch(ctx, s->archs.v[i] + strlen("SCMP_ARCH_"));
	for (size_t i = 0; i < s->n_rules; i++)
		for (size_t j = 0; j < s->rules[i].names.n; j++)
			if (their_action(s->rules[i].action, s->rules[i].errno_ret) != def)
				add_theirs(ctx, &s->rules[i], s->rules[i].names.v[j]);
	assert_int_equal(seccomp_export_bpf_mem(ctx, NULL, &bytes), 0);
	assert_true(bytes <= sizeof(theirs.insn));
	assert_int_equal(seccomp_export_bpf_mem(ctx, theirs.insn, &bytes), 0);
	theirs.n = bytes / sizeof(theirs.insn[0]);
	seccomp_release(ctx);
}

/* values that decide: each one of the profile, one less, one more, with another high half */
static uint64_t interesting(const struct oci_seccomp *s)
{
	const struct oci_seccomp_rule *r = &s->rules[pick((uint32_t)s->n_rules)];
	uint64_t v = pick(8);

	if (r->n_args) {
		const struct oci_seccomp_arg *a = &r->args[pick((uint32_t)r->n_args)];

		v = pick(2) ? a->value : a->value_two;
	}
	v += (uint64_t)pick(3) - 1;
	return pick(4) ? v : v ^ (uint64_t)(1 + pick(3)) << 32;
}

static void same(const struct oci_seccomp *s, uint32_t audit, uint32_t from, uint32_t to,
		 bool newer)
{
	for (uint32_t nr = from; nr < to; nr++) {
		for (int k = 0; k < 12; k++) {
			struct seccomp_data d = {.nr = (int)nr, .arch = audit};
			uint32_t a, b;

			for (int i = 0; i < 6; i++)
				d.args[i] = interesting(s);
			if (audit == AUDIT_ARCH_I386)
				for (int i = 0; i < 6; i++)
					d.args[i] &= UINT32_MAX;
			a = run(&ours, &d);
			b = run(&theirs, &d);
			if (a == b || (newer && a == (SECCOMP_RET_ERRNO | ENOSYS)))
				continue;
			if (audit == AUDIT_ARCH_I386 && (nr == 102 || nr == 117))
				continue;
			fail_msg("arch %#x call %#x (%#llx %#llx %#llx): %#x, libseccomp %#x",
				 audit, nr, (unsigned long long)d.args[0],
				 (unsigned long long)d.args[1], (unsigned long long)d.args[2], a,
				 b);
		}
	}
}

/* @ret: what a condition on @value tells apart, in both halves */
static void edges(const struct oci_seccomp_arg *a, uint64_t *ret)
{
	const uint64_t v[] = {a->value,
			      a->value - 1,
			      a->value + 1,
			      a->value ^ 1ULL << 32,
			      a->value ^ 1ULL << 63,
			      a->value_two,
			      a->value_two | ~a->value,
			      0};

	memcpy(ret, v, sizeof(v));
	_Static_assert(ARRAY_LEN(v) == 8, "values of an argument");
}

/* Every value that a condition of the rule tells apart, in every combination of its arguments. */
static void check_rule(const struct oci_seccomp *s, const struct oci_seccomp_rule *r,
		       const struct oracle_arch *a)
{
	struct seccomp_data d = {.nr = oracle_number(a, r->names.v[0]), .arch = a->audit};
	size_t total = 1;

	if (d.nr < 0)
		return;
	for (size_t k = 0; k < r->n_args; k++)
		total *= 8;
	for (size_t i = 0; i < total; i++) {
		uint64_t v[8];
		size_t rest = i;

		for (size_t k = 0; k < r->n_args; k++, rest /= 8) {
			edges(&r->args[k], v);
			d.args[r->args[k].index] = v[rest % 8];
		}
		if (run(&ours, &d) != oracle(s, &d))
			fail_msg("%s %s (%#llx %#llx %#llx): %#x, should be %#x", a->name,
				 r->names.v[0], (unsigned long long)d.args[0],
				 (unsigned long long)d.args[1], (unsigned long long)d.args[2],
				 run(&ours, &d), oracle(s, &d));
	}
}

static void check(const struct oci_seccomp *s)
{
	for (size_t k = 0; k < ORACLE_ARCHS; k++)
		for (size_t i = 0; i < s->n_rules; i++)
			check_rule(s, &s->rules[i], &oracle_archs[k]);
}

static void compile_ours(const struct oci_seccomp *s)
{
	struct err e = {0};

	if (filter_compile(s, &ours, &e) < 0)
		fail_msg("%s", e.msg);
}

static void compare(const struct oci_seccomp *s)
{
	bool newer = s->default_action != OCI_SECCOMP_ALLOW;

	compile_ours(s);
	compile_theirs(s);
#if defined(__x86_64__)
	same(s, AUDIT_ARCH_X86_64, 0, 500, newer);
	same(s, AUDIT_ARCH_X86_64, 0x40000000, 0x40000000 + 560, newer);
	same(s, AUDIT_ARCH_X86_64, 0xfffffff0, 0xffffffff, true);
	same(s, AUDIT_ARCH_I386, 0, 500, newer);
#elif defined(__aarch64__)
	same(s, AUDIT_ARCH_AARCH64, 0, 500, newer);
	same(s, AUDIT_ARCH_ARM, 0, 500, newer);
	same(s, AUDIT_ARCH_ARM, 0xf0000, 0xf0010, newer);
#elif defined(__arm__)
	same(s, AUDIT_ARCH_ARM, 0, 500, newer);
	same(s, AUDIT_ARCH_ARM, 0xf0000, 0xf0010, newer);
#endif
	same(s, AUDIT_ARCH_S390X, 0, 4, false);
}

static void the_default_profile(void **state)
{
	static const uint64_t caps[] = {OCI_DEFAULT_CAPS, 0, UINT64_MAX,
					OCI_DEFAULT_CAPS | 1ULL << 21};
	struct oci_seccomp s;
	struct arena a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(caps); i++) {
		arena_init(&a, memory, sizeof(memory));
		assert_int_equal(oci_seccomp_default(caps[i], &a, &s), 0);
		compare(&s);
	}
}

static const char *const names[] = {
	"read",	  "write",  "open",	   "close",   "mmap",	"ioctl",      "socket",
	"clone",  "fcntl",  "personality", "umask",   "mkdir",	"mkdirat",    "setns",
	"statx",  "dup3",   "lseek",	   "_llseek", "stat64", "shmat",      "arm_fadvise64_64",
	"clone3", "execve", "nosuch",	   "semop",   "sendto", "ugetrlimit", "cacheflush"};

struct profile {
	struct oci_seccomp s;
	struct oci_seccomp_rule rules[24];
	struct oci_seccomp_arg args[24][3];
	char *one[24][2];
};

/* @once: one rule for a call, with one condition for an argument */
static void random_profile(struct profile *p, bool once)
{
	static const enum oci_seccomp_action actions[] = {
		OCI_SECCOMP_ALLOW, OCI_SECCOMP_ERRNO, OCI_SECCOMP_KILL_PROCESS,
		OCI_SECCOMP_LOG,   OCI_SECCOMP_TRAP,  OCI_SECCOMP_TRACE};
	static char *archs[] = {(char *)"SCMP_ARCH_X86",    (char *)"SCMP_ARCH_X32",
				(char *)"SCMP_ARCH_ARM",    (char *)"SCMP_ARCH_AARCH64",
				(char *)"SCMP_ARCH_X86_64", NULL};

	*p = (struct profile){.s = {.set = true,
				    .default_action = actions[pick(3)],
				    .archs = {archs, pick(6)},
				    .rules = p->rules,
				    .n_rules = 1 + pick(24)}};
	for (size_t i = 0; i < p->s.n_rules; i++) {
		struct oci_seccomp_rule *r = &p->rules[i];

		p->one[i][0] = (char *)(uintptr_t)names[once ? i : pick(ARRAY_LEN(names))];
		*r = (struct oci_seccomp_rule){.names = {p->one[i], 1},
					       .action = actions[pick(6)],
					       .args = p->args[i],
					       .n_args = pick(4)};
		for (size_t k = 0; k < r->n_args; k++) {
			uint64_t v = pick(3) ? pick(6) : (uint64_t)pick(3) << 32 | pick(6);

			p->args[i][k] = (struct oci_seccomp_arg){once ? (uint32_t)k : pick(3),
								 pick(7), v, v & 5};
		}
	}
}

static void random_profiles(void **state)
{
	static struct profile p;

	(void)state;
	for (int round = 0; round < 60; round++) {
		random_profile(&p, true);
		compare(&p.s);
	}
}

static void several_rules_for_a_call(void **state)
{
	static struct profile p;

	(void)state;
	for (int round = 0; round < 150; round++) {
		random_profile(&p, false);
		p.s.archs.n = 5;
		compile_ours(&p.s);
		check(&p.s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_profile),
		cmocka_unit_test(random_profiles),
		cmocka_unit_test(several_rules_for_a_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
