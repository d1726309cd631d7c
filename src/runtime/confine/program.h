/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/confine/filter.h"

/*
 * Classic BPF, written from its end to its beginning: all jumps go forward, so whatever a jump goes to is there
 * already and its distance is known. A label is the index of an instruction.
 */
struct prog {
	struct sock_filter *insn; /* FILTER_MAX_INSNS */
	size_t at;		  /* index of the first one so far */
	bool full;
};

/** struct prog_cond - a comparison of one argument */
struct prog_cond {
	uint32_t arg;
	enum oci_seccomp_op op;
	uint64_t value, value_two;
	bool wide; /* all 64 bits count; else the low 32 */
};

/** struct prog_range - numbers from @start up to the next range's, and what becomes of them */
struct prog_range {
	uint32_t start, action;
	uint32_t label; /* where to go, or 0: return the action */
};

void prog_init(struct prog *p, struct sock_filter *insn);

/** the functions that put instructions in front return the label of the first one */
size_t prog_return(struct prog *p, uint32_t action);
size_t prog_load(struct prog *p, uint32_t offset);

/** prog_jump() - @code: BPF_JEQ, BPF_JGE, ...; two different labels */
size_t prog_jump(struct prog *p, uint16_t code, uint32_t k, size_t if_true, size_t if_false);
size_t prog_compare(struct prog *p, const struct prog_cond *c, size_t if_true, size_t if_false);

/** prog_search() - by halves, for the number that is loaded; at least one range, the first starts at 0 */
size_t prog_search(struct prog *p, const struct prog_range *r, size_t n);

/** prog_done() - to the beginning of the memory. Return: number of instructions; 0: it was too long */
size_t prog_done(struct prog *p);
