/* SPDX-License-Identifier: Apache-2.0 */
/* What config.json says about namespaces: kinds, ids, clocks, interfaces to move. */
#include "oci/spec_read.h"

#include <errno.h>
#include <string.h>

#define MAX_NETDEVS 64

static void read_kinds(const struct json *v, struct oci_spec *s)
{
	struct json_iter it = {0};
	struct json c;

	json_array(v, 64);
	while (json_next(v, &it, &c)) {
		struct json type = json_get(&c, "type"), path = json_get(&c, "path");
		size_t kind = oci_json_choice(&type, oci_ns_names, OCI_NS_COUNT);

		if (s->ns[kind].set)
			json_fail(&c, -EINVAL, "namespace %s is there twice", oci_ns_names[kind]);
		s->ns[kind].set = true;
		s->ns[kind].path = json_str_opt(&path);
		if (s->ns[kind].path && !*s->ns[kind].path)
			s->ns[kind].path = NULL;
		if (s->ns[kind].path && *s->ns[kind].path != '/')
			json_fail(&path, -EINVAL, "\"%.64s\" is not an absolute path",
				  s->ns[kind].path);
	}
}

static struct oci_idmap *read_idmap(const struct json *v, size_t *ret_n)
{
	struct json_iter it = {0};
	struct oci_idmap *maps;
	struct json c;

	maps = oci_json_array(v, OCI_MAX_IDMAPS, sizeof(*maps), ret_n);
	for (size_t i = 0; i < *ret_n && json_next(v, &it, &c); i++) {
		struct json container = json_get(&c, "containerID"), host = json_get(&c, "hostID");
		struct json size = json_get(&c, "size");

		maps[i].container = (uint32_t)json_u64(&container, UINT32_MAX);
		maps[i].host = (uint32_t)json_u64(&host, UINT32_MAX);
		maps[i].size = (uint32_t)json_u64(&size, UINT32_MAX);
	}
	return maps;
}

void oci_read_idmaps(const struct json *v, struct oci_idmaps *m)
{
	struct json uids = json_get(v, "uidMappings"), gids = json_get(v, "gidMappings");

	m->uid = read_idmap(&uids, &m->n_uid);
	m->gid = read_idmap(&gids, &m->n_gid);
}

static void read_offsets(const struct json *v, struct oci_spec *s)
{
	struct json_iter it = {0};
	struct json c;

	json_object(v, 8);
	while (json_next(v, &it, &c)) {
		struct json secs = json_get(&c, "secs"), nanosecs = json_get(&c, "nanosecs");
		struct oci_time_offset *o = NULL;

		for (size_t i = 0; i < OCI_CLOCK_COUNT; i++)
			if (!strcmp(c.key, oci_clock_names[i]))
				o = &s->time_offsets[i];
		if (!o) {
			json_fail(&c, -EINVAL, "is no clock of a time namespace");
			return;
		}
		o->set = true;
		o->s = json_i64_opt(&secs, INT64_MIN, INT64_MAX, 0);
		o->ns = (uint32_t)json_u64_opt(&nanosecs, 999999999, 0);
	}
}

/* Names as the kernel's dev_valid_name() wants them. */
static void check_ifname(const struct json *v, const char *name)
{
	if (!*name || strlen(name) > 15 || !strcmp(name, ".") || !strcmp(name, "..") ||
	    name[strcspn(name, "/: \t\n\v\f\r%")])
		json_fail(v, -EINVAL, "\"%.32s\" is not the name of an interface", name);
}

static void read_netdevs(const struct json *v, struct oci_spec *s)
{
	size_t n = json_object(v, MAX_NETDEVS), i = 0;
	struct json_iter it = {0};
	struct json c;

	s->netdevs = n ? arena_array(v->doc->arena, n, sizeof(*s->netdevs)) : NULL;
	while (s->netdevs && i < n && json_next(v, &it, &c)) {
		struct json name = json_get(&c, "name");
		struct oci_netdev *d = &s->netdevs[i++];

		d->host = arena_strdup(v->doc->arena, c.key);
		d->inside = json_str_opt(&name);
		if (!d->host)
			break;
		if (str_empty(d->inside))
			d->inside = d->host;
		check_ifname(&c, d->host);
		check_ifname(&name, d->inside);
		s->n_netdevs = i;
	}
	if (s->n_netdevs != n)
		json_fail(v, -EFBIG, "does not fit the model's memory (CONFIG_OCI_MODEL_KIB)");
}

static void read_rdt(const struct json *v, struct oci_rdt *r)
{
	struct json id = json_get(v, "closID"), l3 = json_get(v, "l3CacheSchema");
	struct json mb = json_get(v, "memBwSchema"), schemata = json_get(v, "schemata");
	struct json cmt = json_get(v, "enableCMT"), mbm = json_get(v, "enableMBM");
	struct json monitoring = json_get(v, "enableMonitoring");

	r->set = json_has(v);
	r->clos_id = json_str_opt(&id);
	r->l3_cache = json_str_opt(&l3);
	r->mem_bw = json_str_opt(&mb);
	r->schemata = oci_json_strs(&schemata, 64);
	r->monitoring = json_bool_opt(&cmt, false);
	r->monitoring |= json_bool_opt(&mbm, false);
	r->monitoring |= json_bool_opt(&monitoring, false);
	if (r->clos_id && (str_eq(r->clos_id, ".") || str_eq(r->clos_id, "..") ||
			   strchr(r->clos_id, '/') || strchr(r->clos_id, '\n')))
		json_fail(&id, -EINVAL, "\"%.64s\" is not the name of a directory", r->clos_id);
	if (r->mem_bw && strchr(r->mem_bw, '\n'))
		json_fail(&mb, -EINVAL, "is more than one line");
}

void oci_read_namespaces(const struct json *v, struct oci_spec *s)
{
	struct json kinds = json_get(v, "namespaces"), offsets = json_get(v, "timeOffsets");
	struct json devs = json_get(v, "netDevices"), rdt = json_get(v, "intelRdt");

	read_kinds(&kinds, s);
	oci_read_idmaps(v, &s->idmaps);
	read_offsets(&offsets, s);
	read_netdevs(&devs, s);
	read_rdt(&rdt, &s->rdt);
}
