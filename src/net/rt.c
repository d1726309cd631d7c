/* SPDX-License-Identifier: Apache-2.0 */
#include "net/rt.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/str.h"
#include "net/net.h"

int rt_open(struct rt *rt, int netns_fd, struct err *e)
{
	nl_buf_init(&rt->b, rt->mem, sizeof(rt->mem));
	rt->nl.fd = -1;
	return nl_open(&rt->nl, NETLINK_ROUTE, netns_fd, e);
}

void rt_close(struct rt *rt)
{
	nl_close(&rt->nl);
}

static int talk(struct rt *rt, nl_reply *reply, void *arg, const char *what, const char *name,
		struct err *e)
{
	char text[96];

	snprintf(text, sizeof(text), "%s %s", what, name);
	nl_end(&rt->b);
	return nl_talk(&rt->nl, &rt->b, reply, arg, text, e);
}

static void begin_link(struct nl_buf *b, uint16_t type, uint16_t flags, const struct ifinfomsg *m)
{
	nl_buf_reset(b);
	nl_begin(b, type, flags | NLM_F_ACK, m, sizeof(*m));
}

/* Interfaces */

struct found {
	uint32_t index;
	char kind[16];
};

static void link_reply(const struct nlmsghdr *m, void *arg)
{
	struct found *f = arg;
	struct ifinfomsg info;
	struct nl_view linkinfo;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_HDRLEN + sizeof(info))
		return;
	memcpy(&info, NLMSG_DATA(m), sizeof(info));
	f->index = (uint32_t)info.ifi_index;
	if (nl_find(nl_attrs(m, sizeof(info)), IFLA_LINKINFO, &linkinfo))
		nl_find_str(linkinfo, IFLA_INFO_KIND, f->kind, sizeof(f->kind));
}

int rt_link_find(struct rt *rt, const char *name, uint32_t *ret_index, char ret_kind[16],
		 struct err *e)
{
	struct ifinfomsg m = {.ifi_family = AF_UNSPEC};
	struct found f = {0};
	struct err mine = {0};
	int r;

	begin_link(&rt->b, RTM_GETLINK, 0, &m);
	nl_put_str(&rt->b, IFLA_IFNAME, name);
	r = talk(rt, link_reply, &f, "look up interface", name, &mine);
	if (r == -ENODEV)
		return r;
	if (r < 0) {
		if (e)
			*e = mine;
		return r;
	}
	if (!f.index)
		return err_text(e, -EPROTO, "look up interface %s: no answer", name);
	*ret_index = f.index;
	if (ret_kind)
		memcpy(ret_kind, f.kind, sizeof(f.kind));
	return 0;
}

int rt_link_up(struct rt *rt, uint32_t index, struct err *e)
{
	struct ifinfomsg m = {.ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

	begin_link(&rt->b, RTM_NEWLINK, 0, &m);
	return talk(rt, NULL, NULL, "bring interface up", "", e);
}

int rt_link_delete(struct rt *rt, const char *name, struct err *e)
{
	struct ifinfomsg m = {.ifi_family = AF_UNSPEC};
	struct err mine = {0};
	int r;

	begin_link(&rt->b, RTM_DELLINK, 0, &m);
	nl_put_str(&rt->b, IFLA_IFNAME, name);
	r = talk(rt, NULL, NULL, "delete interface", name, &mine);
	if (r == -ENODEV)
		return 0;
	if (r < 0 && e)
		*e = mine;
	return r;
}

static int named(int r, const char *feature, const char *config, struct err *e)
{
	if (r != -EOPNOTSUPP)
		return r;
	return err_text(e, r, "kernel without %s: needs %s", feature, config);
}

void rt_put_bridge(struct nl_buf *b, const struct net_network *n)
{
	struct ifinfomsg m = {.ifi_family = AF_UNSPEC};
	/* a fixed address: by itself a bridge takes the lowest of its ports and changes with them */
	uint8_t mac[6];
	size_t info;

	net_mac(mac, n->gateway);
	begin_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &m);
	nl_put_str(b, IFLA_IFNAME, n->bridge);
	nl_put(b, IFLA_ADDRESS, mac, sizeof(mac));
	nl_put_str(b, IFLA_IFALIAS, n->name);
	info = nl_nest(b, IFLA_LINKINFO);
	nl_put_str(b, IFLA_INFO_KIND, "bridge");
	nl_nest_end(b, info);
}

int rt_bridge_add(struct rt *rt, const struct net_network *n, struct err *e)
{
	rt_put_bridge(&rt->b, n);
	return named(talk(rt, NULL, NULL, "add bridge", n->bridge, e), "bridges",
		     "CONFIG_BRIDGE (module bridge)", e);
}

void rt_put_veth(struct nl_buf *b, const struct net_attachment *a, uint32_t bridge, int netns_fd)
{
	struct ifinfomsg m = {.ifi_family = AF_UNSPEC};
	size_t info, data, peer;

	begin_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &m);
	nl_put_str(b, IFLA_IFNAME, a->host_if);
	nl_put_u32(b, IFLA_MASTER, bridge);
	info = nl_nest(b, IFLA_LINKINFO);
	nl_put_str(b, IFLA_INFO_KIND, "veth");
	data = nl_nest(b, IFLA_INFO_DATA);
	peer = b->len;
	nl_put(b, VETH_INFO_PEER | NLA_F_NESTED, &m,
	       sizeof(m)); /* a link message inside the attribute */
	nl_put_str(b, IFLA_IFNAME, a->ifname);
	nl_put(b, IFLA_ADDRESS, a->mac, sizeof(a->mac));
	nl_put_u32(b, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	nl_nest_end(b, peer);
	nl_nest_end(b, data);
	nl_nest_end(b, info);
}

