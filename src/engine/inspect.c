/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INSPECT: a container or an image as one JSON object, in the form of `docker inspect` as far as cleat
 * has what stands there. Written, never parsed; every text goes through buf_json().
 */
#include <errno.h>
#include <signal.h>

#include "base/rfc3339.h"
#include "base/signame.h"
#include "engine/engine.h"
#include "engine/server.h"
#include "store/layout.h"

#define TEXT_CAP  (128 * 1024) /* of one object */
#define CHUNK_CAP (32 * 1024)  /* of one CTL_TEXT frame */

/* Pieces of JSON: each writes `"name": value`, with a comma in front unless it opens its object ----- */

static void key(struct buf *b, const char *name)
{
	char last = '{';

	for (size_t i = b->len; i > 0; i--) {
		last = b->p[i - 1];
		if (last != ' ' && last != '\n')
			break;
	}
	buf_puts(b, last == '{' ? "\n  " : ",\n  ");
	buf_json(b, name);
	buf_puts(b, ": ");
}

static void str(struct buf *b, const char *name, const char *value)
{
	key(b, name);
	buf_json(b, value ? value : "");
}

static void num(struct buf *b, const char *name, int64_t value)
{
	key(b, name);
	buf_printf(b, "%lld", (long long)value);
}

static void flag(struct buf *b, const char *name, bool value)
{
	key(b, name);
	buf_puts(b, value ? "true" : "false");
}

static void object(struct buf *b, const char *name)
{
	key(b, name);
	buf_putc(b, '{');
}

static void end(struct buf *b)
{
	buf_puts(b, "\n}");
}

static void strs(struct buf *b, const char *name, char *const *v, size_t n)
{
	key(b, name);
	buf_putc(b, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ", " : "");
		buf_json(b, v[i]);
	}
	buf_putc(b, ']');
}

/* "key=value" words as an object, or with NULL for the value: Docker's sets */
static void pairs(struct buf *b, const char *name, char *const *v, size_t n, bool set)
{
	key(b, name);
	buf_putc(b, '{');
	for (size_t i = 0; i < n; i++) {
		struct span rest, head = span_of(v[i]);
		bool found = false;

		if (!set)
			head = span_cut(head, '=', &rest, &found);
		buf_puts(b, i ? ", " : "");
		buf_json_n(b, head.p, head.len);
		buf_puts(b, ": ");
		if (set)
			buf_puts(b, "{}");
		else
			buf_json_n(b, found ? rest.p : "", found ? rest.len : 0);
	}
	buf_putc(b, '}');
}

/* Docker's zero time stands for "not yet" */
static void when(struct buf *b, const char *name, int64_t s)
{
	char text[RFC3339_CAP];

	str(b, name, s ? rfc3339_format(text, s, 0) : "0001-01-01T00:00:00Z");
}

static void digest(struct buf *b, const char *name, const struct digest *d)
{
	char text[DIGEST_TEXT_CAP];

	str(b, name, digest_text(text, d));
}

/* Containers -------------------------------------------------------------------------------------- */

static void put_state(struct buf *b, const struct container *c)
{
	object(b, "State");
	str(b, "Status", container_state_name(c));
	flag(b, "Running", c->state == CONTAINER_RUNNING || c->state == CONTAINER_STOPPING);
	flag(b, "Restarting", c->state == CONTAINER_BACKOFF);
	flag(b, "OOMKilled", c->oom);
	num(b, "Pid", c->pid);
	num(b, "ExitCode", c->exit_code);
	str(b, "Error", c->error);
	when(b, "StartedAt", c->started_s);
	when(b, "FinishedAt", c->finished_s);
	end(b);
}

static void put_env(struct buf *b, const struct manifest_service *s, const struct image_config *img)
{
	bool first = true;

	key(b, "Env");
	buf_putc(b, '[');
	for (size_t i = 0; i < img->n_env; i++) {
		struct span rest, name;
		bool found, replaced = false;

		name = span_cut(span_of(img->env[i]), '=', &rest, &found);
		for (size_t k = 0; k < s->n_env; k++)
			replaced = replaced || span_eq(name, s->env[k].name);
		if (replaced)
			continue;
		buf_puts(b, first ? "" : ", ");
		buf_json(b, img->env[i]);
		first = false;
	}
	for (size_t i = 0; i < s->n_env; i++) {
		char *text = arena_printf(&engine.scratch, "%s=%s", s->env[i].name,
					  s->env[i].value ? s->env[i].value : "");

		buf_puts(b, first ? "" : ", ");
		buf_json(b, text ? text : "");
		first = false;
	}
	buf_putc(b, ']');
}

