/* SPDX-License-Identifier: Apache-2.0 */
/* One service: a table of its keys. */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/signame.h"
#include "image/image.h"
#include "manifest/load.h"
#include "oci/spec.h"
#include "wire/reference.h"

#define CPUS_MAX_MILLI	 1024000
#define MEM_MIN_BYTES	 (1024 * 1024) /* less is a forgotten unit, not a limit */
#define PIDS_MAX	 4194304       /* the kernel's PID_MAX_LIMIT */
#define GRACE_MAX_MS	 (24 * 3600 * 1000)
#define GRACE_DEFAULT_MS 10000
#define HOSTNAME_MAX	 63

typedef int key_fn(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		   struct load_nodes *at);

static int key_image(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		     struct load_nodes *at)
{
	struct reference ref;
	int r = load_text(l, n, &s->image);

	(void)at;
	if (r < 0)
		return r;
	r = reference_parse(s->image, &ref, l->e);
	return r < 0 ? load_wrap(l, n) : 0;
}

static int key_platform(struct load *l, const struct yaml_node *n, struct manifest_service *s,
			struct load_nodes *at)
{
	char mem[IMAGE_PLATFORM_CAP];
	struct image_platform p;
	int r = load_text(l, n, &s->platform);

	(void)at;
	if (r < 0)
		return r;
	r = image_platform_parse(s->platform, mem, &p, l->e);
	return r < 0 ? load_wrap(l, n) : 0;
}

static int key_command(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		       struct load_nodes *at)
{
	(void)at;
	return load_words(l, n, &s->command, &s->n_command);
}

static int key_entrypoint(struct load *l, const struct yaml_node *n, struct manifest_service *s,
			  struct load_nodes *at)
{
	(void)at;
	return load_words(l, n, &s->entrypoint, &s->n_entrypoint);
}

static int key_environment(struct load *l, const struct yaml_node *n, struct manifest_service *s,
			   struct load_nodes *at)
{
	(void)at;
	return load_env(l, n, s);
}

static int key_labels(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		      struct load_nodes *at)
{
	(void)at;
	return load_labels(l, n, s);
}

static int key_working_dir(struct load *l, const struct yaml_node *n, struct manifest_service *s,
			   struct load_nodes *at)
{
	int r = load_text(l, n, &s->working_dir);

	(void)at;
	if (r < 0 || s->working_dir[0] == '/')
		return r;
	return load_fail(l, n, -EINVAL, "\"%.100s\" is not an absolute path", s->working_dir);
}

static int key_user(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		    struct load_nodes *at)
{
	int r = load_text(l, n, &s->user);

	(void)at;
	if (r < 0)
		return r;
	if (!s->user[0] || strpbrk(s->user, " \t\r\n"))
		return load_fail(l, n, -EINVAL,
				 "\"%.80s\" is no user: write \"name\", \"1000\" or \"1000:1000\"",
				 s->user);
	return 0;
}

static int key_hostname(struct load *l, const struct yaml_node *n, struct manifest_service *s,
			struct load_nodes *at)
{
	size_t label = 0, len;
	int r = load_text(l, n, &s->hostname);

	(void)at;
	if (r < 0)
		return r;
	len = strlen(s->hostname);
	for (size_t i = 0; i <= len && len <= HOSTNAME_MAX; i++) {
		char c = s->hostname[i];
		bool alnum =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (alnum || (c == '-' && label && s->hostname[i + 1] && s->hostname[i + 1] != '.'))
			label++;
		else if ((c == '.' || !c) && label)
			label = 0;
		else
			break;
		if (i == len)
			return 0;
	}
	return load_fail(
		l, n, -EINVAL,
		"\"%.80s\" is no host name: letters, digits, '-' and '.', at most %d characters",
		s->hostname, HOSTNAME_MAX);
}

static int key_restart(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		       struct load_nodes *at)
{
	static const struct {
		const char *name;
		enum manifest_restart restart;
	} policies[] = {{"no", RESTART_NO},
			{"always", RESTART_ALWAYS},
			{"on-failure", RESTART_ON_FAILURE},
			{"unless-stopped", RESTART_UNLESS_STOPPED}};
	struct span name, count;
	bool counted;
	char *text;
	int r = load_text(l, n, &text);

	(void)at;
	if (r < 0)
		return r;
	name = span_cut(span_of(text), ':', &count, &counted);
	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		if (!span_eq(name, policies[i].name))
			continue;
		s->restart = policies[i].restart;
		if (!counted)
			return 0;
		if (s->restart == RESTART_ON_FAILURE &&
		    num_u32(count, UINT32_MAX, &s->restart_max) == 0)
			return 0;
	}
	return load_fail(l, n, -EINVAL,
			 "expected \"no\", always, unless-stopped, on-failure or on-failure:N, "
			 "found \"%.64s\"",
			 text);
}

