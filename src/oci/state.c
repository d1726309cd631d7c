/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/state.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "doc/json.h"
#include "oci/spec_read.h"

static const char *const status_names[] = {
#define X(id, text) text,
	OCI_STATUSES(X)
#undef X
};

const char *oci_status_name(enum oci_status s)
{
	return status_names[s];
}

int oci_id_check(const char *id, struct err *e)
{
	static const char ok[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";

	if (*id && *id != '.' && strlen(id) <= OCI_ID_MAX && strspn(id, ok) == strlen(id))
		return 0;
	return err_text(e, -EINVAL,
			"container id \"%.64s\" is not valid: letters, digits, "
			"'_', '+', '-' and '.' (not first), at most %d",
			id, OCI_ID_MAX);
}

static void put_annotations(struct buf *b, const struct oci_kvs *kvs)
{
	buf_puts(b, ",\"annotations\":{");
	for (size_t i = 0; i < kvs->n; i++) {
		if (i)
			buf_putc(b, ',');
		buf_json(b, kvs->v[i].key);
		buf_putc(b, ':');
		buf_json(b, kvs->v[i].value);
	}
	buf_putc(b, '}');
}

static void put_head(struct buf *b, const struct oci_state *s)
{
	buf_puts(b, "{\"ociVersion\":\"" OCI_VERSION "\",\"id\":");
	buf_json(b, s->id);
}

static void put_tail(struct buf *b, const struct oci_state *s)
{
	buf_puts(b, ",\"bundle\":");
	buf_json(b, s->bundle);
	buf_puts(b, ",\"rootfs\":");
	buf_json(b, s->rootfs);
	buf_puts(b, ",\"created\":");
	buf_json(b, s->created);
	put_annotations(b, &s->annotations);
}

void oci_state_write(struct buf *b, const struct oci_state *s)
{
	put_head(b, s);
	buf_printf(b,
		   ",\"pid\":%d,\"startTicks\":%" PRIu64
		   ",\"ownPidNamespace\":%s,\"ownKeyring\":%s",
		   (int)s->pid, s->start_ticks, s->own_pid_ns ? "true" : "false",
		   s->own_keyring ? "true" : "false");
	put_tail(b, s);
	buf_puts(b, ",\"cgroups\":[");
	for (size_t i = 0; i < s->cgroups.n; i++) {
		if (i)
			buf_putc(b, ',');
		buf_json(b, s->cgroups.v[i]);
	}
	buf_putc(b, ']');
	if (s->unit.name) {
		buf_puts(b, ",\"scope\":");
		buf_json(b, s->unit.name);
		buf_puts(b, ",\"systemd\":");
		buf_json(b, s->unit.socket);
	}
	buf_puts(b, "}\n");
}

void oci_state_print(struct buf *b, const struct oci_state *s, enum oci_status status)
{
	put_head(b, s);
	if (status != OCI_STOPPED || s->owner)
		buf_printf(b, ",\"pid\":%d", status == OCI_STOPPED ? 0 : (int)s->pid);
	buf_printf(b, ",\"status\":\"%s\"", oci_status_name(status));
	put_tail(b, s);
	if (s->owner) {
		buf_puts(b, ",\"owner\":");
		buf_json(b, s->owner);
	}
	buf_puts(b, "}\n");
}

int oci_state_read(struct span text, void *pool, size_t pool_bytes, struct arena *a,
		   struct oci_state *ret_state, struct err *e)
{
	struct json root, id, bundle, rootfs, created, pid, ticks, own, keyring, cgroups, notes,
		scope, systemd;
	struct oci_state s = {0};
	struct json_doc doc;
	int r;

	r = json_parse(&doc, "state.json", text, pool, pool_bytes, "CONFIG_OCI_CONFIG_KIB", a, e);
	if (r < 0)
		return r;
	root = json_root(&doc);
	id = json_get(&root, "id");
	bundle = json_get(&root, "bundle");
	rootfs = json_get(&root, "rootfs");
	created = json_get(&root, "created");
	pid = json_get(&root, "pid");
	ticks = json_get(&root, "startTicks");
	own = json_get(&root, "ownPidNamespace");
	keyring = json_get(&root, "ownKeyring");
	cgroups = json_get(&root, "cgroups");
	notes = json_get(&root, "annotations");
	scope = json_get(&root, "scope");
	systemd = json_get(&root, "systemd");
	s.id = json_str(&id);
	s.bundle = json_str(&bundle);
	s.rootfs = json_str(&rootfs);
	s.created = json_str(&created);
	s.pid = (pid_t)json_u64(&pid, INT32_MAX);
	s.start_ticks = json_u64(&ticks, UINT64_MAX);
	s.own_pid_ns = json_bool_opt(&own, false);
	s.own_keyring = json_bool_opt(&keyring, false);
	s.cgroups = oci_json_strs(&cgroups, OCI_MAX_CGROUP_PATHS);
	s.unit.name = json_str_opt(&scope);
	if (s.unit.name)
		s.unit.socket = json_str(&systemd);
	s.annotations = oci_json_kvs(&notes, OCI_MAX_STRINGS);
	if (json_done(&doc) < 0)
		return json_done(&doc);
	*ret_state = s;
	return 0;
}