static void put_config(struct buf *b, const struct container_record *rec,
		       const struct image_config *img)
{
	const struct manifest_service *s = &rec->spec;
	bool own_entrypoint = s->entrypoint != NULL, own_command = s->command != NULL;
	char sig[16], hostname[13];

	object(b, "Config");
	str(b, "Hostname", container_hostname(rec, hostname));
	str(b, "User", s->user ? s->user : img->user);
	flag(b, "Tty", s->tty);
	flag(b, "OpenStdin", s->stdin_open);
	put_env(b, s, img);
	if (own_entrypoint)
		strs(b, "Entrypoint", s->entrypoint, s->n_entrypoint);
	else
		strs(b, "Entrypoint", img->entrypoint, img->n_entrypoint);
	if (own_command)
		strs(b, "Cmd", s->command, s->n_command);
	else /* a new entry point voids the image's command */
		strs(b, "Cmd", img->cmd, own_entrypoint ? 0 : img->n_cmd);
	str(b, "Image", rec->image_name);
	str(b, "WorkingDir", s->working_dir ? s->working_dir : img->working_dir);
	pairs(b, "Labels", s->labels, s->n_labels, false);
	if (s->stop_signal)
		str(b, "StopSignal", signame_format(sig, s->stop_signal));
	else
		str(b, "StopSignal", img->stop_signal ? img->stop_signal : "SIGTERM");
	num(b, "StopTimeout", (int64_t)(s->stop_grace_ms / 1000));
	end(b);
}

static void put_host_config(struct buf *b, const struct manifest_service *s)
{
	static const char *const policies[] = {[RESTART_NO] = "no",
					       [RESTART_ALWAYS] = "always",
					       [RESTART_ON_FAILURE] = "on-failure",
					       [RESTART_UNLESS_STOPPED] = "unless-stopped"};

	object(b, "HostConfig");
	object(b, "RestartPolicy");
	str(b, "Name", policies[s->restart]);
	num(b, "MaximumRetryCount", s->restart_max);
	end(b);
	str(b, "NetworkMode", s->network_mode ? s->network_mode : "bridge");
	flag(b, "ReadonlyRootfs", s->read_only);
	flag(b, "Privileged", s->privileged);
	num(b, "Memory", (int64_t)s->mem_limit_bytes);
	num(b, "NanoCpus", (int64_t)s->cpus_milli * 1000000);
	num(b, "PidsLimit", (int64_t)s->pids_limit);
	strs(b, "CapAdd", s->cap_add, s->n_cap_add);
	strs(b, "CapDrop", s->cap_drop, s->n_cap_drop);
	end(b);
}

static void put_mounts(struct buf *b, const struct manifest_service *s)
{
	static const char *const kinds[] = {
		[MOUNT_VOLUME] = "volume", [MOUNT_BIND] = "bind", [MOUNT_TMPFS] = "tmpfs"};

	key(b, "Mounts");
	buf_putc(b, '[');
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct manifest_mount *m = &s->mounts[i];

		buf_puts(b, i ? ", {" : "{");
		str(b, "Type", kinds[m->kind]);
		if (m->kind == MOUNT_VOLUME)
			str(b, "Name", m->source);
		else if (m->kind == MOUNT_BIND)
			str(b, "Source", m->source);
		str(b, "Destination", m->target);
		flag(b, "RW", !m->read_only);
		end(b);
	}
	buf_putc(b, ']');
}

static void put_ports(struct buf *b, const struct container *c)
{
	object(b, "Ports");
	for (size_t i = 0; i < c->n_ports; i++) {
		const struct net_port *p = &c->ports[i];
		char name[24], ip[16], port[8];

		str_printf(name, sizeof(name), "%u/%s", p->container_port, p->udp ? "udp" : "tcp");
		str_printf(port, sizeof(port), "%u", p->host_port);
		key(b, name);
		buf_puts(b, "[{");
		str(b, "HostIp", net_format_ip4(ip, p->host_ip));
		str(b, "HostPort", port);
		buf_puts(b, "}]");
	}
	end(b);
}

static void put_networks(struct buf *b, const struct container *c)
{
	char ip[16];

	object(b, "NetworkSettings");
	str(b, "IPAddress", c->n_nets ? net_format_ip4(ip, c->nets[0].ip) : "");
	put_ports(b, c);
	object(b, "Networks");
	for (size_t i = 0; i < c->n_nets; i++) {
		object(b, network_name(c->nets[i].network));
		str(b, "IPAddress", net_format_ip4(ip, c->nets[i].ip));
		end(b);
	}
	end(b);
	end(b);
}

static int inspect_container(const struct container *c, struct buf *b, struct err *e)
{
	char path[LAYOUT_PATH_CAP], log[LAYOUT_PATH_CAP + 256];
	struct container_record rec;
	struct store_image img;
	int r = container_record_image(c, &rec, &img, e);

	if (r < 0)
		return r;
	buf_putc(b, '{');
	str(b, "Id", c->id);
	when(b, "Created", c->created_s);
	str(b, "Name", c->name);
	str(b, "Service", c->service);
	put_state(b, c);
	digest(b, "Image", &img.config.digest);
	digest(b, "ImageManifest", &c->image);
	num(b, "RestartCount", c->restarts);
	str_printf(log, sizeof(log), "%s/%s", engine.root,
		   layout_path(path, LAYOUT_CONTAINERS, c->id, "log"));
	str(b, "LogPath", log);
	put_config(b, &rec, &img.config);
	put_host_config(b, &rec.spec);
	put_mounts(b, &rec.spec);
	put_networks(b, c);
	end(b);
	return 0;
}