int rt_veth_add(struct rt *rt, const struct net_attachment *a, uint32_t bridge, int netns_fd,
		struct err *e)
{
	rt_put_veth(&rt->b, a, bridge, netns_fd);
	return named(talk(rt, NULL, NULL, "add veth pair", a->host_if, e), "veth pairs",
		     "CONFIG_VETH (module veth)", e);
}

int rt_bridge_hairpin(struct rt *rt, uint32_t index, struct err *e)
{
	struct ifinfomsg m = {.ifi_family = AF_BRIDGE, .ifi_index = (int)index};
	size_t port;

	begin_link(&rt->b, RTM_SETLINK, 0, &m);
	port = nl_nest(&rt->b, IFLA_PROTINFO);
	nl_put_u8(&rt->b, IFLA_BRPORT_MODE, 1);
	nl_nest_end(&rt->b, port);
	return talk(rt, NULL, NULL, "set bridge port", "", e);
}

/* Addresses and routes */

static void put_addr(struct nl_buf *b, uint16_t type, uint16_t flags, uint32_t index, uint32_t ip,
		     uint8_t prefix)
{
	struct ifaddrmsg m = {.ifa_family = AF_INET, .ifa_prefixlen = prefix, .ifa_index = index};
	uint32_t host_bits = prefix >= 32 ? 0 : UINT32_MAX >> prefix;

	nl_buf_reset(b);
	nl_begin(b, type, flags | NLM_F_ACK, &m, sizeof(m));
	nl_put_be32(b, IFA_LOCAL, ip);
	nl_put_be32(b, IFA_ADDRESS, ip);
	if (prefix < 31)
		nl_put_be32(b, IFA_BROADCAST, ip | host_bits);
}

void rt_put_addr(struct nl_buf *b, uint32_t index, uint32_t ip, uint8_t prefix)
{
	put_addr(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, ip, prefix);
}

int rt_addr_add(struct rt *rt, uint32_t index, uint32_t ip, uint8_t prefix, struct err *e)
{
	struct err mine = {0};
	char text[16];
	int r;

	rt_put_addr(&rt->b, index, ip, prefix);
	r = talk(rt, NULL, NULL, "add address", net_format_ip4(text, ip), &mine);
	if (r == -EEXIST)
		return 0;
	if (r < 0 && e)
		*e = mine;
	return r;
}

int rt_addr_delete(struct rt *rt, uint32_t index, uint32_t ip, uint8_t prefix, struct err *e)
{
	char text[16];

	put_addr(&rt->b, RTM_DELADDR, 0, index, ip, prefix);
	return talk(rt, NULL, NULL, "delete address", net_format_ip4(text, ip), e);
}

void rt_put_route(struct nl_buf *b, uint32_t index, uint32_t gateway)
{
	struct rtmsg m = {.rtm_family = AF_INET,
			  .rtm_table = RT_TABLE_MAIN,
			  .rtm_protocol = RTPROT_BOOT,
			  .rtm_scope = RT_SCOPE_UNIVERSE,
			  .rtm_type = RTN_UNICAST};

	nl_buf_reset(b);
	nl_begin(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, &m, sizeof(m));
	nl_put_be32(b, RTA_GATEWAY, gateway);
	nl_put_u32(b, RTA_OIF, index);
}

int rt_route_default(struct rt *rt, uint32_t index, uint32_t gateway, struct err *e)
{
	char text[16];

	rt_put_route(&rt->b, index, gateway);
	return talk(rt, NULL, NULL, "add default route by", net_format_ip4(text, gateway), e);
}

struct each {
	rt_each *f;
	void *arg;
};

static void addr_reply(const struct nlmsghdr *m, void *arg)
{
	const struct each *x = arg;
	struct ifaddrmsg a;
	uint32_t ip;

	if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_HDRLEN + sizeof(a))
		return;
	memcpy(&a, NLMSG_DATA(m), sizeof(a));
	if (a.ifa_family == AF_INET && nl_find_be32(nl_attrs(m, sizeof(a)), IFA_LOCAL, &ip))
		x->f(ip, a.ifa_prefixlen, a.ifa_index, x->arg);
}

static void route_reply(const struct nlmsghdr *m, void *arg)
{
	const struct each *x = arg;
	struct nl_view attrs;
	struct rtmsg rt;
	uint32_t ip, index = 0;

	if (m->nlmsg_type != RTM_NEWROUTE || m->nlmsg_len < NLMSG_HDRLEN + sizeof(rt))
		return;
	memcpy(&rt, NLMSG_DATA(m), sizeof(rt));
	attrs = nl_attrs(m, sizeof(rt));
	nl_find_u32(attrs, RTA_OIF, &index);
	if (rt.rtm_family == AF_INET && nl_find_be32(attrs, RTA_DST, &ip))
		x->f(ip, rt.rtm_dst_len, index, x->arg);
}

static int dump(struct rt *rt, uint16_t type, nl_reply *reply, rt_each *f, void *arg,
		const char *what, struct err *e)
{
	struct rtgenmsg m = {.rtgen_family = AF_INET};
	struct each x = {f, arg};

	nl_buf_reset(&rt->b);
	nl_begin(&rt->b, type, NLM_F_DUMP, &m, sizeof(m));
	return talk(rt, reply, &x, "list", what, e);
}

int rt_addr_each(struct rt *rt, rt_each *f, void *arg, struct err *e)
{
	return dump(rt, RTM_GETADDR, addr_reply, f, arg, "addresses", e);
}

int rt_route_each(struct rt *rt, rt_each *f, void *arg, struct err *e)
{
	return dump(rt, RTM_GETROUTE, route_reply, f, arg, "routes", e);
}
