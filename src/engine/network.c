/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks of the manifest and the one of `cleat run`: a bridge each, made when the first container
 * needs it. An address is taken for the length of a run and noted in RUN/<id>/net, which is how a
 * new engine learns what is in use. The rules are always made anew from the whole table, in one
 * transaction, so there is no path by which they could drift from it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>

#include "engine/container.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "file/durable.h"
#include "sys/fd.h"

#define NOTE_NAME	 "net"
#define NOTE_MAGIC	 0x3154454eu /* "NET1" */
#define NOTE_CAP	 2048
#define RUN_NETWORK	 "bridge" /* of containers that no manifest made */
#define MANIFEST_NETWORK "default"

static struct network {
	bool used;
	struct net_network net;
	struct net_ipam ipam;
} networks[NET_MAX_NETWORKS];

static struct loop_io rules_io;
static int rules_fd = -1;

const char *network_name(int slot)
{
	return networks[slot].net.name;
}

static int find(const char *name)
{
	for (int i = 0; i < NET_MAX_NETWORKS; i++)
		if (networks[i].used && str_eq(networks[i].net.name, name))
			return i;
	return -ENOENT;
}

/* slot of a network that is up */
static int bring_up(const char *name, struct err *e)
{
	struct network *n = networks;
	int r = find(name);

	if (r >= 0)
		return r;
	while (n < networks + NET_MAX_NETWORKS && n->used)
		n++;
	if (n == networks + NET_MAX_NETWORKS)
		return err_text(e, -ENOSPC, "network %s: there are %d networks already", name,
				NET_MAX_NETWORKS);
	*n = (struct network){0};
	if (str_copy(n->net.name, sizeof(n->net.name), name) < 0)
		return err_text(e, -ENAMETOOLONG, "network name %.80s is too long", name);
	net_bridge_name(n->net.bridge, engine.run, name);
	r = net_pick_subnet(&n->net, e);
	if (r == 0)
		r = net_bridge_up(&n->net, e);
	if (r < 0)
		return err_wrap(e, "network %s", name);
	net_ipam_init(&n->ipam, &n->net);
	n->used = true;
	return (int)(n - networks);
}

/* Ports ----------------------------------------------------------------------------------------- */

static bool collide(const struct net_port *a, const struct net_port *b)
{
	return a->udp == b->udp && a->host_port == b->host_port &&
	       (a->host_ip == b->host_ip || !a->host_ip || !b->host_ip);
}

static int check_port(const struct container *c, const struct net_port *p, struct err *e)
{
	for (struct container *k = NULL; (k = container_each(k));) {
		for (size_t i = 0; k != c && i < k->n_ports; i++)
			if (collide(p, &k->ports[i]))
				return err_text(
					e, -EADDRINUSE,
					"port %u/%s is published by container %s already: stop that one or "
					"publish another port",
					p->host_port, p->udp ? "udp" : "tcp", k->name);
	}
	return 0;
}

static int take_ports(struct container *c, const struct manifest_service *s, struct err *e)
{
	int r = 0;

	if (s->n_ports > CONTAINER_MAX_PORTS)
		return err_text(e, -E2BIG,
				"container %s publishes %zu ports, at most %d are possible",
				c->name, s->n_ports, CONTAINER_MAX_PORTS);
	c->n_ports = 0;
	for (size_t i = 0; r == 0 && i < s->n_ports; i++) {
		const struct manifest_port *m = &s->ports[i];
		struct net_port p = {.host_port = m->host_port,
				     .container_port = m->container_port,
				     .udp = m->proto == PORT_UDP,
				     .container_ip = c->nets[0].ip};

		if (m->host_ip)
			r = net_parse_ip4(m->host_ip, &p.host_ip);
		if (r < 0)
			return err_text(e, r, "port %u: host address %s is no IPv4 address",
					m->host_port, m->host_ip);
		r = check_port(c, &p, e);
		if (r == 0)
			c->ports[c->n_ports++] = p;
	}
	return r;
}

void network_print_ports(const struct container *c, char *dst, size_t cap)
{
	struct buf b;
	char ip[16];

	buf_init(&b, dst, cap);
	for (size_t i = 0; i < c->n_ports; i++)
		buf_printf(&b, "%s%s:%u->%u/%s", i ? ", " : "",
			   net_format_ip4(ip, c->ports[i].host_ip), c->ports[i].host_port,
			   c->ports[i].container_port, c->ports[i].udp ? "udp" : "tcp");
}

/* Rules ----------------------------------------------------------------------------------------- */

/* What the kernel holds. A transaction waits for a grace period of RCU, often longer than everything
 * else that a start does, and most starts change nothing here. */
static struct rules {
	struct net_network nets[NET_MAX_NETWORKS];
	struct net_port ports[NET_MAX_PORTS];
	size_t n_nets, n_ports;
} applied;
static bool applied_valid;