/* Images ------------------------------------------------------------------------------------------ */

struct tags {
	struct buf *b;
	const struct digest *manifest;
	size_t n;
	bool digests; /* "host/repo@sha256:..." instead of "host/repo:tag" */
};

static int put_tag(const struct reference *ref, const struct digest *manifest, int64_t set_s,
		   void *data)
{
	struct tags *t = data;
	struct reference r = *ref;
	char text[REFERENCE_TEXT_CAP];

	(void)set_s;
	if (!digest_eq(manifest, t->manifest) || (!t->digests && !ref->tag[0]))
		return 0;
	r.has_digest = t->digests;
	r.digest = *manifest;
	if (t->digests)
		r.tag[0] = '\0';
	buf_puts(t->b, t->n++ ? ", " : "");
	buf_json(t->b, reference_short(text, &r));
	return 0;
}

static int put_tags(struct buf *b, const char *name, const struct digest *manifest, bool digests,
		    struct err *e)
{
	struct tags t = {.b = b, .manifest = manifest, .digests = digests};
	int r;

	key(b, name);
	buf_putc(b, '[');
	r = store_ref_each(&engine.store, put_tag, &t, e);
	buf_putc(b, ']');
	return r;
}

static void put_layers(struct buf *b, const struct image_config *img)
{
	char text[DIGEST_TEXT_CAP];

	object(b, "RootFS");
	str(b, "Type", "layers");
	key(b, "Layers");
	buf_putc(b, '[');
	for (size_t i = 0; i < img->n_diff_ids; i++) {
		buf_puts(b, i ? ", " : "");
		buf_json(b, digest_text(text, &img->diff_ids[i]));
	}
	buf_putc(b, ']');
	end(b);
}

static int inspect_image(const struct digest *manifest, struct buf *b, struct err *e)
{
	struct store_image img;
	const struct image_config *c = &img.config;
	int r = store_image_get(&engine.store, manifest, &engine.scratch, &img, e);

	if (r < 0)
		return r;
	buf_putc(b, '{');
	digest(b, "Id", &c->digest);
	digest(b, "Digest", manifest);
	r = put_tags(b, "RepoTags", manifest, false, e);
	if (r == 0)
		r = put_tags(b, "RepoDigests", manifest, true, e);
	str(b, "Created", c->created);
	str(b, "Architecture", c->platform.arch);
	str(b, "Variant", c->platform.variant);
	str(b, "Os", c->platform.os);
	num(b, "Size", (int64_t)store_image_bytes(&engine.store, &img));
	object(b, "Config");
	str(b, "User", c->user);
	pairs(b, "ExposedPorts", c->exposed_ports, c->n_exposed_ports, true);
	strs(b, "Env", c->env, c->n_env);
	strs(b, "Entrypoint", c->entrypoint, c->n_entrypoint);
	strs(b, "Cmd", c->cmd, c->n_cmd);
	pairs(b, "Volumes", c->volumes, c->n_volumes, true);
	str(b, "WorkingDir", c->working_dir);
	pairs(b, "Labels", c->labels, c->n_labels, false);
	str(b, "StopSignal", c->stop_signal);
	end(b);
	put_layers(b, c);
	end(b);
	return r;
}

/* The verb ---------------------------------------------------------------------------------------- */

static void send_text(struct client *c, const struct buf *b)
{
	static char chunk[CHUNK_CAP + 1];

	for (size_t at = 0; at < b->len; at += CHUNK_CAP) {
		size_t n = b->len - at < CHUNK_CAP ? b->len - at : CHUNK_CAP;

		str_copy_n(chunk, sizeof(chunk), b->p + at, n);
		client_text(c, chunk);
	}
}

/* containers first, as docker does; in one-shot mode there are none */
static int inspect(const char *name, struct buf *b, struct err *e)
{
	struct container *k = container_find(name, NULL);
	struct digest manifest;

	if (k)
		return inspect_container(k, b, e);
	if (store_find(&engine.store, name, &manifest, e) < 0)
		return err_text(
			e, -ENOENT,
			"no container and no image \"%.128s\"; see: cleat ps -a, cleat images",
			name);
	return inspect_image(&manifest, b, e);
}

void verb_inspect(struct client *c, const struct ctl_request *r, struct msg *m)
{
	auto_scratch size_t mark = scratch_mark();
	char *mem = arena_alloc(&engine.scratch, TEXT_CAP);
	struct err e = {0};
	struct buf b;

	(void)mark;
	(void)m;
	if (!mem) {
		client_error(c, 1, "no memory for the answer (CONFIG_ENGINE_SCRATCH_KIB)");
		return;
	}
	buf_init(&b, mem, TEXT_CAP);
	buf_puts(&b, "[\n");
	if (inspect(r->name ? r->name : "", &b, &e) < 0) {
		client_error(c, 1, "%s", e.msg);
		return;
	}
	buf_puts(&b, "\n]\n");
	if (!buf_ok(&b)) {
		client_error(c, 1, "%s: the answer is longer than %d bytes", r->name, TEXT_CAP);
		return;
	}
	send_text(c, &b);
	client_done(c);
}
