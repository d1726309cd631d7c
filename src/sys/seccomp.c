/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list becomes sorted ranges of neighbouring numbers, the ranges a balanced tree of comparisons:
 * about eight instructions for any call. A call with a condition on an argument is a range of its
 * own. Each leaf ends in its own verdict, so no jump but the tree's is longer than a few steps, and
 * those are written as JA, which has 32 bits.
 */
#include "sys/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#define X32_BIT	 0x40000000
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define OUR_ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCH AUDIT_ARCH_RISCV64
#else
#error "no seccomp architecture for this compiler target"
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "low word of an argument comes first");

struct range {
	unsigned int first, last;
	const struct sys_seccomp_arg *arg; /* NULL = any */
};

struct program {
	struct sock_filter *p;
	size_t len, cap;
	uint32_t deny;
};

static void emit(struct program *b, struct sock_filter f)
{
	if (b->len < b->cap)
		b->p[b->len] = f;
	b->len++;
}

static void jump(struct program *b, uint16_t op, uint32_t k, uint8_t if_true, uint8_t if_false)
{
	emit(b, (struct sock_filter)BPF_JUMP(BPF_JMP | op | BPF_K, k, if_true, if_false));
}

static void load(struct program *b, size_t offset)
{
	emit(b, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void verdict(struct program *b, uint32_t action)
{
	emit(b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void leaf(struct program *b, const struct range *r)
{
	if (!r->arg) {
		jump(b, BPF_JGE, r->first, 0, 1);
		jump(b, BPF_JGT, r->last, 0, 1);
		verdict(b, b->deny);
		verdict(b, SECCOMP_RET_ALLOW);
		return;
	}
	jump(b, BPF_JEQ, r->first, 1, 0);
	verdict(b, b->deny);
	load(b, offsetof(struct seccomp_data, args) + r->arg->arg * sizeof(uint64_t));
	if (r->arg->without) {
		jump(b, BPF_JSET, r->arg->without, 0, 1);
	} else {
		jump(b, BPF_JEQ, r->arg->one_of[0], 2, 0);
		jump(b, BPF_JEQ, r->arg->one_of[1], 1, 0);
	}
	verdict(b, b->deny);
	verdict(b, SECCOMP_RET_ALLOW);
}

/* Recursion as deep as the logarithm of SYS_SECCOMP_MAX_CALLS. */
static void tree(struct program *b, const struct range *r, size_t n)
{
	size_t half = n / 2, ja;

	if (n == 1) {
		leaf(b, r);
		return;
	}
	jump(b, BPF_JGE, r[half].first, 0, 1);
	ja = b->len;
	emit(b, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	tree(b, r, half);
	if (ja < b->cap)
		b->p[ja].k = (uint32_t)(b->len - ja - 1);
	tree(b, r + half, n - half);
}

static size_t sort(const int *calls, unsigned int *ret_sorted)
{
	size_t n = 0, at;

	for (; *calls != SYS_CALL_END; calls++) {
		unsigned int nr = (unsigned int)*calls;

		if (*calls == SYS_CALL_ABSENT)
			continue;
		for (at = n; at > 0 && ret_sorted[at - 1] > nr; at--)
			;
		if (at > 0 && ret_sorted[at - 1] == nr)
			continue;
		if (n == SYS_SECCOMP_MAX_CALLS)
			return SYS_SECCOMP_MAX_CALLS + 1;
		for (size_t i = n; i > at; i--)
			ret_sorted[i] = ret_sorted[i - 1];
		ret_sorted[at] = nr;
		n++;
	}
	return n;
}

static const struct sys_seccomp_arg *condition(unsigned int nr, const struct sys_seccomp_arg *args,
					       size_t n_args, size_t *n_used)
{
	for (size_t i = 0; i < n_args; i++) {
		if (args[i].nr >= 0 && (unsigned int)args[i].nr == nr) {
			++*n_used;
			return &args[i];
		}
	}
	return NULL;
}

static size_t to_ranges(const unsigned int *nrs, size_t n, const struct sys_seccomp_arg *args,
			size_t n_args, struct range *ret_ranges, size_t *ret_used)
{
	size_t n_ranges = 0;

	*ret_used = 0;
	for (size_t i = 0; i < n; i++) {
		const struct sys_seccomp_arg *arg = condition(nrs[i], args, n_args, ret_used);
		struct range *last = n_ranges ? &ret_ranges[n_ranges - 1] : NULL;

		if (last && !arg && !last->arg && last->last + 1 == nrs[i])
			last->last = nrs[i];
		else
			ret_ranges[n_ranges++] = (struct range){nrs[i], nrs[i], arg};
	}
	return n_ranges;
}

static uint32_t deny_action(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		return SECCOMP_RET_KILL_THREAD;
	return action;
}

int sys_seccomp_compile(struct sock_filter *ret_prog, size_t cap, const int *calls,
			const struct sys_seccomp_arg *args, size_t n_args)
{
	struct program b = {.p = ret_prog, .cap = cap, .deny = deny_action()};
	unsigned int sorted[SYS_SECCOMP_MAX_CALLS];
	struct range ranges[SYS_SECCOMP_MAX_CALLS];
	size_t n = sort(calls, sorted), n_present = 0, n_used;

	if (n > SYS_SECCOMP_MAX_CALLS)
		return -E2BIG;
	for (size_t i = 0; i < n_args; i++)
		n_present += args[i].nr != SYS_CALL_ABSENT;
	n = to_ranges(sorted, n, args, n_args, ranges, &n_used);
	if (n_used != n_present)
		return -EINVAL;
	load(&b, offsetof(struct seccomp_data, arch));
	jump(&b, BPF_JEQ, OUR_ARCH, 1, 0);
	verdict(&b, b.deny);
	load(&b, offsetof(struct seccomp_data, nr));
#ifdef X32_BIT
	jump(&b, BPF_JGE, X32_BIT, 0, 1);
	verdict(&b, b.deny);
#endif
	if (n)
		tree(&b, ranges, n);
	else
		verdict(&b, b.deny);
	return b.len > b.cap ? -E2BIG : (int)b.len;
}
