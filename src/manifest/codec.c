/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model as bytes. The order of fields is in both functions of a pair and nowhere else. The decoder
 * stands between the parse role, which may have been taken over, and the engine: it lets through
 * nothing that manifest_parse() could not have made as far as types, counts and paths go.
 */
#include "manifest/manifest.h"

static void strs_encode(struct enc *e, char *const *list, size_t n)
{
	enc_bool(e, list != NULL);
	if (list)
		enc_strs(e, (const char *const *)list, n);
}

static char **strs_decode(struct dec *d, size_t *ret_n)
{
	*ret_n = 0;
	return dec_bool(d) ? dec_strs(d, MANIFEST_MAX_LIST, ret_n) : NULL;
}

/* an enum of @count values */
static unsigned int enum_decode(struct dec *d, unsigned int count)
{
	uint8_t v = dec_u8(d);

	if (v >= count)
		d->bad = true;
	return d->bad ? 0 : v;
}

static uint16_t port_decode(struct dec *d)
{
	uint32_t v = dec_u32(d);

	if (v < 1 || v > 65535)
		d->bad = true;
	return d->bad ? 0 : (uint16_t)v;
}

static void ports_encode(struct enc *e, const struct manifest_service *s)
{
	enc_u32(e, (uint32_t)s->n_ports);
	for (size_t i = 0; i < s->n_ports; i++) {
		enc_str(e, s->ports[i].host_ip);
		enc_u32(e, s->ports[i].host_port);
		enc_u32(e, s->ports[i].container_port);
		enc_u8(e, (uint8_t)s->ports[i].proto);
	}
}

static void ports_decode(struct dec *d, struct manifest_service *s)
{
	size_t n = dec_count(d, MANIFEST_MAX_LIST);

	s->ports = dec_array(d, n + 1, sizeof(*s->ports));
	for (; s->n_ports < n && !d->bad; s->n_ports++) {
		struct manifest_port *p = &s->ports[s->n_ports];

		p->host_ip = dec_str(d);
		p->host_port = port_decode(d);
		p->container_port = port_decode(d);
		p->proto = (enum manifest_port_proto)enum_decode(d, PORT_UDP + 1);
	}
}

static void mounts_encode(struct enc *e, const struct manifest_service *s)
{
	enc_u32(e, (uint32_t)s->n_mounts);
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct manifest_mount *m = &s->mounts[i];

		enc_u8(e, (uint8_t)m->kind);
		enc_str(e, m->source);
		enc_str(e, m->target);
		enc_bool(e, m->read_only);
		enc_u64(e, m->tmpfs_bytes);
		enc_u32(e, m->tmpfs_mode);
	}
}

static void mounts_decode(struct dec *d, struct manifest_service *s)
{
	size_t n = dec_count(d, MANIFEST_MAX_LIST);

	s->mounts = dec_array(d, n + 1, sizeof(*s->mounts));
	for (; s->n_mounts < n && !d->bad; s->n_mounts++) {
		struct manifest_mount *m = &s->mounts[s->n_mounts];

		m->kind = (enum manifest_mount_kind)enum_decode(d, MOUNT_TMPFS + 1);
		m->source = dec_str(d);
		m->target = dec_str_req(d);
		m->read_only = dec_bool(d);
		m->tmpfs_bytes = dec_u64(d);
		m->tmpfs_mode = dec_u32(d);
		if (m->target[0] != '/' ||
		    (m->kind == MOUNT_BIND && (!m->source || m->source[0] != '/')))
			d->bad = true;
	}
}

static void depends_encode(struct enc *e, const struct manifest_service *s)
{
	enc_u32(e, (uint32_t)s->n_depends);
	for (size_t i = 0; i < s->n_depends; i++) {
		enc_str(e, s->depends[i].service);
		enc_u8(e, (uint8_t)s->depends[i].condition);
	}
}

static void depends_decode(struct dec *d, struct manifest_service *s)
{
	size_t n = dec_count(d, MANIFEST_MAX_LIST);

	s->depends = dec_array(d, n + 1, sizeof(*s->depends));
	for (; s->n_depends < n && !d->bad; s->n_depends++) {
		s->depends[s->n_depends].service = dec_str_req(d);
		s->depends[s->n_depends].condition =
			(enum manifest_condition)enum_decode(d, DEPENDS_COMPLETED + 1);
	}
}

static void env_encode(struct enc *e, const struct manifest_service *s)
{
	enc_u32(e, (uint32_t)s->n_env);
	for (size_t i = 0; i < s->n_env; i++) {
		enc_str(e, s->env[i].name);
		enc_str(e, s->env[i].value);
	}
}

static void env_decode(struct dec *d, struct manifest_service *s)
{
	size_t n = dec_count(d, MANIFEST_MAX_LIST);

	s->env = dec_array(d, n + 1, sizeof(*s->env));
	for (; s->n_env < n && !d->bad; s->n_env++) {
		s->env[s->n_env].name = dec_str_req(d);
		s->env[s->n_env].value = dec_str_req(d);
	}
}

static void networks_encode(struct enc *e, const struct manifest_service *s)
{
	enc_str(e, s->network_mode);
	enc_u32(e, (uint32_t)s->n_networks);
	for (size_t i = 0; i < s->n_networks; i++) {
		enc_str(e, s->networks[i].network);
		strs_encode(e, s->networks[i].aliases, s->networks[i].n_aliases);
	}
}