static int key_mem_limit(struct load *l, const struct yaml_node *n, struct manifest_service *s,
			 struct load_nodes *at)
{
	int r = load_bytes(l, n, &s->mem_limit_bytes);

	(void)at;
	if (r == 0 && s->mem_limit_bytes && s->mem_limit_bytes < MEM_MIN_BYTES)
		return load_fail(l, n, -EINVAL,
				 "mem_limit is %llu bytes, below 1m: is a unit missing?",
				 (unsigned long long)s->mem_limit_bytes);
	return r;
}

static int key_cpus(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		    struct load_nodes *at)
{
	char *text;
	int r = load_scalar(l, n, &text);

	(void)at;
	if (r < 0)
		return r;
	if (num_milli(span_of(text), CPUS_MAX_MILLI, &s->cpus_milli) < 0)
		return load_fail(l, n, -EINVAL,
				 "expected a number of CPUs such as 0.5, with at most three "
				 "decimals, found \"%.64s\"",
				 text);
	return 0;
}

static int key_pids_limit(struct load *l, const struct yaml_node *n, struct manifest_service *s,
			  struct load_nodes *at)
{
	(void)at;
	return load_u64(l, n, 1, PIDS_MAX, &s->pids_limit);
}

static int key_stop_grace_period(struct load *l, const struct yaml_node *n,
				 struct manifest_service *s, struct load_nodes *at)
{
	char *text;
	int r = load_scalar(l, n, &text);

	(void)at;
	if (r < 0)
		return r;
	if (num_duration_ms(span_of(text), &s->stop_grace_ms) < 0 ||
	    s->stop_grace_ms > GRACE_MAX_MS)
		return load_fail(
			l, n, -EINVAL,
			"expected a duration such as 10s or 1m30s, at most 24h, found \"%.64s\"",
			text);
	return 0;
}

static int key_stop_signal(struct load *l, const struct yaml_node *n, struct manifest_service *s,
			   struct load_nodes *at)
{
	char *text;
	int r = load_scalar(l, n, &text);

	(void)at;
	if (r < 0)
		return r;
	s->stop_signal = signame_parse(span_of(text));
	if (s->stop_signal < 0)
		return load_fail(l, n, -EINVAL,
				 "\"%.64s\" is no signal: write for instance SIGTERM", text);
	return 0;
}

static int key_network_mode(struct load *l, const struct yaml_node *n, struct manifest_service *s,
			    struct load_nodes *at)
{
	int r = load_text(l, n, &s->network_mode);

	at->network_mode = n;
	if (r < 0)
		return r;
	if (str_eq(s->network_mode, "none") || str_eq(s->network_mode, "host") ||
	    str_eq(s->network_mode, "bridge"))
		return 0;
	return load_fail(l, n, str_starts(s->network_mode, "service:") ? -ENOTSUP : -EINVAL,
			 "expected none, host or bridge, found \"%.64s\"", s->network_mode);
}

static int load_caps(struct load *l, const struct yaml_node *n, char ***ret_list, size_t *ret_n)
{
	const struct yaml_item *i = n->items;
	int r = load_texts(l, n, ret_list, ret_n);

	for (size_t k = 0; r == 0 && k < *ret_n; k++, i = i->next) {
		int cap = oci_cap_number((*ret_list)[k]);

		if (span_eq_nocase(span_of((*ret_list)[k]), "ALL"))
			(*ret_list)[k] = arena_strdup(l->a, "ALL");
		else if (cap < 0)
			return load_fail(l, i->value, -EINVAL,
					 "\"%.64s\" is no capability: write for instance NET_ADMIN",
					 (*ret_list)[k]);
		else
			(*ret_list)[k] = arena_strdup(l->a, oci_cap_name((unsigned int)cap));
		if (!(*ret_list)[k])
			return load_full(l, n);
	}
	return r;
}

static int key_cap_add(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		       struct load_nodes *at)
{
	(void)at;
	return load_caps(l, n, &s->cap_add, &s->n_cap_add);
}

static int key_cap_drop(struct load *l, const struct yaml_node *n, struct manifest_service *s,
			struct load_nodes *at)
{
	(void)at;
	return load_caps(l, n, &s->cap_drop, &s->n_cap_drop);
}

