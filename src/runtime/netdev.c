/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request moves and renames, so nobody sees a device under a wrong name. The kernel takes the device
 * down and forgets its addresses on the way: they are read before, and given again after.
 */
#include "runtime/netdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "msg/netlink.h"
#include "runtime/namespaces.h"
#include "sys/fd.h"

#define MAX_ADDRS 64 /* of one device */

struct addr {
	struct ifaddrmsg m;
	uint8_t local[16], address[16], broadcast[4];
	size_t len, broadcast_len;
};

/** one device on its way */
struct moving {
	uint32_t index;
	struct addr addrs[MAX_ADDRS];
	size_t n;
	bool too_many;
};

static _Alignas(4) uint8_t mem[512];

static void begin(struct nl_buf *b, uint16_t type, uint16_t flags, const void *m, size_t len)
{
	nl_buf_init(b, mem, sizeof(mem));
	nl_begin(b, type, flags, m, len);
}

static int talk(struct nl *nl, struct nl_buf *b, nl_reply *reply, void *arg, const char *name,
		const char *what, struct err *e)
{
	char text[64];

	snprintf(text, sizeof(text), "network device %s: %s", name, what);
	nl_end(b);
	return nl_talk(nl, b, reply, arg, text, e);
}

static void link_reply(const struct nlmsghdr *m, void *arg)
{
	struct ifinfomsg info;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_HDRLEN + sizeof(info))
		return;
	memcpy(&info, NLMSG_DATA(m), sizeof(info));
	((struct moving *)arg)->index = (uint32_t)info.ifi_index;
}

static int find(struct nl *nl, const char *name, struct moving *d, struct err *e)
{
	struct ifinfomsg m = {.ifi_family = AF_UNSPEC};
	struct nl_buf b;
	int r;

	d->index = 0;
	begin(&b, RTM_GETLINK, NLM_F_ACK, &m, sizeof(m));
	nl_put_str(&b, IFLA_IFNAME, name);
	r = talk(nl, &b, link_reply, d, name, "look up", e);
	return r == 0 && !d->index ? err_set(e, -ENODEV, "network device %s", name) : r;
}

static size_t copy(struct nl_view attrs, uint16_t type, uint8_t *dst, size_t cap)
{
	struct nl_view v;

	if (!nl_find(attrs, type, &v) || v.len > cap)
		return 0;
	memcpy(dst, v.p, v.len);
	return v.len;
}

/* Kept: what somebody configured, and what is meant for more than this link. */
static void addr_reply(const struct nlmsghdr *m, void *arg)
{
	struct moving *d = arg;
	struct nl_view attrs;
	struct addr a = {0};
	uint32_t flags;

	if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_HDRLEN + sizeof(a.m))
		return;
	memcpy(&a.m, NLMSG_DATA(m), sizeof(a.m));
	attrs = nl_attrs(m, sizeof(a.m));
	if (!nl_find_u32(attrs, IFA_FLAGS, &flags))
		flags = a.m.ifa_flags;
	if (a.m.ifa_index != d->index || a.m.ifa_scope != RT_SCOPE_UNIVERSE ||
	    !(flags & IFA_F_PERMANENT))
		return;
	a.len = copy(attrs, IFA_ADDRESS, a.address, sizeof(a.address));
	if (!a.len)
		return;
	if (!copy(attrs, IFA_LOCAL, a.local, sizeof(a.local)))
		memcpy(a.local, a.address, sizeof(a.local));
	a.broadcast_len = copy(attrs, IFA_BROADCAST, a.broadcast, sizeof(a.broadcast));
	if (d->n < MAX_ADDRS)
		d->addrs[d->n++] = a;
	else
		d->too_many = true;
}

static int read_addrs(struct nl *nl, const char *name, struct moving *d, struct err *e)
{
	struct ifaddrmsg m = {.ifa_family = AF_UNSPEC};
	struct nl_buf b;
	int r;

	d->n = 0;
	d->too_many = false;
	begin(&b, RTM_GETADDR, NLM_F_DUMP, &m, sizeof(m));
	r = talk(nl, &b, addr_reply, d, name, "list addresses", e);
	return r == 0 && d->too_many
		       ? err_text(e, -E2BIG, "network device %s has more than %d addresses", name,
				  MAX_ADDRS)
		       : r;
}

