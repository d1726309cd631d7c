/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bridges and the containers' interfaces. The namespace of a container is never entered: its
 * interface is created inside it by the request that creates the pair, and what follows goes over a
 * socket that was opened there (sys/netns.h).
 */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "net/net.h"
#include "net/rt.h"
#include "net/sysctl.h"

#define MAX_STALE      8
#define LOOPBACK_INDEX 1 /* of every network namespace */

/* Bridge */

struct stale {
	const struct net_network *n;
	uint32_t index;
	struct {
		uint32_t ip;
		uint8_t prefix;
	} old[MAX_STALE];
	size_t n_old;
};

static void collect_stale(uint32_t ip, uint8_t prefix, uint32_t index, void *arg)
{
	struct stale *s = arg;

	if (index != s->index || (ip == s->n->gateway && prefix == s->n->prefix))
		return;
	if (s->n_old == MAX_STALE)
		return;
	s->old[s->n_old].ip = ip;
	s->old[s->n_old++].prefix = prefix;
}

/* the address and no other: a bridge that was left with an old subnet would route it */
static int set_address(struct rt *rt, const struct net_network *n, uint32_t index, struct err *e)
{
	struct stale s = {.n = n, .index = index};
	size_t i;
	int r;

	r = rt_addr_each(rt, collect_stale, &s, e);
	for (i = 0; r == 0 && i < s.n_old; i++)
		r = rt_addr_delete(rt, index, s.old[i].ip, s.old[i].prefix, e);
	return r < 0 ? r : rt_addr_add(rt, index, n->gateway, n->prefix, e);
}

static int find_or_add(struct rt *rt, const struct net_network *n, uint32_t *ret_index,
		       struct err *e)
{
	char kind[16] = "";
	int r = rt_link_find(rt, n->bridge, ret_index, kind, e);

	if (r == -ENODEV) {
		r = rt_bridge_add(rt, n, e);
		return r < 0 ? r : rt_link_find(rt, n->bridge, ret_index, NULL, e);
	}
	if (r == 0 && !str_eq(kind, "bridge"))
		return err_text(e, -EEXIST, "interface %s exists and is no bridge but %s",
				n->bridge, *kind ? kind : "a device");
	return r;
}

int net_bridge_up(const struct net_network *n, struct err *e)
{
	uint32_t index;
	struct rt rt;
	int r;

	r = rt_open(&rt, -1, e);
	if (r == 0)
		r = find_or_add(&rt, n, &index, e);
	/* containers must not configure the host by router advertisements (moby CVE-2020-13401) */
	if (r == 0)
		r = sysctl_no_ipv6(-1, n->bridge, e);
	if (r == 0)
		r = set_address(&rt, n, index, e);
	if (r == 0)
		r = rt_link_up(&rt, index, e);
	if (r == 0 && !n->internal)
		r = sysctl_set(-1, "ipv4/ip_forward", "1", e);
	rt_close(&rt);
	return r < 0 ? (err_wrap(e, "network %s", n->name), r) : 0;
}

int net_bridge_down(const struct net_network *n, struct err *e)
{
	struct rt rt;
	int r;

	r = rt_open(&rt, -1, e);
	if (r == 0)
		r = rt_link_delete(&rt, n->bridge, e);
	rt_close(&rt);
	return r < 0 ? (err_wrap(e, "network %s", n->name), r) : 0;
}

/* Containers */

static int loopback_up(struct rt *inside, struct err *e)
{
	int r = rt_link_up(inside, LOOPBACK_INDEX, e);

	return r < 0 ? (err_wrap(e, "loopback"), r) : 0;
}