int manifest_parse_security(const char *text, bool *ret_new_privileges, struct err *e)
{
	static const char key[] = "no-new-privileges";
	const char *value = text + sizeof(key) - 1;
	bool known = str_starts(text, key), off;

	off = known && (*value == ':' || *value == '=') && str_eq(value + 1, "false");
	if (!off && (!known || (*value && !str_eq(value, ":true") && !str_eq(value, "=true"))))
		return err_text(e, -ENOTSUP,
				"\"%.64s\" is not supported, only no-new-privileges:false is",
				text);
	*ret_new_privileges = off;
	return 0;
}

static int key_security_opt(struct load *l, const struct yaml_node *n, struct manifest_service *s,
			    struct load_nodes *at)
{
	char **list;
	size_t len = 0;
	int r = load_texts(l, n, &list, &len);

	(void)at;
	for (size_t i = 0; r == 0 && i < len; i++) {
		r = manifest_parse_security(list[i], &s->new_privileges, l->e);
		if (r < 0)
			return load_wrap(l, n);
	}
	return r;
}

static int key_expose(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		      struct load_nodes *at)
{
	(void)s;
	(void)at;
	return load_expose(l, n);
}

#define BOOL_KEY(name)                                                                             \
	static int key_##name(struct load *l, const struct yaml_node *n,                           \
			      struct manifest_service *s, struct load_nodes *at)                   \
	{                                                                                          \
		(void)at;                                                                          \
		return load_bool(l, n, &s->name);                                                  \
	}
BOOL_KEY(read_only)
BOOL_KEY(tty)
BOOL_KEY(stdin_open)
BOOL_KEY(privileged)

static int key_init(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		    struct load_nodes *at)
{
	int r = load_bool(l, n, &s->init);

	(void)at;
	if (r < 0 || !s->init)
		return r;
	return load_fail(
		l, n, -ENOTSUP,
		"init: true is not supported yet: put an init such as tini into the image");
}

/* order = order of messages when several keys are wrong; NULL: loaded with another key */
static const struct {
	const char *name;
	key_fn *fn;
} keys[] = {
	{"image", key_image},
	{"platform", key_platform},
	{"command", key_command},
	{"entrypoint", key_entrypoint},
	{"environment", key_environment},
	{"working_dir", key_working_dir},
	{"user", key_user},
	{"hostname", key_hostname},
	{"ports", load_ports},
	{"expose", key_expose},
	{"volumes", NULL},
	{"tmpfs", NULL},
	{"restart", key_restart},
	{"depends_on", load_depends},
	{"mem_limit", key_mem_limit},
	{"cpus", key_cpus},
	{"pids_limit", key_pids_limit},
	{"read_only", key_read_only},
	{"tty", key_tty},
	{"stdin_open", key_stdin_open},
	{"init", key_init},
	{"privileged", key_privileged},
	{"stop_grace_period", key_stop_grace_period},
	{"stop_signal", key_stop_signal},
	{"network_mode", key_network_mode},
	{"networks", load_networks},
	{"labels", key_labels},
	{"cap_add", key_cap_add},
	{"cap_drop", key_cap_drop},
	{"security_opt", key_security_opt},
};

static int unknown_key(struct load *l, const struct yaml_node *key, const char *service)
{
	const char *known[ARRAY_LEN(keys) + 1] = {NULL};
	char where[96];

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		known[i] = keys[i].name;
	str_printf(where, sizeof(where), "service \"%.63s\"", service);
	return keys_refuse(l, key, KEYS_SERVICE, known, where);
}

static int load_key(struct load *l, const struct yaml_item *item, struct manifest_service *s,
		    struct load_nodes *at)
{
	if (str_starts(item->key->text, "x-"))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (!str_eq(keys[i].name, item->key->text))
			continue;
		return keys[i].fn ? keys[i].fn(l, item->value, s, at) : 0;
	}
	return unknown_key(l, item->key, s->name);
}

int load_service(struct load *l, const struct yaml_node *key, const struct yaml_node *n,
		 struct manifest_service *s, struct load_nodes *at)
{
	int r = load_name(l, key, "service", key->text);

	at->key = key;
	s->stop_grace_ms = GRACE_DEFAULT_MS;
	s->name = arena_strdup(l->a, key->text);
	if (r == 0 && !s->name)
		r = load_full(l, key);
	if (r == 0 && n->kind != YAML_MAP)
		r = load_fail(l, n, -EINVAL,
			      "service \"%s\": expected a map with at least \"image\"", s->name);
	for (const struct yaml_item *i = n->items; i && r == 0; i = i->next)
		r = load_key(l, i, s, at);
	if (r == 0)
		r = load_mounts(l, yaml_get(n, "volumes"), yaml_get(n, "tmpfs"), s, at);
	if (r == 0 && !s->image)
		r = load_fail(l, key, -EINVAL, "service \"%s\" has no \"image\"", s->name);
	return r;
}
