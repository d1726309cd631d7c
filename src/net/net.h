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

#define NET_NAME_MAX 16 /* IFNAMSIZ */
#define NET_MAX_NETWORKS 16
#define NET_MAX_PORTS 256

/** struct net_network - one bridge network */
struct net_network {
	char name[64];		   /* Compose name, for messages */
	char bridge[NET_NAME_MAX]; /* interface: "cleat0", derived from the engine's run directory and name by net_bridge_name() */
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

void net_bridge_name(char dst[static NET_NAME_MAX], const char *run_path, const char *network);

/** net_pick_subnet() - first free /24 of the pool CONFIG_NET_POOL that overlaps no address or route of the machine. Return: 0; -EADDRNOTAVAIL */
int net_pick_subnet(struct net_network *n, struct err *e);

/** net_bridge_up() - make the bridge if missing, set address, up, ip_forward; idempotent */
int net_bridge_up(const struct net_network *n, struct err *e);
int net_bridge_down(const struct net_network *n, struct err *e); /* -ENODEV is success */

/** struct net_attachment - one container's interface */
struct net_attachment {
	const struct net_network *network;
	char ifname[NET_NAME_MAX];   /* inside: "eth0" */
	char host_if[NET_NAME_MAX];  /* outside, chosen by the caller, unique */
	uint32_t ip;		     /* from net_ipam */
	uint8_t mac[6];		     /* 02:42: + ip as Docker does */
	bool default_route;
};

/** net_attach() - veth pair, one end into the namespace @netns_fd with address, route and lo up; all or nothing */
int net_attach(const struct net_attachment *a, int netns_fd, struct err *e);
int net_detach(const struct net_attachment *a, struct err *e); /* idempotent */

/** net_loopback_up() - for containers with no network but their own */
int net_loopback_up(int netns_fd, struct err *e);

/** struct net_ipam - addresses of one network in use; caller's memory; rebuilt at adoption */
struct net_ipam {
	uint32_t subnet;
	uint8_t prefix;
	uint64_t used[4]; /* /24: one bit a host */
	uint8_t next;
};
void net_ipam_init(struct net_ipam *i, const struct net_network *n); /* network, broadcast and gateway are taken */
int net_ipam_take(struct net_ipam *i, uint32_t want, uint32_t *ret_ip); /* want 0 = next free, least recently used first. -EADDRINUSE; -EADDRNOTAVAIL full */
void net_ipam_give(struct net_ipam *i, uint32_t ip);

/**
 * net_rules_apply() - replace the engine's nft table with exactly these rules in one netlink batch
 * @table: "cleat" or "cleat-<hash>" for a second engine, from net_table_name()
 *
 * Masquerade for each non-internal network, DNAT for each port (also from the host itself and from
 * containers, hairpin), isolation between networks, published loopback ports unreachable from
 * outside (moby CVE-2025-54410). Return: 0; -EOPNOTSUPP kernel without nf_tables (named).
 */
int net_rules_apply(const char *table, const struct net_network *nets, size_t n_nets,
		    const struct net_port *ports, size_t n_ports, struct err *e);
int net_rules_remove(const char *table, struct err *e);
void net_table_name(char dst[static 32], const char *run_path);

/** net_host_address() - static address of a machine that cleat boots: interface up, address, default route */
int net_host_address(const char *ifname, uint32_t ip, uint8_t prefix, uint32_t gateway, struct err *e);

/** net_parse_ip4()/net_format_ip4() - dotted quad, host byte order; no leading zeros */
int net_parse_ip4(const char *text, uint32_t *ret_ip);
char *net_format_ip4(char dst[static 16], uint32_t ip);
