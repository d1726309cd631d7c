/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may talk to what. Five chains, in the order a packet meets them:
 *
 *   early        nothing that comes from outside is from or to 127.0.0.0/8
 *   prerouting   a published port of one of our addresses -> the container
 *   output       the same for the machine itself
 *   forward      between networks and from outside: only what was published, and answers
 *   postrouting  the machine's address for what leaves a network, and where the answer would not
 *                come back to us otherwise
 *
 * Invariant: a container's address is reachable through the forward chain only by connections that
 * our own DNAT turned there, or within its network. The table says nothing about traffic that does
 * not touch our bridges, and is only one vote: another table's drop (docker's FORWARD policy) stays one.
 */
#include "net/rules.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "base/str.h"
#include "net/sysctl.h"

#define BATCH_BYTES    (NET_MAX_PORTS * 512 + NET_MAX_NETWORKS * 2048 + 8192)
#define LOOPBACK_IP    0x7f000000u
#define LOOPBACK_BITS  8
#define PRIORITY_RAW   (-300) /* before connection tracking: names of nft(8) "priority" */
#define PRIORITY_DNAT  (-100)
#define PRIORITY_OUT   PRIORITY_DNAT
#define PRIORITY_SNAT  100
#define PRIORITY_PLAIN 0
#define STATE_KNOWN    (NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED))

static bool inside(const struct net_network *n, uint32_t ip)
{
	return !n->prefix || (ip ^ n->subnet) >> (32 - n->prefix) == 0;
}

static bool is_loopback(uint32_t ip)
{
	return ip >> 24 == LOOPBACK_IP >> 24;
}

static void put_early(struct nft *t)
{
	nft_chain(t, "early", "filter", NF_INET_PRE_ROUTING, PRIORITY_RAW);
	/*
	 * DNAT comes before the routing decision that drops 127.0.0.1 from outside as a martian, so
	 * without this a port published on 127.0.0.1 is open to the neighbours (moby CVE-2025-54410),
	 * and route_localnet would let containers reach the machine's own loopback services.
	 */
	nft_rule(t, "early");
	nft_iif(t, false, "lo");
	nft_daddr(t, true, LOOPBACK_IP, LOOPBACK_BITS);
	nft_drop(t);
	nft_rule_end(t);
	nft_rule(t, "early");
	nft_iif(t, false, "lo");
	nft_saddr(t, true, LOOPBACK_IP, LOOPBACK_BITS);
	nft_drop(t);
	nft_rule_end(t);
}

static void put_port(struct nft *t, const struct net_port *p)
{
	nft_rule(t, "ports");
	if (p->host_ip)
		nft_daddr(t, true, p->host_ip, 32);
	nft_dport(t, p->udp, p->host_port);
	nft_dnat(t, p->container_ip, p->container_port);
	nft_rule_end(t);
}

static void put_ports(struct nft *t, const struct net_port *ports, size_t n_ports)
{
	size_t i;

	nft_chain(t, "prerouting", "nat", NF_INET_PRE_ROUTING, PRIORITY_DNAT);
	nft_chain(t, "output", "nat", NF_INET_LOCAL_OUT, PRIORITY_OUT);
	if (!n_ports)
		return;
	nft_chain(t, "ports", NULL, 0, 0);
	for (i = 0; i < n_ports; i++)
		put_port(t, &ports[i]);
	nft_rule(t, "prerouting");
	nft_daddr_local(t);
	nft_jump(t, "ports");
	nft_rule_end(t);
	nft_rule(t, "output");
	nft_daddr_local(t);
	nft_jump(t, "ports");
	nft_rule_end(t);
}

static void put_forward(struct nft *t, const struct net_network *nets, size_t n_nets)
{
	size_t i;

	nft_chain(t, "forward", "filter", NF_INET_FORWARD, PRIORITY_PLAIN);
	nft_rule(t, "forward");
	nft_ct_state(t, STATE_KNOWN);
	nft_accept(t);
	nft_rule_end(t);
	for (i = 0; i < n_nets; i++) { /* bridged frames come here too where br_netfilter is on */
		nft_rule(t, "forward");
		nft_iif(t, true, nets[i].bridge);
		nft_oif(t, true, nets[i].bridge);
		nft_accept(t);
		nft_rule_end(t);
	}
	for (i = 0; i < n_nets; i++) {
		nft_rule(t, "forward");
		nft_oif(t, true, nets[i].bridge);
		nft_ct_status(t, IPS_DST_NAT);
		nft_accept(t);
		nft_rule_end(t);
	}
	for (i = 0; i < n_nets; i++) {
		nft_rule(t, "forward");
		nft_oif(t, true, nets[i].bridge);
		nft_drop(t);
		nft_rule_end(t);
		if (!nets[i].internal)
			continue;
		nft_rule(t, "forward");
		nft_iif(t, true, nets[i].bridge);
		nft_drop(t);
		nft_rule_end(t);
	}
}

