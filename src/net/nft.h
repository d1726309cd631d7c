/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "msg/netlink.h"

/*
 * nf_tables messages: one batch, which the kernel takes or refuses whole. Functions append; overflow
 * is sticky in the buffer. Family ip, so that kernels before 5.2 (no nat in inet) do too.
 */

struct nft {
	struct nl_buf b;
	const char *table;
	size_t rule_at; /* open nest of the rule's expressions */
};

void nft_begin(struct nft *t, void *mem, size_t cap, const char *table);

/** nft_table_replace() - the table is there and empty, whatever was before; nft_table_delete() - it is gone */
void nft_table_replace(struct nft *t);
void nft_table_delete(struct nft *t);

/** nft_chain() - @type NULL: a plain chain to jump to. @hook: NF_INET_*; policy accept */
void nft_chain(struct nft *t, const char *name, const char *type, uint32_t hook, int32_t priority);

/* One rule: nft_rule(), its matches in order, one verdict, nft_rule_end() */
void nft_rule(struct nft *t, const char *chain);
void nft_rule_end(struct nft *t);

void nft_iif(struct nft *t, bool is, const char *ifname);
void nft_oif(struct nft *t, bool is, const char *ifname);
void nft_saddr(struct nft *t, bool is, uint32_t ip, uint8_t prefix);
void nft_daddr(struct nft *t, bool is, uint32_t ip, uint8_t prefix);
void nft_dport(struct nft *t, bool udp, uint16_t port);
void nft_daddr_local(struct nft *t); /* an address of this machine: needs the fib expression */
void nft_ct_state(struct nft *t, uint32_t bits);
void nft_ct_status(struct nft *t, uint32_t bits);

void nft_accept(struct nft *t);
void nft_drop(struct nft *t);
void nft_jump(struct nft *t, const char *chain);
void nft_dnat(struct nft *t, uint32_t ip, uint16_t port);
void nft_masquerade(struct nft *t);

/**
 * nft_commit() - close the batch, send it, read the kernel's verdict
 *
 * Return: 0; -EOPNOTSUPP the kernel lacks nf_tables, a chain type or an expression (named); -errno.
 */
int nft_commit(struct nft *t, struct err *e);

void nft_close(struct nft *t); /* closes the batch only; nft_commit() does it too */
