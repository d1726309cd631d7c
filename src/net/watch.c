/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody else's "nft flush ruleset" takes our table along. The kernel tells everybody who listens;
 * our own replacement sends a deletion and then a creation, which cancel out here.
 */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "base/str.h"
#include "msg/netlink.h"
#include "net/net.h"
#include "sys/fd.h"
#include "sys/netlink.h"

#define NOTE_BYTES 16384

int net_rules_watch(struct err *e)
{
	struct nl nl = {.fd = -1};
	int r;

	r = nl_open(&nl, NETLINK_NETFILTER, -1, e);
	if (r < 0)
		return r;
	r = sys_netlink_join(nl.fd, NFNLGRP_NFTABLES);
	if (r < 0) {
		nl_close(&nl);
		return err_set(e, r, "listen to changes of nf_tables");
	}
	return nl.fd;
}

static void note(const struct nlmsghdr *m, const char *table, bool *lost)
{
	char name[32];

	if (m->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE) &&
	    m->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE))
		return;
	if (nl_find_str(nl_attrs(m, sizeof(struct nfgenmsg)), NFTA_TABLE_NAME, name,
			sizeof(name)) &&
	    str_eq(name, table))
		*lost = (m->nlmsg_type & 0xff) == NFT_MSG_DELTABLE;
}

bool net_rules_lost(int watch_fd, const char *table)
{
	static _Alignas(4) uint8_t mem[NOTE_BYTES];
	const struct nlmsghdr *m;
	bool lost = false;
	ssize_t n;

	while ((n = sys_netlink_recv(watch_fd, mem, sizeof(mem), false)) != -EAGAIN) {
		struct nl_view rest = {mem, n > 0 ? (size_t)n : 0};

		if (n == -ENOBUFS || n == -EMSGSIZE)
			lost = true; /* we cannot know */
		else if (n <= 0)
			break;
		while ((m = nl_next(&rest)))
			note(m, table, &lost);
	}
	return lost;
}
