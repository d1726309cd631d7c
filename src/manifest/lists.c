/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and maps of a service other than mounts. */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "manifest/load.h"
#include "manifest/short.h"

/* What Compose makes of a number in a map depends on its notation (010, 1e3, 0x1f): only what can be
 * read in one way is taken. */
static bool is_canonical(const char *number)
{
	const char *p = number[0] == '-' ? number + 1 : number;
	const char *end = p + strspn(p, "0123456789");
	size_t decimals;

	if (end == p || (p[0] == '0' && end - p > 1))
		return false;
	if (!*end)
		return true;
	decimals = *end == '.' ? strspn(end + 1, "0123456789") : 0;
	return decimals && !end[1 + decimals] && end[decimals] != '0';
}

/* value of "name: value": text, true, false or a number */
static int map_value(struct load *l, const struct yaml_node *n, char **ret)
{
	if (yaml_is_number(n) && !is_canonical(n->text))
		return load_fail(
			l, n, -EINVAL,
			"the number %s can be read in more than one way; put it in quotes: \"%s\"",
			n->text, n->text);
	return load_scalar(l, n, ret);
}

static int add_env(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		   char *name, char *value)
{
	if (!*name || strchr(name, '='))
		return load_fail(l, n, -EINVAL, "\"%.80s\" is not a name of a variable", name);
	for (size_t i = 0; i < s->n_env; i++)
		if (str_eq(s->env[i].name, name))
			return load_fail(l, n, -EINVAL, "variable %.80s is set twice", name);
	s->env[s->n_env++] = (struct manifest_env){name, value};
	return 0;
}

static int no_value(struct load *l, const struct yaml_node *n, const char *name)
{
	return load_fail(l, n, -EINVAL,
			 "variable %.80s has no value: a device has no shell to take it from, "
			 "write %.80s=value",
			 name, name);
}

static int env_map(struct load *l, const struct yaml_node *n, struct manifest_service *s)
{
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		char *name = arena_strdup(l->a, i->key->text), *value = NULL;
		int r;

		if (!name)
			return load_full(l, n);
		if (yaml_is_null(i->value))
			return no_value(l, i->key, name);
		r = map_value(l, i->value, &value);
		if (r == 0)
			r = add_env(l, i->key, s, name, value);
		if (r < 0)
			return r;
	}
	return 0;
}

static int env_list(struct load *l, const struct yaml_node *n, struct manifest_service *s)
{
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		char *text, *eq;
		int r = load_text(l, i->value, &text);

		if (r < 0)
			return r;
		eq = strchr(text, '=');
		if (!eq)
			return no_value(l, i->value, text);
		*eq = '\0';
		r = add_env(l, i->value, s, text, eq + 1);
		if (r < 0)
			return r;
	}
	return 0;
}

int load_env(struct load *l, const struct yaml_node *n, struct manifest_service *s)
{
	int r = load_count(l, n, n->kind == YAML_LIST ? YAML_LIST : YAML_MAP);

	if (r < 0)
		return r;
	s->env = load_array(l, n, n->n, sizeof(*s->env));
	if (!s->env)
		return -EFBIG;
	return n->kind == YAML_LIST ? env_list(l, n, s) : env_map(l, n, s);
}

static int one_label(struct load *l, const struct yaml_item *i, char **ret)
{
	char *value = (char *)"";
	int r = 0;

	if (!i->key) {
		r = load_text(l, i->value, ret);
		if (r == 0 && !strchr(*ret, '='))
			*ret = arena_printf(l->a, "%s=", *ret);
	} else {
		if (!yaml_is_null(i->value))
			r = map_value(l, i->value, &value);
		if (r == 0)
			*ret = arena_printf(l->a, "%s=%s", i->key->text, value);
	}
	if (r < 0)
		return r;
	return *ret ? 0 : load_full(l, i->value);
}

static size_t label_name_len(const char *label)
{
	return strcspn(label, "=");
}

int load_labels(struct load *l, const struct yaml_node *n, struct manifest_service *s)
{
	int r = load_count(l, n, n->kind == YAML_LIST ? YAML_LIST : YAML_MAP);

	if (r < 0)
		return r;
	s->labels = load_array(l, n, n->n, sizeof(*s->labels));
	if (!s->labels)
		return -EFBIG;
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		const struct yaml_node *at = i->key ? i->key : i->value;
		char **label = &s->labels[s->n_labels];
		size_t len;

		r = one_label(l, i, label);
		if (r < 0)
			return r;
		len = label_name_len(*label);
		if (!len)
			return load_fail(l, at, -EINVAL, "a label has no name");
		for (size_t k = 0; k < s->n_labels; k++)
			if (label_name_len(s->labels[k]) == len &&
			    memcmp(s->labels[k], *label, len) == 0)
				return load_fail(l, at, -EINVAL, "label %.*s is set twice",
						 (int)len, *label);
		s->n_labels++;
	}
	return 0;
}

static int depends_condition(struct load *l, const struct yaml_node *n,
			     enum manifest_condition *ret)
{
	char *text;
	int r = load_text(l, n, &text);

	if (r < 0)
		return r;
	if (str_eq(text, "service_started"))
		*ret = DEPENDS_STARTED;
	else if (str_eq(text, "service_completed_successfully"))
		*ret = DEPENDS_COMPLETED;
	else if (str_eq(text, "service_healthy"))
		return load_fail(l, n, -ENOTSUP,
				 "service_healthy is not supported yet: write service_started");
	else
		return load_fail(l, n, -EINVAL,
				 "expected service_started or service_completed_successfully, "
				 "found \"%.64s\"",
				 text);
	return 0;
}

