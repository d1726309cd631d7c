/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model to config.json. What oci_spec_read() makes of the output is the model again (a test).
 * Every value is written through one of the put_* functions, which alone know about commas.
 */
#include "oci/spec_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void comma(struct buf *b)
{
	if (b->len && b->p[b->len - 1] != '{' && b->p[b->len - 1] != '[')
		buf_putc(b, ',');
}

void put_key(struct buf *b, const char *key)
{
	comma(b);
	if (key) {
		buf_json(b, key);
		buf_putc(b, ':');
	}
}

void put_open(struct buf *b, const char *key, char bracket)
{
	put_key(b, key);
	buf_putc(b, bracket);
}

void put_str(struct buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	put_key(b, key);
	buf_json(b, value);
}

void put_bool(struct buf *b, const char *key, bool value)
{
	put_key(b, key);
	buf_puts(b, value ? "true" : "false");
}

void put_i64(struct buf *b, const char *key, int64_t value)
{
	put_key(b, key);
	buf_printf(b, "%" PRId64, value);
}

void put_u64(struct buf *b, const char *key, uint64_t value)
{
	put_key(b, key);
	buf_printf(b, "%" PRIu64, value);
}

void put_num(struct buf *b, const char *key, struct oci_num n)
{
	if (n.set)
		put_i64(b, key, n.v);
}

static void put_strs(struct buf *b, const char *key, const struct oci_strs *s)
{
	if (!s->n)
		return;
	put_open(b, key, '[');
	for (size_t i = 0; i < s->n; i++)
		put_str(b, NULL, s->v[i]);
	buf_putc(b, ']');
}

void put_kvs(struct buf *b, const char *key, const struct oci_kvs *s)
{
	if (!s->n)
		return;
	put_open(b, key, '{');
	for (size_t i = 0; i < s->n; i++)
		put_str(b, s->v[i].key, s->v[i].value);
	buf_putc(b, '}');
}

static void put_cap_set(struct buf *b, const char *key, uint64_t set)
{
	const char *name;

	put_open(b, key, '[');
	for (unsigned int cap = 0; (name = oci_cap_name(cap)); cap++)
		if (set >> cap & 1)
			put_str(b, NULL, name);
	buf_putc(b, ']');
}

static void put_scheduler(struct buf *b, const struct oci_scheduler *s)
{
	if (!s->set)
		return;
	put_open(b, "scheduler", '{');
	put_str(b, "policy", oci_sched_policy_names[s->policy]);
	put_i64(b, "nice", s->nice);
	put_u64(b, "priority", s->priority);
	put_open(b, "flags", '[');
	for (size_t i = 0; oci_sched_flag_names[i]; i++)
		if (s->flags >> i & 1)
			put_str(b, NULL, oci_sched_flag_names[i]);
	buf_putc(b, ']');
	put_u64(b, "runtime", s->runtime);
	put_u64(b, "deadline", s->deadline);
	put_u64(b, "period", s->period);
	buf_putc(b, '}');
}

static void put_process(struct buf *b, const struct oci_process *p)
{
	if (!p->set)
		return;
	put_open(b, "process", '{');
	put_bool(b, "terminal", p->terminal);
	if (p->rows && p->columns) {
		put_open(b, "consoleSize", '{');
		put_u64(b, "height", p->rows);
		put_u64(b, "width", p->columns);
		buf_putc(b, '}');
	}
	put_open(b, "user", '{');
	put_u64(b, "uid", p->uid);
	put_u64(b, "gid", p->gid);
	put_num(b, "umask", p->umask);
	if (p->n_groups) {
		put_open(b, "additionalGids", '[');
		for (size_t i = 0; i < p->n_groups; i++)
			put_u64(b, NULL, p->groups[i]);
		buf_putc(b, ']');
	}
	buf_putc(b, '}');
	put_strs(b, "args", &p->args);
	put_strs(b, "env", &p->env);
	put_str(b, "cwd", p->cwd);
	if (p->caps.set) {
		put_open(b, "capabilities", '{');
		put_cap_set(b, "bounding", p->caps.bounding);
		put_cap_set(b, "effective", p->caps.effective);
		put_cap_set(b, "inheritable", p->caps.inheritable);
		put_cap_set(b, "permitted", p->caps.permitted);
		put_cap_set(b, "ambient", p->caps.ambient);
		buf_putc(b, '}');
	}
	if (p->n_rlimits) {
		put_open(b, "rlimits", '[');
		for (size_t i = 0; i < p->n_rlimits; i++) {
			put_open(b, NULL, '{');
			put_str(b, "type", oci_rlimit_name(p->rlimits[i].resource));
			put_u64(b, "hard", p->rlimits[i].hard);
			put_u64(b, "soft", p->rlimits[i].soft);
			buf_putc(b, '}');
		}
		buf_putc(b, ']');
	}
	put_bool(b, "noNewPrivileges", p->no_new_privs);
	put_num(b, "oomScoreAdj", p->oom_score_adj);
	put_str(b, "apparmorProfile", p->apparmor);
	put_str(b, "selinuxLabel", p->selinux);
	put_scheduler(b, &p->scheduler);
	if (p->io_priority.set) {
		put_open(b, "ioPriority", '{');
		put_str(b, "class", oci_ioprio_class_names[(p->io_priority.v >> 13) - 1]);
		put_i64(b, "priority", p->io_priority.v & 7);
		buf_putc(b, '}');
	}
	if (p->cpus_initial || p->cpus_final) {
		put_open(b, "execCPUAffinity", '{');
		put_str(b, "initial", p->cpus_initial);
		put_str(b, "final", p->cpus_final);
		buf_putc(b, '}');
	}
	buf_putc(b, '}');
}

