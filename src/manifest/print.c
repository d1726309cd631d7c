/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical form of a manifest: every text in quotes, every default left out, services in the
 * order of start. manifest_parse() of it gives the same model: that is a test.
 */
#include "base/signame.h"
#include "manifest/manifest.h"

/* a JSON string is a YAML string; a dollar sign would be a variable */
static void text(struct buf *b, const char *s)
{
	buf_putc(b, '"');
	for (; *s; s++) {
		if (*s == '$')
			buf_puts(b, "$$");
		else if (*s == '"' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || *s == 0x7f)
			buf_printf(b, "\\x%02x", (unsigned char)*s);
		else
			buf_putc(b, *s);
	}
	buf_putc(b, '"');
}

static void text_key(struct buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	buf_printf(b, "    %s: ", key);
	text(b, value);
	buf_putc(b, '\n');
}

static void bool_key(struct buf *b, const char *key, bool value)
{
	if (value)
		buf_printf(b, "    %s: true\n", key);
}

/* @list NULL prints nothing, an empty one "[]" */
static void list_key(struct buf *b, const char *key, char *const *list, size_t n)
{
	if (!list)
		return;
	buf_printf(b, "    %s: [", key);
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ", " : "");
		text(b, list[i]);
	}
	buf_puts(b, "]\n");
}

static void print_env(struct buf *b, const struct manifest_service *s)
{
	if (s->n_env)
		buf_puts(b, "    environment:\n");
	for (size_t i = 0; i < s->n_env; i++) {
		buf_puts(b, "      ");
		text(b, s->env[i].name);
		buf_puts(b, ": ");
		text(b, s->env[i].value);
		buf_putc(b, '\n');
	}
}

static void print_ports(struct buf *b, const struct manifest_service *s)
{
	if (s->n_ports)
		buf_puts(b, "    ports:\n");
	for (size_t i = 0; i < s->n_ports; i++) {
		const struct manifest_port *p = &s->ports[i];

		buf_printf(b, "      - \"%s%s%u:%u%s\"\n", p->host_ip ? p->host_ip : "",
			   p->host_ip ? ":" : "", p->host_port, p->container_port,
			   p->proto == PORT_UDP ? "/udp" : "");
	}
}

static void print_mount(struct buf *b, const struct manifest_mount *m)
{
	static const char *const kinds[] = {"volume", "bind", "tmpfs"};

	buf_printf(b, "      - type: %s\n", kinds[m->kind]);
	if (m->source) {
		buf_puts(b, "        source: ");
		text(b, m->source);
		buf_putc(b, '\n');
	}
	buf_puts(b, "        target: ");
	text(b, m->target);
	buf_putc(b, '\n');
	if (m->read_only)
		buf_puts(b, "        read_only: true\n");
	if (m->tmpfs_bytes || m->tmpfs_mode)
		buf_puts(b, "        tmpfs:\n");
	if (m->tmpfs_bytes)
		buf_printf(b, "          size: %llu\n", (unsigned long long)m->tmpfs_bytes);
	if (m->tmpfs_mode)
		buf_printf(b, "          mode: 0%o\n", m->tmpfs_mode);
}

static void print_depends(struct buf *b, const struct manifest_service *s)
{
	static const char *const conditions[] = {"service_started", "service_healthy",
						 "service_completed_successfully"};

	if (s->n_depends)
		buf_puts(b, "    depends_on:\n");
	for (size_t i = 0; i < s->n_depends; i++)
		buf_printf(b, "      %s: {condition: %s}\n", s->depends[i].service,
			   conditions[s->depends[i].condition]);
}

static void print_networks(struct buf *b, const struct manifest_service *s)
{
	text_key(b, "network_mode", s->network_mode);
	if (s->n_networks)
		buf_puts(b, "    networks:\n");
	for (size_t i = 0; i < s->n_networks; i++) {
		const struct manifest_network_use *u = &s->networks[i];

		buf_printf(b, "      %s: {", u->network);
		for (size_t k = 0; k < u->n_aliases; k++) {
			buf_puts(b, k ? ", " : "aliases: [");
			text(b, u->aliases[k]);
		}
		buf_puts(b, u->n_aliases ? "]}\n" : "}\n");
	}
}

