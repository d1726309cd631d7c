/* SPDX-License-Identifier: Apache-2.0 */
/* What concerns more than one key or service, and the order of start. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "manifest/load.h"

static int check_port_twice(struct load *l, size_t service, size_t port)
{
	const struct manifest *m = l->m;
	const struct manifest_port *p = &m->services[service].ports[port];

	for (size_t s = 0; s <= service; s++) {
		size_t end = s == service ? port : m->services[s].n_ports;

		for (size_t i = 0; i < end; i++) {
			const struct manifest_port *q = &m->services[s].ports[i];

			if (p->host_port != q->host_port || p->proto != q->proto)
				continue;
			if (p->host_ip && q->host_ip && !str_eq(p->host_ip, q->host_ip))
				continue;
			return load_fail(
				l, l->nodes[service].ports[port], -EINVAL,
				"port %u/%s is used twice, first by service \"%s\" in line %u",
				p->host_port, p->proto == PORT_UDP ? "udp" : "tcp",
				m->services[s].name, l->nodes[s].ports[i]->line);
		}
	}
	return 0;
}

static bool is_declared(const struct manifest_named *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i].name, name))
			return true;
	return false;
}

static int check_mounts(struct load *l, size_t service)
{
	const struct manifest_service *s = &l->m->services[service];
	const struct yaml_node **at = l->nodes[service].mounts;

	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct manifest_mount *m = &s->mounts[i];

		for (size_t k = 0; k < i; k++)
			if (str_eq(s->mounts[k].target, m->target))
				return load_fail(l, at[i], -EINVAL,
						 "%.100s is mounted twice, first in line %u",
						 m->target, at[k]->line);
		if (m->kind == MOUNT_VOLUME && m->source &&
		    !is_declared(l->m->volumes, l->m->n_volumes, m->source))
			return load_fail(l, at[i], -EINVAL,
					 "volume \"%.63s\" is not declared: add \"volumes: {%.63s: "
					 "{}}\" at the top level",
					 m->source, m->source);
	}
	return 0;
}

static int check_networks(struct load *l, size_t service)
{
	const struct manifest_service *s = &l->m->services[service];
	const struct load_nodes *at = &l->nodes[service];

	for (size_t i = 0; i < s->n_networks; i++) {
		const char *name = s->networks[i].network;

		for (size_t k = 0; k < i; k++)
			if (str_eq(s->networks[k].network, name))
				return load_fail(l, at->networks[i], -EINVAL,
						 "network \"%.63s\" is named twice", name);
		if (!str_eq(name, "default") &&
		    !is_declared(l->m->networks, l->m->n_networks, name))
			return load_fail(l, at->networks[i], -EINVAL,
					 "network \"%.63s\" is not declared: add \"networks: "
					 "{%.63s: {}}\" at the top level",
					 name, name);
	}
	if (!s->network_mode || str_eq(s->network_mode, "bridge"))
		return 0;
	if (s->n_networks)
		return load_fail(l, at->network_mode, -EINVAL,
				 "network_mode \"%s\" and networks exclude each other",
				 s->network_mode);
	if (s->n_ports)
		return load_fail(l, at->ports[0], -EINVAL,
				 "with network_mode \"%s\" no port can be published: delete it",
				 s->network_mode);
	return 0;
}

static long find_service(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->n_services; i++)
		if (str_eq(m->services[i].name, name))
			return (long)i;
	return -1;
}

static int check_depends(struct load *l, size_t service)
{
	const struct manifest_service *s = &l->m->services[service];
	const struct yaml_node **at = l->nodes[service].depends;

	for (size_t i = 0; i < s->n_depends; i++) {
		for (size_t k = 0; k < i; k++)
			if (str_eq(s->depends[k].service, s->depends[i].service))
				return load_fail(l, at[i], -EINVAL,
						 "service \"%.63s\" is named twice",
						 s->depends[i].service);
		if (find_service(l->m, s->depends[i].service) < 0)
			return load_fail(l, at[i], -EINVAL, "there is no service \"%.63s\"",
					 s->depends[i].service);
	}
	return 0;
}

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

struct order {
	struct load *l;
	enum mark marks[MANIFEST_MAX_SERVICES];
	uint8_t path[MANIFEST_MAX_SERVICES], sorted[MANIFEST_MAX_SERVICES];
	size_t n_path, n_sorted;
};

/* The way from the service that is met again, and back to it. */
static int cycle(struct order *o, size_t again, const struct yaml_node *at)
{
	const struct manifest *m = o->l->m;
	char text[200];
	bool in = false;
	struct buf b;

	buf_init(&b, text, sizeof(text));
	for (size_t i = 0; i < o->n_path; i++) {
		in |= o->path[i] == again;
		if (in)
			buf_printf(&b, "%s → ", m->services[o->path[i]].name);
	}
	buf_puts(&b, m->services[again].name);
	return load_fail(o->l, at, -EINVAL, "services wait for each other: %s%s", text,
			 buf_ok(&b) ? "" : "...");
}

/* Depth first; recursion is bounded by MANIFEST_MAX_SERVICES. */
static int visit(struct order *o, size_t service)
{
	const struct manifest_service *s = &o->l->m->services[service];

	o->marks[service] = MARK_OPEN;
	o->path[o->n_path++] = (uint8_t)service;
	for (size_t i = 0; i < s->n_depends; i++) {
		size_t on = (size_t)find_service(o->l->m, s->depends[i].service);
		int r = 0;

		if (o->marks[on] == MARK_OPEN)
			return cycle(o, on, o->l->nodes[service].depends[i]);
		if (o->marks[on] == MARK_NEW)
			r = visit(o, on);
		if (r < 0)
			return r;
	}
	o->n_path--;
	o->marks[service] = MARK_DONE;
	o->sorted[o->n_sorted++] = (uint8_t)service;
	return 0;
}

static int sort(struct load *l)
{
	struct manifest_service *sorted =
		load_array(l, l->nodes[0].key, l->m->n_services, sizeof(*sorted));
	struct order o = {.l = l};

	if (!sorted)
		return -EFBIG;
	for (size_t i = 0; i < l->m->n_services; i++) {
		int r = o.marks[i] == MARK_NEW ? visit(&o, i) : 0;

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < o.n_sorted; i++)
		sorted[i] = l->m->services[o.sorted[i]];
	l->m->services = sorted;
	return 0;
}

int load_check(struct load *l)
{
	int r = 0;

	for (size_t s = 0; s < l->m->n_services && r == 0; s++) {
		r = check_mounts(l, s);
		if (r == 0)
			r = check_networks(l, s);
		if (r == 0)
			r = check_depends(l, s);
		for (size_t p = 0; p < l->m->services[s].n_ports && r == 0; p++)
			r = check_port_twice(l, s, p);
	}
	return r < 0 ? r : sort(l);
}