static void networks_decode(struct dec *d, struct manifest_service *s)
{
	size_t n;

	s->network_mode = dec_str(d);
	n = dec_count(d, MANIFEST_MAX_LIST);
	s->networks = dec_array(d, n + 1, sizeof(*s->networks));
	for (; s->n_networks < n && !d->bad; s->n_networks++) {
		struct manifest_network_use *u = &s->networks[s->n_networks];

		u->network = dec_str_req(d);
		u->aliases = strs_decode(d, &u->n_aliases);
	}
}

void manifest_service_encode(struct enc *e, const struct manifest_service *s)
{
	enc_str(e, s->name);
	enc_str(e, s->image);
	enc_str(e, s->platform);
	strs_encode(e, s->command, s->n_command);
	strs_encode(e, s->entrypoint, s->n_entrypoint);
	env_encode(e, s);
	enc_str(e, s->working_dir);
	enc_str(e, s->user);
	enc_str(e, s->hostname);
	ports_encode(e, s);
	mounts_encode(e, s);
	enc_u8(e, (uint8_t)s->restart);
	enc_u32(e, s->restart_max);
	depends_encode(e, s);
	enc_u64(e, s->mem_limit_bytes);
	enc_u64(e, s->cpus_milli);
	enc_u64(e, s->pids_limit);
	enc_bool(e, s->read_only);
	enc_bool(e, s->tty);
	enc_bool(e, s->stdin_open);
	enc_bool(e, s->init);
	enc_u64(e, s->stop_grace_ms);
	enc_u32(e, (uint32_t)s->stop_signal);
	networks_encode(e, s);
	strs_encode(e, s->labels, s->n_labels);
	strs_encode(e, s->cap_add, s->n_cap_add);
	strs_encode(e, s->cap_drop, s->n_cap_drop);
	enc_bool(e, s->privileged);
	enc_bool(e, s->new_privileges);
}

static int signal_decode(struct dec *d)
{
	uint32_t v = dec_u32(d);

	if (v > 64)
		d->bad = true;
	return d->bad ? 0 : (int)v;
}

void manifest_service_decode(struct dec *d, struct manifest_service *ret_service)
{
	struct manifest_service s = {0};

	s.name = dec_str(d); /* NULL: `cleat run` leaves the choice to the engine */
	s.image = dec_str_req(d);
	s.platform = dec_str(d);
	s.command = strs_decode(d, &s.n_command);
	s.entrypoint = strs_decode(d, &s.n_entrypoint);
	env_decode(d, &s);
	s.working_dir = dec_str(d);
	s.user = dec_str(d);
	s.hostname = dec_str(d);
	ports_decode(d, &s);
	mounts_decode(d, &s);
	s.restart = (enum manifest_restart)enum_decode(d, RESTART_UNLESS_STOPPED + 1);
	s.restart_max = dec_u32(d);
	depends_decode(d, &s);
	s.mem_limit_bytes = dec_u64(d);
	s.cpus_milli = dec_u64(d);
	s.pids_limit = dec_u64(d);
	s.read_only = dec_bool(d);
	s.tty = dec_bool(d);
	s.stdin_open = dec_bool(d);
	s.init = dec_bool(d);
	s.stop_grace_ms = dec_u64(d);
	s.stop_signal = signal_decode(d);
	networks_decode(d, &s);
	s.labels = strs_decode(d, &s.n_labels);
	s.cap_add = strs_decode(d, &s.n_cap_add);
	s.cap_drop = strs_decode(d, &s.n_cap_drop);
	s.privileged = dec_bool(d);
	s.new_privileges = dec_bool(d);
	*ret_service = d->bad ? (struct manifest_service){0} : s;
}

static void named_encode(struct enc *e, const struct manifest_named *list, size_t n)
{
	enc_u32(e, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		enc_str(e, list[i].name);
}

static struct manifest_named *named_decode(struct dec *d, size_t *ret_n)
{
	size_t n = dec_count(d, MANIFEST_MAX_LIST);
	struct manifest_named *list = dec_array(d, n + 1, sizeof(*list));

	for (size_t i = 0; i < n && !d->bad; i++)
		list[i].name = dec_str_req(d);
	*ret_n = d->bad ? 0 : n;
	return list;
}

void manifest_encode(struct enc *e, const struct manifest *m)
{
	enc_str(e, m->name);
	named_encode(e, m->volumes, m->n_volumes);
	named_encode(e, m->networks, m->n_networks);
	verify_policy_encode(e, &m->verify);
	enc_u32(e, (uint32_t)m->n_services);
	for (size_t i = 0; i < m->n_services; i++)
		manifest_service_encode(e, &m->services[i]);
}

void manifest_decode(struct dec *d, struct manifest *ret_manifest)
{
	struct manifest m = {.name = dec_str_req(d)};
	size_t n;

	m.volumes = named_decode(d, &m.n_volumes);
	m.networks = named_decode(d, &m.n_networks);
	verify_policy_decode(d, &m.verify);
	n = dec_count(d, MANIFEST_MAX_SERVICES);
	m.services = dec_array(d, n + 1, sizeof(*m.services));
	for (; m.n_services < n && !d->bad; m.n_services++) {
		manifest_service_decode(d, &m.services[m.n_services]);
		if (!m.services[m.n_services].name)
			d->bad = true;
	}
	*ret_manifest = d->bad ? (struct manifest){0} : m;
}