static int send_away(struct nl *nl, uint32_t index, const char *name, const char *new_name,
		     int netns_fd, struct err *e)
{
	struct ifinfomsg m = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index};
	struct nl_buf b;

	begin(&b, RTM_NEWLINK, NLM_F_ACK, &m, sizeof(m));
	nl_put_u32(&b, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	nl_put_str(&b, IFLA_IFNAME, new_name);
	return talk(nl, &b, NULL, NULL, name, "move into the container", e);
}

static int give_addr(struct nl *nl, const char *name, const struct addr *a, uint32_t index,
		     struct err *e)
{
	struct ifaddrmsg m = {.ifa_family = a->m.ifa_family,
			      .ifa_prefixlen = a->m.ifa_prefixlen,
			      .ifa_index = index};
	struct nl_buf b;

	begin(&b, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &m, sizeof(m));
	nl_put(&b, IFA_LOCAL, a->local, a->len);
	nl_put(&b, IFA_ADDRESS, a->address, a->len);
	if (a->broadcast_len)
		nl_put(&b, IFA_BROADCAST, a->broadcast, a->broadcast_len);
	return talk(nl, &b, NULL, NULL, name, "give its address back", e);
}

/* In the container: addresses, then up. */
static int settle(struct nl *nl, const char *name, struct moving *d, struct err *e)
{
	struct ifinfomsg up = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct nl_buf b;
	int r = find(nl, name, d, e);

	for (size_t i = 0; i < d->n && r == 0; i++)
		r = give_addr(nl, name, &d->addrs[i], d->index, e);
	if (r < 0)
		return r;
	up.ifi_index = (int)d->index;
	begin(&b, RTM_NEWLINK, NLM_F_ACK, &up, sizeof(up));
	return talk(nl, &b, NULL, NULL, name, "set up", e);
}

static int move_one(struct nl *here, struct nl *there, const struct oci_netdev *dev, int netns_fd,
		    struct moving *d, bool *ret_moved, struct err *e)
{
	int r = find(here, dev->host, d, e);

	if (r == 0)
		r = read_addrs(here, dev->host, d, e);
	if (r == 0)
		r = send_away(here, d->index, dev->host, dev->inside, netns_fd, e);
	*ret_moved = r == 0;
	return r == 0 ? settle(there, dev->inside, d, e) : r;
}

/* Best effort; down, as the specification wants it. */
static void bring_back(struct nl *there, const struct oci_netdev *dev, struct moving *d)
{
	auto_close int ours = sys_open(AT_FDCWD, "/proc/self/ns/net", O_RDONLY, 0);

	if (ours >= 0 && find(there, dev->inside, d, NULL) == 0)
		send_away(there, d->index, dev->inside, dev->host, ours, NULL);
}

int netdev_move(const struct oci_spec *s, pid_t stage, struct err *e)
{
	static struct moving d;
	const char *path = s->ns[OCI_NS_NET].path;
	auto_close int ns = path ? ns_open(path, OCI_NS_NET, e) : ns_open_of(stage, OCI_NS_NET, e);
	struct nl here = {.fd = -1}, there = {.fd = -1};
	bool moved = false;
	size_t i = 0;
	int r = ns < 0 ? ns : nl_open(&here, NETLINK_ROUTE, -1, e);

	if (r == 0)
		r = nl_open(&there, NETLINK_ROUTE, ns, e);
	for (; i < s->n_netdevs && r == 0; i++)
		r = move_one(&here, &there, &s->netdevs[i], ns, &d, &moved, e);
	/* those before the one that failed, and that one if it got half-way */
	for (size_t k = i; r < 0 && k-- > 0;)
		if (k + 1 < i || moved)
			bring_back(&there, &s->netdevs[k], &d);
	nl_close(&here);
	nl_close(&there);
	return r;
}
