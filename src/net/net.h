/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Bridges, veth pairs, addresses, routes and the nft table of one engine, by netlink alone.
 * Calls block only on the kernel (no timers, no names to resolve). IPv4 for now.
 */

#define NET_NAME_MAX	 16 /* IFNAMSIZ */
#define NET_MAX_NETWORKS 16
#define NET_MAX_PORTS	 256

/** struct net_network - one bridge network */
struct net_network {
	char name[64];		   /* Compose name, for messages */
	char bridge[NET_NAME_MAX]; /* interface, from net_bridge_name() */
	uint32_t subnet;	   /* host byte order, e.g. 172.30.1.0 */
	uint8_t prefix;		   /* 24 */
	uint32_t gateway;	   /* the bridge's own address */
	bool internal;		   /* no masquerade, no default route */
};

struct net_port {
	uint32_t host_ip; /* 0 = all local addresses */
	uint16_t host_port, container_port;
	bool udp;
	uint32_t container_ip;
};

/** net_bridge_name() - "cleat-" + hash over the engine's run directory and the network's name: the same after a restart */
void net_bridge_name(char dst[static NET_NAME_MAX], const char *run_path, const char *network);

/**
 * net_pick_subnet() - set subnet, prefix and gateway of @n: those that its bridge has (an engine that was restarted), otherwise
 * the first /24 of the pool CONFIG_NET_POOL that overlaps no address and no route of the machine
 *
 * Not seen: networks that are chosen but not up yet; so net_bridge_up() one before the next is picked.
 * Return: 0; -EADDRNOTAVAIL
 */
int net_pick_subnet(struct net_network *n, struct err *e);

/**
 * net_bridge_up() - make the bridge if missing, give it this address and no other, no IPv6, up; ip_forward; idempotent
 *
 * Return: 0; -EEXIST an interface of this name is no bridge; -EOPNOTSUPP kernel without bridges (named); -errno
 */
int net_bridge_up(const struct net_network *n, struct err *e);
int net_bridge_down(const struct net_network *n,
		    struct err *e); /* a bridge that is not there is success */

/** struct net_attachment - one container's interface */
struct net_attachment {
	const struct net_network *network;
	char ifname[NET_NAME_MAX];  /* inside: "eth0" */
	char host_if[NET_NAME_MAX]; /* outside, chosen by the caller, unique */
	uint32_t ip;		    /* from net_ipam */
	uint8_t mac[6];		    /* 02:42: + ip as Docker does */
	bool default_route;
};

/**
 * net_attach() - veth pair, one end into the namespace @netns_fd with address, route and lo up, without IPv6
 *
 * All or nothing. An interface called host_if that is there already is what a crash left, and is replaced.
 * The bridge must be up.
 */
int net_attach(const struct net_attachment *a, int netns_fd, struct err *e);
int net_detach(const struct net_attachment *a,
	       struct err *e); /* idempotent; also done by the end of the namespace */

/** net_mac() - 02:42: + the address, so that a reused address keeps its neighbours' ARP entries valid */
void net_mac(uint8_t dst[static 6], uint32_t ip);

/** net_loopback_up() - for containers with no network but their own */
int net_loopback_up(int netns_fd, struct err *e);

/** struct net_ipam - addresses of one network in use; caller's memory; rebuilt at adoption */
struct net_ipam {
	uint32_t subnet;
	uint32_t gateway;
	uint8_t prefix;
	uint64_t used[4]; /* /24: one bit a host */
	uint8_t next;
};
void net_ipam_init(struct net_ipam *i,
		   const struct net_network *n); /* network, broadcast and gateway are taken */
/* want 0 = next free, least recently used first. -EADDRINUSE; -EADDRNOTAVAIL full */
int net_ipam_take(struct net_ipam *i, uint32_t want, uint32_t *ret_ip);
void net_ipam_give(struct net_ipam *i, uint32_t ip);

/**
 * net_rules_apply() - replace the engine's nft table with exactly these rules, in one transaction
 * @table: from net_table_name()
 *
 * Masquerade for each non-internal network; DNAT for each port, also from the host itself and from containers
 * (hairpin); networks are isolated from each other and from outside except by published ports; ports published
 * on a loopback address are unreachable from outside (moby CVE-2025-54410). The client's address is kept, except
 * where the answer would not come back to us (same bridge, loopback). Sets route_localnet on the bridges that
 * have a port reachable by 127.0.0.1, and on no other.
 *
 * Either all rules are in force afterwards or those from before.
 *
 * Return: 0; -EOPNOTSUPP the kernel lacks nf_tables or an expression (named); -EADDRINUSE two ports collide
 * (named); -EINVAL a port of no network; -E2BIG more than NET_MAX_NETWORKS or NET_MAX_PORTS; -errno.
 */
int net_rules_apply(const char *table, const struct net_network *nets, size_t n_nets,
		    const struct net_port *ports, size_t n_ports, struct err *e);
int net_rules_remove(const char *table, struct err *e); /* a table that is not there is success */

/** net_rules_watch() - descriptor that is readable when some nft table was deleted ("nft flush ruleset", firewall
 *  reload). Return: fd for the caller to poll and close; -errno */
int net_rules_watch(struct err *e);

/** net_rules_lost() - read what came; does not block. Return: true if @table was deleted and not made again, or if
 *  notifications were lost: apply again */
bool net_rules_lost(int watch_fd, const char *table);

/** net_table_name() - "cleat" for the run directory /run/cleat, "cleat-<hash>" for any other */
void net_table_name(char dst[static 32], const char *run_path);

/** net_host_address() - static address of a machine that cleat boots: interface up, address, default route */
int net_host_address(const char *ifname, uint32_t ip, uint8_t prefix, uint32_t gateway,
		     struct err *e);

/** net_parse_ip4()/net_format_ip4() - dotted quad, host byte order; no leading zeros */
int net_parse_ip4(const char *text, uint32_t *ret_ip);
char *net_format_ip4(char dst[static 16], uint32_t ip);