static int collect_rules(struct rules *ret, struct err *e)
{
	memset(ret, 0, sizeof(*ret)); /* padding too: they are compared as bytes */
	for (size_t i = 0; i < NET_MAX_NETWORKS; i++)
		if (networks[i].used)
			ret->nets[ret->n_nets++] = networks[i].net;
	for (struct container *c = NULL; (c = container_each(c));)
		for (size_t i = 0; i < c->n_ports; i++) {
			if (ret->n_ports == NET_MAX_PORTS)
				return err_text(e, -ENOSPC, "more than %d ports are published",
						NET_MAX_PORTS);
			ret->ports[ret->n_ports++] = c->ports[i];
		}
	return 0;
}

static int apply_rules(struct err *e)
{
	static struct rules now;
	int r = collect_rules(&now, e);

	/* without the watch nobody would tell that the rules were flushed */
	if (r < 0 || (applied_valid && rules_fd >= 0 && memcmp(&now, &applied, sizeof(now)) == 0))
		return r;
	applied_valid = false;
	r = net_rules_apply(engine.nft_table, now.nets, now.n_nets, now.ports, now.n_ports, e);
	if (r < 0)
		return r;
	memcpy(&applied, &now, sizeof(applied));
	applied_valid = true;
	return 0;
}

static void reapply_rules(const char *why)
{
	struct err e = {0};

	if (apply_rules(&e) < 0)
		event_err("rules", &e, "why=%s", why);
}

static void on_rules_lost(struct loop_io *io, uint32_t events)
{
	(void)io;
	(void)events;
	if (!net_rules_lost(rules_fd, engine.nft_table))
		return;
	event("rules-restored", "table=%s", engine.nft_table);
	applied_valid = false;
	reapply_rules("flushed");
}

void network_start(void)
{
	struct err e = {0};
	int r;

	rules_fd = net_rules_watch(&e);
	r = rules_fd;
	if (r >= 0)
		r = loop_io_init(&rules_io, &engine.loop, rules_fd, EPOLLIN, on_rules_lost, NULL);
	if (r < 0)
		event_err("rules-watch", &e, "%s", "");
}

void network_shutdown(void)
{
	struct err e = {0};
	bool any = false;

	loop_io_fini(&rules_io);
	sys_close(take_fd(&rules_fd));
	for (int i = 0; i < NET_MAX_NETWORKS; i++) {
		if (networks[i].used)
			net_bridge_down(&networks[i].net, &e);
		any |= networks[i].used;
		networks[i].used = false;
	}
	applied_valid = false;
	if (any)
		net_rules_remove(engine.nft_table, &e);
	if (e.code)
		event_err("network-shutdown", &e, "%s", "");
}

/* A container's interfaces ---------------------------------------------------------------------- */

static bool own_namespace_only(const struct manifest_service *s)
{
	return s->network_mode && str_eq(s->network_mode, "none");
}

static bool no_network(const struct manifest_service *s)
{
	return s->network_mode &&
	       (str_eq(s->network_mode, "none") || str_eq(s->network_mode, "host"));
}

static int take_address(struct container *c, const char *name, struct err *e)
{
	struct container_net *n = &c->nets[c->n_nets];
	int slot = bring_up(name, e), r;

	if (slot < 0)
		return slot;
	r = net_ipam_take(&networks[slot].ipam, 0, &n->ip);
	if (r < 0)
		return err_set(e, r, "network %s has no free address", name);
	n->network = slot;
	str_printf(n->host_if, sizeof(n->host_if), "ve%.9s%zu", c->id, c->n_nets);
	c->n_nets++;
	return 0;
}

int network_prepare(struct container *c, const struct manifest_service *s, struct err *e)
{
	int r = 0;

	c->n_nets = c->n_ports = 0;
	if (no_network(s)) {
		if (s->n_ports)
			return err_text(
				e, -EINVAL,
				"container %s: ports need a network, and it has network_mode %s",
				c->name, s->network_mode);
		return 0;
	}
	if (s->n_networks > CONTAINER_MAX_NETS)
		return err_text(e, -E2BIG,
				"container %s is in %zu networks, at most %d are possible", c->name,
				s->n_networks, CONTAINER_MAX_NETS);
	if (!s->n_networks)
		r = take_address(c, c->service[0] ? MANIFEST_NETWORK : RUN_NETWORK, e);
	for (size_t i = 0; r == 0 && i < s->n_networks; i++)
		r = take_address(c, s->networks[i].network, e);
	return r < 0 ? r : take_ports(c, s, e);
}