static int set_up_inside(const struct net_attachment *a, int netns_fd, struct err *e)
{
	const struct net_network *n = a->network;
	struct rt inside;
	uint32_t index;
	int r;

	r = rt_open(&inside, netns_fd, e);
	if (r == 0)
		r = loopback_up(&inside, e);
	if (r == 0) {
		r = rt_link_find(&inside, a->ifname, &index, NULL, e);
		if (r == -ENODEV)
			err_set(e, r, "interface %s in the container", a->ifname);
	}
	if (r == 0)
		r = sysctl_no_ipv6(netns_fd, a->ifname, e);
	if (r == 0)
		r = rt_addr_add(&inside, index, a->ip, n->prefix, e);
	if (r == 0)
		r = rt_link_up(&inside, index, e);
	if (r == 0 && a->default_route && !n->internal)
		r = rt_route_default(&inside, index, n->gateway, e);
	rt_close(&inside);
	return r;
}

static int port_up(struct rt *rt, const struct net_attachment *a, struct err *e)
{
	uint32_t index;
	int r;

	r = rt_link_find(rt, a->host_if, &index, NULL, e);
	if (r == -ENODEV)
		return err_set(e, r, "interface %s", a->host_if);
	if (r == 0)
		r = sysctl_no_ipv6(-1, a->host_if, e);
	/*
	 * br_netfilter (docker turns it on) does our DNAT on bridged frames: a container that calls its
	 * own published port then is to get the frame back by the port it came from.
	 */
	if (r == 0 && sysctl_is(-1, "bridge/bridge-nf-call-iptables", "1"))
		r = rt_bridge_hairpin(rt, index, e);
	return r < 0 ? r : rt_link_up(rt, index, e);
}

static int attach(struct rt *rt, const struct net_attachment *a, int netns_fd, struct err *e)
{
	uint32_t bridge;
	int r;

	r = rt_link_find(rt, a->network->bridge, &bridge, NULL, e);
	if (r == -ENODEV)
		return err_set(e, r, "bridge %s", a->network->bridge);
	if (r == 0)
		r = rt_link_delete(rt, a->host_if, e);
	/* before the interface is there, so that it never has a link-local address (moby CVE-2024-32473) */
	if (r == 0)
		r = sysctl_no_ipv6(netns_fd, "default", e);
	if (r == 0)
		r = rt_veth_add(rt, a, bridge, netns_fd, e);
	if (r < 0)
		return r;
	r = set_up_inside(a, netns_fd, e);
	if (r == 0)
		r = port_up(rt, a, e);
	if (r < 0)
		rt_link_delete(rt, a->host_if, NULL); /* takes its peer along */
	return r;
}

int net_attach(const struct net_attachment *a, int netns_fd, struct err *e)
{
	struct rt rt;
	int r;

	r = rt_open(&rt, -1, e);
	if (r == 0)
		r = attach(&rt, a, netns_fd, e);
	rt_close(&rt);
	return r < 0 ? (err_wrap(e, "connect to network %s", a->network->name), r) : 0;
}

int net_detach(const struct net_attachment *a, struct err *e)
{
	struct rt rt;
	int r;

	r = rt_open(&rt, -1, e);
	if (r == 0)
		r = rt_link_delete(&rt, a->host_if, e);
	rt_close(&rt);
	return r < 0 ? (err_wrap(e, "disconnect from network %s", a->network->name), r) : 0;
}

int net_loopback_up(int netns_fd, struct err *e)
{
	struct rt inside;
	int r;

	r = rt_open(&inside, netns_fd, e);
	if (r == 0)
		r = loopback_up(&inside, e);
	rt_close(&inside);
	return r;
}

/* Host */

int net_host_address(const char *ifname, uint32_t ip, uint8_t prefix, uint32_t gateway,
		     struct err *e)
{
	uint32_t index;
	struct rt rt;
	int r;

	r = rt_open(&rt, -1, e);
	if (r == 0)
		r = loopback_up(&rt, e);
	if (r == 0) {
		r = rt_link_find(&rt, ifname, &index, NULL, e);
		if (r == -ENODEV)
			err_set(e, r, "interface %s", ifname);
	}
	if (r == 0)
		r = rt_addr_add(&rt, index, ip, prefix, e);
	if (r == 0)
		r = rt_link_up(&rt, index, e);
	if (r == 0 && gateway)
		r = rt_route_default(&rt, index, gateway, e);
	rt_close(&rt);
	return r;
}
