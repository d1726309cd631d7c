/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "net/net.h"
#include "net/rt.h"

#define MAX_SUBNETS 4096 /* a /12: 172.16.0.0/12 whole */
#define TRIES	    5

/** struct pool - which /24s of it something of the machine overlaps */
struct pool {
	uint32_t base;
	uint32_t n_subnets;
	uint8_t busy[MAX_SUBNETS / 8];
	uint32_t bridge; /* interface, 0 = not there */
	uint32_t bridge_ip;
	uint8_t bridge_prefix;
};

static int pool_parse(struct pool *p, const char *text, struct err *e)
{
	struct span prefix, ip;
	char dst[16];
	uint32_t len;
	bool slash;

	memset(p, 0, sizeof(*p));
	ip = span_cut(span_of(text), '/', &prefix, &slash);
	if (str_copy_n(dst, sizeof(dst), ip.p, ip.len) < 0 || net_parse_ip4(dst, &p->base) < 0 ||
	    num_u32(prefix, 24, &len) < 0 || len < 12 || p->base & UINT32_MAX >> len)
		return err_text(e, -EINVAL,
				"CONFIG_NET_POOL \"%s\": expected a network of /12 to /24", text);
	p->n_subnets = 1u << (24 - len);
	return 0;
}

static void mark_busy(uint32_t ip, uint8_t prefix, uint32_t index, void *arg)
{
	struct pool *p = arg;
	uint32_t mask = prefix ? UINT32_MAX << (32 - prefix) : 0;
	uint32_t i;

	(void)index;
	if (!prefix) /* a default route goes everywhere and claims nothing */
		return;
	for (i = 0; i < p->n_subnets; i++) {
		uint32_t subnet = p->base + i * 256, common = prefix < 24 ? mask : 0xffffff00u;

		if (!((ip ^ subnet) & common))
			p->busy[i / 8] |= (uint8_t)(1u << i % 8);
	}
}

static void mark_address(uint32_t ip, uint8_t prefix, uint32_t index, void *arg)
{
	struct pool *p = arg;

	if (p->bridge && index == p->bridge && !p->bridge_ip) {
		p->bridge_ip = ip;
		p->bridge_prefix = prefix;
	}
	mark_busy(ip, prefix, index, arg);
}

static int survey(struct pool *p, const char *bridge, struct err *e)
{
	struct rt rt;
	int r;

	r = rt_open(&rt, -1, e);
	if (r == 0)
		r = rt_link_find(&rt, bridge, &p->bridge, NULL, e);
	if (r == -ENODEV)
		r = 0;
	if (r == 0)
		r = rt_addr_each(&rt, mark_address, p, e);
	if (r == 0)
		r = rt_route_each(&rt, mark_busy, p, e);
	rt_close(&rt);
	return r;
}

static void set(struct net_network *n, uint32_t subnet)
{
	n->subnet = subnet;
	n->prefix = 24;
	n->gateway = subnet + 1;
}

int net_pick_subnet(struct net_network *n, struct err *e)
{
	static struct pool p;
	struct err mine = {0};
	uint32_t i;
	int r, tries = 0;

	do {
		r = pool_parse(&p, CONFIG_NET_POOL, &mine);
		if (r == 0)
			r = survey(&p, n->bridge, &mine);
	} while (r == -EINTR && ++tries < TRIES);
	if (r < 0) {
		if (e)
			*e = mine;
		return r;
	}
	if (p.bridge_ip && p.bridge_prefix == 24) {
		set(n, p.bridge_ip & 0xffffff00u);
		n->gateway = p.bridge_ip;
		return 0;
	}
	for (i = 0; i < p.n_subnets; i++) {
		if (p.busy[i / 8] >> i % 8 & 1)
			continue;
		set(n, p.base + i * 256);
		return 0;
	}
	return err_text(e, -EADDRNOTAVAIL,
			"network %s: every /24 of CONFIG_NET_POOL (" CONFIG_NET_POOL
			") overlaps an address or route",
			n->name);
}