static int write_note(const struct container *c, struct err *e)
{
	uint8_t mem[NOTE_CAP];
	char path[CONTAINER_ID_CAP + 8];
	auto_close int dir_fd = sys_open(engine.run_fd, c->id, O_RDONLY | O_DIRECTORY, 0);
	auto_close int fd = -1;
	struct enc enc;
	int r;

	enc_init(&enc, mem, sizeof(mem));
	enc_u32(&enc, NOTE_MAGIC);
	enc_u32(&enc, (uint32_t)c->n_nets);
	for (size_t i = 0; i < c->n_nets; i++) {
		enc_str(&enc, network_name(c->nets[i].network));
		enc_u32(&enc, c->nets[i].ip);
		enc_str(&enc, c->nets[i].host_if);
	}
	if (dir_fd < 0 || !enc_ok(&enc))
		return err_set(e, dir_fd < 0 ? dir_fd : -EFBIG,
			       "note the addresses of container %s", c->name);
	str_printf(path, sizeof(path), "%s.new", NOTE_NAME);
	fd = sys_open(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	r = fd < 0 ? fd : sys_write_all(fd, mem, enc.len);
	if (r == 0)
		r = sys_rename(dir_fd, path, dir_fd, NOTE_NAME, 0);
	return r < 0 ? err_set(e, r, "note the addresses of container %s", c->name) : 0;
}

int network_attach(struct container *c, pid_t pid, const struct manifest_service *s, struct err *e)
{
	auto_close int ns_fd = -1;
	char path[64];
	int r = 0;

	if (s->network_mode && str_eq(s->network_mode, "host"))
		return 0;
	str_printf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	ns_fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	if (ns_fd < 0)
		return err_set(e, ns_fd, "open the network namespace of container %s", c->name);
	if (own_namespace_only(s))
		return net_loopback_up(ns_fd, e);
	r = write_note(c, e);
	for (size_t i = 0; r == 0 && i < c->n_nets; i++) {
		struct net_attachment a = {.network = &networks[c->nets[i].network].net,
					   .ip = c->nets[i].ip,
					   .default_route = i == 0};

		str_printf(a.ifname, sizeof(a.ifname), "eth%zu", i);
		str_copy(a.host_if, sizeof(a.host_if), c->nets[i].host_if);
		net_mac(a.mac, a.ip);
		r = net_attach(&a, ns_fd, e);
	}
	return r < 0 ? r : apply_rules(e);
}

void network_release(struct container *c)
{
	bool had_ports = c->n_ports > 0;

	for (size_t i = 0; i < c->n_nets; i++) {
		struct network *n = &networks[c->nets[i].network];
		struct net_attachment a = {.network = &n->net, .ip = c->nets[i].ip};
		struct err e = {0};

		str_copy(a.host_if, sizeof(a.host_if), c->nets[i].host_if);
		if (net_detach(&a, &e) < 0)
			event_err("network-detach", &e, "id=%.12s", c->id);
		net_ipam_give(&n->ipam, c->nets[i].ip);
	}
	c->n_nets = c->n_ports = 0;
	if (had_ports)
		reapply_rules("released");
}

int network_restore(struct container *c, struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	auto_close int dir_fd = sys_open(engine.run_fd, c->id, O_RDONLY | O_DIRECTORY, 0);
	struct container_record rec;
	uint8_t mem[NOTE_CAP];
	struct dec d;
	ssize_t len;
	size_t n;
	int r;

	(void)mark;
	len = dir_fd < 0 ? dir_fd : file_read(dir_fd, NOTE_NAME, mem, sizeof(mem), e);
	if (len == -ENOENT)
		return 0; /* no network of ours */
	if (len < 0)
		return (int)len;
	dec_init(&d, mem, (size_t)len, &engine.scratch);
	if (dec_u32(&d) != NOTE_MAGIC)
		d.bad = true;
	n = dec_count(&d, CONTAINER_MAX_NETS);
	for (size_t i = 0; i < n && !d.bad; i++) {
		struct container_net *cn = &c->nets[c->n_nets];
		char *name = dec_str_req(&d);
		uint32_t ip = dec_u32(&d);
		char *host_if = dec_str_req(&d);

		if (d.bad)
			break;
		cn->network = bring_up(name, e);
		if (cn->network < 0)
			return cn->network;
		r = net_ipam_take(&networks[cn->network].ipam, ip, &cn->ip);
		if (r < 0 || str_copy(cn->host_if, sizeof(cn->host_if), host_if) < 0)
			return err_set(e, r < 0 ? r : -EBADMSG,
				       "take the address of container %s again", c->name);
		c->n_nets++;
	}
	if (dec_done(&d) < 0)
		return err_text(e, -EBADMSG, "the note of the addresses of container %s is damaged",
				c->name);
	r = container_record_read(c, &rec, e);
	if (r == 0 && c->n_nets)
		r = take_ports(c, &rec.spec, e);
	return r < 0 ? r : apply_rules(e);
}