static void put_postrouting(struct nft *t, const struct net_network *nets, size_t n_nets)
{
	size_t i;

	nft_chain(t, "postrouting", "nat", NF_INET_POST_ROUTING, PRIORITY_SNAT);
	for (i = 0; i < n_nets; i++) {
		const struct net_network *n = &nets[i];

		if (!n->internal) {
			nft_rule(t, "postrouting");
			nft_oif(t, false, n->bridge);
			nft_saddr(t, true, n->subnet, n->prefix);
			nft_masquerade(t);
			nft_rule_end(t);
		}
		/* to a neighbour by a published port: it would answer directly, from the wrong address */
		nft_rule(t, "postrouting");
		nft_oif(t, true, n->bridge);
		nft_saddr(t, true, n->subnet, n->prefix);
		nft_ct_status(t, IPS_DST_NAT);
		nft_masquerade(t);
		nft_rule_end(t);
		/* the machine itself by 127.0.0.1: the container's answer must not stay in its own loopback */
		nft_rule(t, "postrouting");
		nft_oif(t, true, n->bridge);
		nft_saddr(t, true, LOOPBACK_IP, LOOPBACK_BITS);
		nft_masquerade(t);
		nft_rule_end(t);
	}
}

void rules_put(struct nft *t, const struct net_network *nets, size_t n_nets,
	       const struct net_port *ports, size_t n_ports)
{
	nft_table_replace(t);
	put_early(t);
	put_ports(t, ports, n_ports);
	put_forward(t, nets, n_nets);
	put_postrouting(t, nets, n_nets);
}

static const struct net_network *network_of(const struct net_network *nets, size_t n_nets,
					    uint32_t ip)
{
	size_t i;

	for (i = 0; i < n_nets; i++)
		if (inside(&nets[i], ip))
			return &nets[i];
	return NULL;
}

static bool collide(const struct net_port *a, const struct net_port *b)
{
	return a->udp == b->udp && a->host_port == b->host_port &&
	       (!a->host_ip || !b->host_ip || a->host_ip == b->host_ip);
}

static int check_ports(const struct net_network *nets, size_t n_nets, const struct net_port *ports,
		       size_t n_ports, struct err *e)
{
	char ip[16];
	size_t i, k;

	for (i = 0; i < n_ports; i++) {
		const struct net_port *p = &ports[i];

		if (!p->host_port || !p->container_port ||
		    !network_of(nets, n_nets, p->container_ip))
			return err_text(e, -EINVAL,
					"port %u:%u: container address %s is in no network",
					p->host_port, p->container_port,
					net_format_ip4(ip, p->container_ip));
		for (k = 0; k < i; k++)
			if (collide(p, &ports[k]))
				return err_text(e, -EADDRINUSE, "port %u/%s is published twice",
						p->host_port, p->udp ? "udp" : "tcp");
	}
	return 0;
}

/* 127.0.0.1 as the source of a packet that leaves by the bridge is refused by the routing code without this */
static bool needs_localnet(const struct net_network *n, const struct net_port *ports,
			   size_t n_ports)
{
	size_t i;

	for (i = 0; i < n_ports; i++)
		if (inside(n, ports[i].container_ip) &&
		    (!ports[i].host_ip || is_loopback(ports[i].host_ip)))
			return true;
	return false;
}

static int set_localnet(const struct net_network *nets, size_t n_nets, const struct net_port *ports,
			size_t n_ports, bool on, struct err *e)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n_nets; i++)
		if (needs_localnet(&nets[i], ports, n_ports) == on)
			r = sysctl_set_if(-1, "ipv4", nets[i].bridge, "route_localnet",
					  on ? "1" : "0", e);
	return r;
}

int net_rules_apply(const char *table, const struct net_network *nets, size_t n_nets,
		    const struct net_port *ports, size_t n_ports, struct err *e)
{
	static _Alignas(4) uint8_t mem[BATCH_BYTES];
	struct nft t;
	int r;

	if (n_nets > NET_MAX_NETWORKS || n_ports > NET_MAX_PORTS)
		return err_text(e, -E2BIG, "%zu networks and %zu ports: at most %d and %d", n_nets,
				n_ports, NET_MAX_NETWORKS, NET_MAX_PORTS);
	r = check_ports(nets, n_nets, ports, n_ports, e);
	if (r < 0)
		return r;
	nft_begin(&t, mem, sizeof(mem), table);
	rules_put(&t, nets, n_nets, ports, n_ports);
	r = nft_commit(&t, e);
	/* off where it is not needed, on where it is: only when the rules that guard it are in force */
	if (r == 0)
		r = set_localnet(nets, n_nets, ports, n_ports, false, e);
	if (r == 0)
		r = set_localnet(nets, n_nets, ports, n_ports, true, e);
	return r;
}

int net_rules_remove(const char *table, struct err *e)
{
	_Alignas(4) uint8_t mem[512];
	struct nft t;

	nft_begin(&t, mem, sizeof(mem), table);
	nft_table_delete(&t);
	return nft_commit(&t, e);
}
