/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of one network, one bit each. The next free one is searched behind the last one given,
 * so a freed address rests as long as possible: a peer that still has it in its ARP table or in a
 * long connection does not reach a stranger.
 */
#include <errno.h>

#include "net/net.h"

static uint32_t n_addresses(const struct net_ipam *i)
{
	return i->prefix >= 32 ? 1 : i->prefix <= 24 ? 256 : 1u << (32 - i->prefix);
}

static bool used(const struct net_ipam *i, uint32_t host)
{
	return i->used[host / 64] >> host % 64 & 1;
}

static void mark(struct net_ipam *i, uint32_t host)
{
	i->used[host / 64] |= UINT64_C(1) << host % 64;
}

void net_ipam_init(struct net_ipam *i, const struct net_network *n)
{
	*i = (struct net_ipam){.subnet = n->subnet, .gateway = n->gateway, .prefix = n->prefix};
	mark(i, 0);
	mark(i, n_addresses(i) - 1);
	if (n->gateway - n->subnet < n_addresses(i))
		mark(i, n->gateway - n->subnet);
}

static int give_out(struct net_ipam *i, uint32_t host, uint32_t *ret_ip)
{
	mark(i, host);
	*ret_ip = i->subnet + host;
	return 0;
}

int net_ipam_take(struct net_ipam *i, uint32_t want, uint32_t *ret_ip)
{
	uint32_t n = n_addresses(i), k;

	if (want) {
		if (want - i->subnet >= n)
			return -EADDRNOTAVAIL;
		return used(i, want - i->subnet) ? -EADDRINUSE
						 : give_out(i, want - i->subnet, ret_ip);
	}
	for (k = 0; k < n; k++) {
		uint32_t host = (i->next + k) % n;

		if (used(i, host))
			continue;
		i->next = (uint8_t)(host + 1);
		return give_out(i, host, ret_ip);
	}
	return -EADDRNOTAVAIL;
}

void net_ipam_give(struct net_ipam *i, uint32_t ip)
{
	uint32_t host = ip - i->subnet, last = n_addresses(i) - 1;

	if (host > 0 && host < last && ip != i->gateway)
		i->used[host / 64] &= ~(UINT64_C(1) << host % 64);
}
