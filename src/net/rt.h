/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "msg/netlink.h"

/*
 * rtnetlink: interfaces, addresses, routes of one namespace. Names of interfaces are at most 15
 * bytes, addresses are in host byte order.
 */

struct net_network;
struct net_attachment;

/** struct rt - a conversation about one namespace; caller's memory */
struct rt {
	struct nl nl;
	struct nl_buf b;
	_Alignas(4) uint8_t mem[512];
};

int rt_open(struct rt *rt, int netns_fd, struct err *e); /* -1 = our own namespace */
void rt_close(struct rt *rt);

/** rt_link_find() - Return: 0; -ENODEV (not explained in @e); -errno. @ret_kind may be NULL */
int rt_link_find(struct rt *rt, const char *name, uint32_t *ret_index, char ret_kind[16],
		 struct err *e);
int rt_link_up(struct rt *rt, uint32_t index, struct err *e);
int rt_link_delete(struct rt *rt, const char *name, struct err *e); /* -ENODEV is success */

/** rt_bridge_add() - Return: 0; -EEXIST; -EOPNOTSUPP kernel without bridges, named */
int rt_bridge_add(struct rt *rt, const struct net_network *n, struct err *e);

/** rt_veth_add() - both ends in one request: the outer a port of @bridge, the inner in @netns_fd.
 *  Return: 0; -EEXIST; -EOPNOTSUPP kernel without veth, named */
int rt_veth_add(struct rt *rt, const struct net_attachment *a, uint32_t bridge, int netns_fd,
		struct err *e);

/** rt_bridge_hairpin() - let the bridge send frames back out of the port @index they came from */
int rt_bridge_hairpin(struct rt *rt, uint32_t index, struct err *e);

int rt_addr_add(struct rt *rt, uint32_t index, uint32_t ip, uint8_t prefix,
		struct err *e); /* -EEXIST is success */
int rt_addr_delete(struct rt *rt, uint32_t index, uint32_t ip, uint8_t prefix, struct err *e);
int rt_route_default(struct rt *rt, uint32_t index, uint32_t gateway,
		     struct err *e); /* replaces the one there is */

/** rt_addr_each(), rt_route_each() - all IPv4 addresses, all IPv4 routes of every table. The call-back gets the
 *  network (or address), its prefix length and the interface (0 = none). Return: 0; -EINTR changed meanwhile */
typedef void rt_each(uint32_t ip, uint8_t prefix, uint32_t index, void *arg);
int rt_addr_each(struct rt *rt, rt_each *f, void *arg, struct err *e);
int rt_route_each(struct rt *rt, rt_each *f, void *arg, struct err *e);

/* The requests alone, for the tests */
void rt_put_bridge(struct nl_buf *b, const struct net_network *n);
void rt_put_veth(struct nl_buf *b, const struct net_attachment *a, uint32_t bridge, int netns_fd);
void rt_put_addr(struct nl_buf *b, uint32_t index, uint32_t ip, uint8_t prefix);
void rt_put_route(struct nl_buf *b, uint32_t index, uint32_t gateway);