static int depends_options(struct load *l, const struct yaml_node *n, struct manifest_depends *d)
{
	static const char *const known[] = {"condition", NULL};
	const struct yaml_node *condition = yaml_get(n, "condition");
	int r;

	if (yaml_is_null(n))
		return 0;
	r = load_count(l, n, YAML_MAP);
	if (r == 0)
		r = keys_check(l, n, known, "depends_on");
	return r == 0 && condition ? depends_condition(l, condition, &d->condition) : r;
}

int load_depends(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		 struct load_nodes *at)
{
	int r = load_count(l, n, n->kind == YAML_LIST ? YAML_LIST : YAML_MAP);

	if (r < 0)
		return r;
	s->depends = load_array(l, n, n->n, sizeof(*s->depends));
	at->depends = load_array(l, n, n->n, sizeof(*at->depends));
	if (!s->depends || !at->depends)
		return -EFBIG;
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		struct manifest_depends *d = &s->depends[s->n_depends];

		at->depends[s->n_depends++] = i->key ? i->key : i->value;
		if (i->key) {
			d->service = arena_strdup(l->a, i->key->text);
			r = d->service ? depends_options(l, i->value, d) : load_full(l, n);
		} else {
			r = load_text(l, i->value, &d->service);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int network_options(struct load *l, const struct yaml_node *n,
			   struct manifest_network_use *u)
{
	static const char *const known[] = {"aliases", NULL};
	const struct yaml_node *aliases = yaml_get(n, "aliases");
	int r;

	if (yaml_is_null(n))
		return 0;
	r = load_count(l, n, YAML_MAP);
	if (r == 0)
		r = keys_check(l, n, known, "the service's network");
	if (r < 0 || !aliases)
		return r;
	r = load_texts(l, aliases, &u->aliases, &u->n_aliases);
	for (size_t i = 0; r == 0 && i < u->n_aliases; i++)
		r = load_name(l, aliases, "alias", u->aliases[i]);
	return r;
}

int load_networks(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		  struct load_nodes *at)
{
	int r = load_count(l, n, n->kind == YAML_LIST ? YAML_LIST : YAML_MAP);

	if (r < 0)
		return r;
	s->networks = load_array(l, n, n->n, sizeof(*s->networks));
	at->networks = load_array(l, n, n->n, sizeof(*at->networks));
	if (!s->networks || !at->networks)
		return -EFBIG;
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		struct manifest_network_use *u = &s->networks[s->n_networks];

		at->networks[s->n_networks++] = i->key ? i->key : i->value;
		if (i->key) {
			u->network = arena_strdup(l->a, i->key->text);
			r = u->network ? network_options(l, i->value, u) : load_full(l, n);
		} else {
			r = load_text(l, i->value, &u->network);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int port_field(struct load *l, const struct yaml_node *n, const char *key, uint16_t *ret)
{
	const struct yaml_node *v = yaml_get(n, key);
	uint64_t port;
	int r;

	if (!v)
		return load_fail(l, n, -EINVAL, "the port has no \"%s\"", key);
	r = load_u64(l, v, 1, 65535, &port);
	if (r == 0)
		*ret = (uint16_t)port;
	return r;
}

static int port_long(struct load *l, const struct yaml_node *n, struct manifest_port *p)
{
	static const char *const known[] = {"target", "published", "protocol", "host_ip", NULL};
	const struct yaml_node *proto = yaml_get(n, "protocol"), *ip = yaml_get(n, "host_ip");
	char *text;
	int r;

	r = keys_check(l, n, known, "the port");
	if (r == 0)
		r = port_field(l, n, "target", &p->container_port);
	if (r == 0)
		r = port_field(l, n, "published", &p->host_port);
	if (r == 0 && proto) {
		r = load_text(l, proto, &text);
		if (r == 0 && short_proto(span_of(text), &p->proto, l->e) < 0)
			r = load_wrap(l, proto);
	}
	if (r == 0 && ip) {
		r = load_text(l, ip, &text);
		if (r == 0 && short_ip(span_of(text), l->a, &p->host_ip, l->e) < 0)
			r = load_wrap(l, ip);
	}
	return r;
}

int load_ports(struct load *l, const struct yaml_node *n, struct manifest_service *s,
	       struct load_nodes *at)
{
	int r = load_count(l, n, YAML_LIST);

	if (r < 0)
		return r;
	s->ports = load_array(l, n, n->n, sizeof(*s->ports));
	at->ports = load_array(l, n, n->n, sizeof(*at->ports));
	if (!s->ports || !at->ports)
		return -EFBIG;
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		struct manifest_port *p = &s->ports[s->n_ports];
		char *text;

		at->ports[s->n_ports++] = i->value;
		if (i->value->kind == YAML_MAP) {
			r = port_long(l, i->value, p);
		} else {
			r = load_scalar(l, i->value, &text);
			if (r == 0 && manifest_parse_port(span_of(text), l->a, p, l->e) < 0)
				r = load_wrap(l, i->value);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* It only documents: ports between containers of one network are open anyway. */
int load_expose(struct load *l, const struct yaml_node *n)
{
	int r = load_count(l, n, YAML_LIST);

	for (const struct yaml_item *i = n->items; i && r == 0; i = i->next) {
		enum manifest_port_proto proto;
		struct span port, rest;
		bool has_proto;
		uint32_t number;
		char *text;

		r = load_scalar(l, i->value, &text);
		if (r < 0)
			return r;
		port = span_cut(span_of(text), '/', &rest, &has_proto);
		if (has_proto && short_proto(rest, &proto, l->e) < 0)
			return load_wrap(l, i->value);
		if (num_u32(port, 65535, &number) < 0 || !number)
			return load_fail(l, i->value, -EINVAL,
					 "\"%.40s\" is not a port from 1 to 65535", text);
	}
	return r;
}
