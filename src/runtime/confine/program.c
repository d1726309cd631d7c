/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions of classic BPF, last one first. What does not fit is left out and found by prog_done(). */
#include "runtime/confine/program.h"

#include <linux/seccomp.h>
#include <string.h>

#define NEAR 250 /* a condition jumps 255 at most, and up to two instructions may come in between */

void prog_init(struct prog *p, struct sock_filter *insn)
{
	*p = (struct prog){.insn = insn, .at = FILTER_MAX_INSNS};
}

static size_t put(struct prog *p, uint16_t code, uint32_t k, size_t jt, size_t jf)
{
	if (!p->at) {
		p->full = true;
		return 0;
	}
	p->insn[--p->at] = (struct sock_filter){code, (uint8_t)jt, (uint8_t)jf, k};
	return p->at;
}

size_t prog_return(struct prog *p, uint32_t action)
{
	return put(p, BPF_RET | BPF_K, action, 0, 0);
}

size_t prog_load(struct prog *p, uint32_t offset)
{
	return put(p, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static size_t reachable(struct prog *p, size_t label)
{
	if (label < p->at + NEAR)
		return label;
	return put(p, BPF_JMP | BPF_JA, (uint32_t)(label - p->at), 0, 0);
}

size_t prog_jump(struct prog *p, uint16_t code, uint32_t k, size_t if_true, size_t if_false)
{
	size_t t = reachable(p, if_true), f = reachable(p, if_false);

	return put(p, BPF_JMP | BPF_K | code, k, t - p->at, f - p->at);
}

static size_t mask(struct prog *p, uint32_t bits)
{
	return bits == UINT32_MAX ? p->at : put(p, BPF_ALU | BPF_AND | BPF_K, bits, 0, 0);
}

/* the kernel has arguments in its own byte order; all machines of ours are little-endian */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "halves of arguments");

static size_t load_half(struct prog *p, uint32_t arg, bool high)
{
	return prog_load(p, (uint32_t)offsetof(struct seccomp_data, args[0]) + arg * 8 + high * 4);
}

static size_t equal(struct prog *p, const struct prog_cond *c, uint64_t bits, uint64_t value,
		    size_t if_true, size_t if_false)
{
	size_t low;

	prog_jump(p, BPF_JEQ, (uint32_t)value, if_true, if_false);
	mask(p, (uint32_t)bits);
	low = load_half(p, c->arg, false);
	if (!c->wide)
		return low;
	prog_jump(p, BPF_JEQ, (uint32_t)(value >> 32), low, if_false);
	mask(p, (uint32_t)(bits >> 32));
	return load_half(p, c->arg, true);
}

/* @code: BPF_JGT or BPF_JGE, for the low half; in the high one only greater decides */
static size_t greater(struct prog *p, const struct prog_cond *c, uint16_t code, size_t if_true,
		      size_t if_false)
{
	size_t low;

	prog_jump(p, code, (uint32_t)c->value, if_true, if_false);
	low = load_half(p, c->arg, false);
	if (!c->wide)
		return low;
	low = prog_jump(p, BPF_JEQ, (uint32_t)(c->value >> 32), low, if_false);
	prog_jump(p, BPF_JGT, (uint32_t)(c->value >> 32), if_true, low);
	return load_half(p, c->arg, true);
}

size_t prog_compare(struct prog *p, const struct prog_cond *c, size_t if_true, size_t if_false)
{
	switch (c->op) {
	case OCI_SECCOMP_OP_EQ:
		return equal(p, c, UINT64_MAX, c->value, if_true, if_false);
	case OCI_SECCOMP_OP_NE:
		return equal(p, c, UINT64_MAX, c->value, if_false, if_true);
	case OCI_SECCOMP_OP_MASKED_EQ:
		return equal(p, c, c->value, c->value_two, if_true, if_false);
	case OCI_SECCOMP_OP_GT:
		return greater(p, c, BPF_JGT, if_true, if_false);
	case OCI_SECCOMP_OP_LE:
		return greater(p, c, BPF_JGT, if_false, if_true);
	case OCI_SECCOMP_OP_GE:
		return greater(p, c, BPF_JGE, if_true, if_false);
	case OCI_SECCOMP_OP_LT:
		return greater(p, c, BPF_JGE, if_false, if_true);
	}
	return if_false;
}

size_t prog_search(struct prog *p, const struct prog_range *r, size_t n)
{
	size_t half = n / 2, low, high;

	if (n == 1) /* beside the jump that leads here: a return costs no more than a longer jump */
		return r->label ? r->label : prog_return(p, r->action);
	high = prog_search(p, r + half, n - half);
	low = prog_search(p, r, half);
	return prog_jump(p, BPF_JGE, r[half].start, high, low);
}

size_t prog_done(struct prog *p)
{
	size_t n = FILTER_MAX_INSNS - p->at;

	if (p->full)
		return 0;
	memmove(p->insn, p->insn + p->at, n * sizeof(*p->insn));
	return n;
}