static void print_limits(struct buf *b, const struct manifest_service *s)
{
	if (s->mem_limit_bytes)
		buf_printf(b, "    mem_limit: %llu\n", (unsigned long long)s->mem_limit_bytes);
	if (s->cpus_milli)
		buf_printf(b, "    cpus: %llu.%03llu\n", (unsigned long long)s->cpus_milli / 1000,
			   (unsigned long long)s->cpus_milli % 1000);
	if (s->pids_limit)
		buf_printf(b, "    pids_limit: %llu\n", (unsigned long long)s->pids_limit);
}

static void print_restart(struct buf *b, const struct manifest_service *s)
{
	static const char *const names[] = {"no", "always", "on-failure", "unless-stopped"};

	if (s->restart == RESTART_NO)
		return;
	buf_printf(b, "    restart: \"%s", names[s->restart]);
	if (s->restart_max)
		buf_printf(b, ":%u", s->restart_max);
	buf_puts(b, "\"\n");
}

static void print_service(struct buf *b, const struct manifest_service *s)
{
	char signal[16];

	buf_printf(b, "  %s:\n", s->name);
	text_key(b, "image", s->image);
	text_key(b, "platform", s->platform);
	list_key(b, "entrypoint", s->entrypoint, s->n_entrypoint);
	list_key(b, "command", s->command, s->n_command);
	print_env(b, s);
	text_key(b, "working_dir", s->working_dir);
	text_key(b, "user", s->user);
	text_key(b, "hostname", s->hostname);
	print_ports(b, s);
	if (s->n_mounts)
		buf_puts(b, "    volumes:\n");
	for (size_t i = 0; i < s->n_mounts; i++)
		print_mount(b, &s->mounts[i]);
	print_restart(b, s);
	print_depends(b, s);
	print_limits(b, s);
	print_networks(b, s);
	bool_key(b, "read_only", s->read_only);
	bool_key(b, "tty", s->tty);
	bool_key(b, "stdin_open", s->stdin_open);
	bool_key(b, "init", s->init);
	bool_key(b, "privileged", s->privileged);
	if (s->new_privileges)
		buf_puts(b, "    security_opt: [\"no-new-privileges:false\"]\n");
	if (s->n_cap_add)
		list_key(b, "cap_add", s->cap_add, s->n_cap_add);
	if (s->n_cap_drop)
		list_key(b, "cap_drop", s->cap_drop, s->n_cap_drop);
	if (s->stop_grace_ms != 10000)
		buf_printf(b, "    stop_grace_period: %llums\n",
			   (unsigned long long)s->stop_grace_ms);
	if (s->stop_signal)
		buf_printf(b, "    stop_signal: %s\n", signame_format(signal, s->stop_signal));
	if (s->n_labels)
		list_key(b, "labels", s->labels, s->n_labels);
}

static void print_named(struct buf *b, const char *key, const struct manifest_named *list, size_t n)
{
	if (n)
		buf_printf(b, "%s:\n", key);
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "  %s: {}\n", list[i].name);
}

static void print_rule(struct buf *b, const struct verify_rule *rule)
{
	buf_puts(b, "    - {prefix: ");
	text(b, rule->prefix);
	if (rule->key) {
		buf_puts(b, ", cosign: ");
		text(b, rule->key);
	} else {
		buf_printf(b, ", action: %s", rule->action == VERIFY_ACCEPT ? "accept" : "reject");
	}
	buf_puts(b, "}\n");
}

void manifest_print(struct buf *b, const struct manifest *m)
{
	buf_printf(b, "name: \"%s\"\nservices:\n", m->name);
	for (size_t i = 0; i < m->n_services; i++)
		print_service(b, &m->services[i]);
	print_named(b, "volumes", m->volumes, m->n_volumes);
	print_named(b, "networks", m->networks, m->n_networks);
	if (m->verify.n)
		buf_puts(b, "x-cleat:\n  verify:\n");
	for (size_t i = 0; i < m->verify.n; i++)
		print_rule(b, &m->verify.rules[i]);
}