static void put_idmap(struct buf *b, const char *key, const struct oci_idmap *m, size_t n)
{
	if (!n)
		return;
	put_open(b, key, '[');
	for (size_t i = 0; i < n; i++) {
		put_open(b, NULL, '{');
		put_u64(b, "containerID", m[i].container);
		put_u64(b, "hostID", m[i].host);
		put_u64(b, "size", m[i].size);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static void put_idmaps(struct buf *b, const struct oci_idmaps *m)
{
	put_idmap(b, "uidMappings", m->uid, m->n_uid);
	put_idmap(b, "gidMappings", m->gid, m->n_gid);
}

static void put_mounts(struct buf *b, const struct oci_spec *s)
{
	put_open(b, "mounts", '[');
	for (size_t i = 0; i < s->n_mounts; i++) {
		put_open(b, NULL, '{');
		put_str(b, "destination", s->mounts[i].destination);
		put_str(b, "type", s->mounts[i].type);
		put_str(b, "source", s->mounts[i].source);
		put_strs(b, "options", &s->mounts[i].options);
		put_idmaps(b, &s->mounts[i].idmaps);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static void put_hooks(struct buf *b, const struct oci_spec *s)
{
	size_t total = 0;

	for (size_t k = 0; k < OCI_HOOK_COUNT; k++)
		total += s->hooks[k].n;
	if (!total)
		return;
	put_open(b, "hooks", '{');
	for (size_t k = 0; k < OCI_HOOK_COUNT; k++) {
		const struct oci_hooks *h = &s->hooks[k];

		if (!h->n)
			continue;
		put_open(b, oci_hook_names[k], '[');
		for (size_t i = 0; i < h->n; i++) {
			put_open(b, NULL, '{');
			put_str(b, "path", h->v[i].path);
			put_strs(b, "args", &h->v[i].args);
			put_strs(b, "env", &h->v[i].env);
			put_num(b, "timeout", h->v[i].timeout_s);
			buf_putc(b, '}');
		}
		buf_putc(b, ']');
	}
	buf_putc(b, '}');
}

static void put_seccomp(struct buf *b, const struct oci_seccomp *s)
{
	if (!s->set)
		return;
	put_open(b, "seccomp", '{');
	put_str(b, "defaultAction", oci_seccomp_action_names[s->default_action]);
	put_num(b, "defaultErrnoRet", s->default_errno);
	put_strs(b, "architectures", &s->archs);
	put_strs(b, "flags", &s->flags);
	put_str(b, "listenerPath", s->listener_path);
	put_str(b, "listenerMetadata", s->listener_metadata);
	put_open(b, "syscalls", '[');
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct oci_seccomp_rule *r = &s->rules[i];

		put_open(b, NULL, '{');
		put_strs(b, "names", &r->names);
		put_str(b, "action", oci_seccomp_action_names[r->action]);
		put_num(b, "errnoRet", r->errno_ret);
		if (r->n_args) {
			put_open(b, "args", '[');
			for (size_t j = 0; j < r->n_args; j++) {
				put_open(b, NULL, '{');
				put_u64(b, "index", r->args[j].index);
				put_u64(b, "value", r->args[j].value);
				put_u64(b, "valueTwo", r->args[j].value_two);
				put_str(b, "op", oci_seccomp_op_names[r->args[j].op]);
				buf_putc(b, '}');
			}
			buf_putc(b, ']');
		}
		buf_putc(b, '}');
	}
	buf_puts(b, "]}");
}

static void put_devices(struct buf *b, const struct oci_spec *s)
{
	if (!s->n_devices)
		return;
	put_open(b, "devices", '[');
	for (size_t i = 0; i < s->n_devices; i++) {
		const struct oci_device *d = &s->devices[i];
		char type[2] = {d->type};

		put_open(b, NULL, '{');
		put_str(b, "path", d->path);
		put_str(b, "type", type);
		put_u64(b, "major", d->major);
		put_u64(b, "minor", d->minor);
		put_u64(b, "fileMode", d->mode);
		put_u64(b, "uid", d->uid);
		put_u64(b, "gid", d->gid);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static void put_offsets(struct buf *b, const struct oci_spec *s)
{
	if (!s->time_offsets[0].set && !s->time_offsets[1].set)
		return;
	put_open(b, "timeOffsets", '{');
	for (size_t i = 0; i < OCI_CLOCK_COUNT; i++) {
		if (!s->time_offsets[i].set)
			continue;
		put_open(b, oci_clock_names[i], '{');
		put_i64(b, "secs", s->time_offsets[i].s);
		put_u64(b, "nanosecs", s->time_offsets[i].ns);
		buf_putc(b, '}');
	}
	buf_putc(b, '}');
}

static void put_netdevs(struct buf *b, const struct oci_spec *s)
{
	if (!s->n_netdevs)
		return;
	put_open(b, "netDevices", '{');
	for (size_t i = 0; i < s->n_netdevs; i++) {
		put_open(b, s->netdevs[i].host, '{');
		put_str(b, "name", s->netdevs[i].inside);
		buf_putc(b, '}');
	}
	buf_putc(b, '}');
}

static void put_rdt(struct buf *b, const struct oci_rdt *r)
{
	if (!r->set)
		return;
	put_open(b, "intelRdt", '{');
	put_str(b, "closID", r->clos_id);
	put_str(b, "l3CacheSchema", r->l3_cache);
	put_str(b, "memBwSchema", r->mem_bw);
	put_strs(b, "schemata", &r->schemata);
	put_bool(b, "enableMonitoring", r->monitoring);
	buf_putc(b, '}');
}

static void put_linux(struct buf *b, const struct oci_spec *s)
{
	put_open(b, "linux", '{');
	put_open(b, "namespaces", '[');
	for (size_t k = 0; k < OCI_NS_COUNT; k++) {
		if (!s->ns[k].set)
			continue;
		put_open(b, NULL, '{');
		put_str(b, "type", oci_ns_names[k]);
		put_str(b, "path", s->ns[k].path);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
	put_idmaps(b, &s->idmaps);
	put_offsets(b, s);
	put_netdevs(b, s);
	put_rdt(b, &s->rdt);
	put_devices(b, s);
	put_str(b, "cgroupsPath", s->cgroups_path);
	put_key(b, "resources");
	oci_resources_write(b, &s->resources);
	put_str(b, "rootfsPropagation", s->rootfs_propagation);
	put_str(b, "mountLabel", s->mount_label);
	put_seccomp(b, &s->seccomp);
	put_kvs(b, "sysctl", &s->sysctl);
	put_strs(b, "maskedPaths", &s->masked_paths);
	put_strs(b, "readonlyPaths", &s->readonly_paths);
	if (s->personality.set) {
		put_open(b, "personality", '{');
		put_str(b, "domain", s->personality.v ? "LINUX32" : "LINUX");
		buf_putc(b, '}');
	}
	buf_putc(b, '}');
}

void oci_spec_write(struct buf *b, const struct oci_spec *s)
{
	buf_putc(b, '{');
	put_str(b, "ociVersion", s->version ? s->version : OCI_VERSION);
	put_process(b, &s->process);
	put_open(b, "root", '{');
	put_str(b, "path", s->root_path);
	put_bool(b, "readonly", s->root_readonly);
	buf_putc(b, '}');
	put_str(b, "hostname", s->hostname);
	put_str(b, "domainname", s->domainname);
	put_mounts(b, s);
	put_hooks(b, s);
	put_kvs(b, "annotations", &s->annotations);
	put_linux(b, s);
	buf_puts(b, "}\n");
}
