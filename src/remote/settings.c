/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registries.yaml:
 *
 *	proxy: {https: "http://proxy:3128", http: ..., no_proxy: [example.com, 10.0.0.0/8]}
 *	rate: 2m
 *	registries:
 *	  registry.example.com: {mirrors: [cache.lan:5000, "cache.lan/hub"], rate: 500k}
 *
 * Two tables say which keys there are; the walk over them is the same.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "doc/pool.h"
#include "doc/yaml.h"
#include "remote/remote.h"
#include "wire/proxy.h"
#include "wire/reference.h"

#define NO_PROXY_CAP 2048

struct read {
	const char *file, *host;
	struct arena *a;
	struct remote_settings *out; /* NULL: only check, it concerns another registry */
	struct err *e;
};

struct key {
	const char *name;
	int (*take)(struct read *r, const struct yaml_node *n, size_t slot);
	size_t slot; /* offset of a char * in struct remote_settings */
};

static int expected(struct read *r, const struct yaml_node *n, const char *what)
{
	char found[96];

	return yaml_fail(n, r->file, r->e, -EINVAL, "expected %s, found %s", what,
			 yaml_describe(found, n));
}

static int keep(struct read *r, const struct yaml_node *n, size_t slot, const char *text)
{
	char *copy;

	if (!r->out)
		return 0;
	copy = arena_strdup(r->a, text);
	if (!copy)
		return yaml_fail(n, r->file, r->e, -EFBIG,
				 "the file does not fit CONFIG_PARSE_MODEL_KIB");
	*(char **)(void *)((char *)r->out + slot) = copy;
	return 0;
}

/* every key must be known: a word that is misspelt must not be without effect */
static int take_map(struct read *r, const struct yaml_node *n, const struct key *keys,
		    size_t n_keys)
{
	if (yaml_is_null(n))
		return 0;
	if (n->kind != YAML_MAP)
		return expected(r, n, "a map");
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		size_t k = 0;
		int rc;

		while (k < n_keys && !str_eq(keys[k].name, i->key->text))
			k++;
		if (k == n_keys)
			return yaml_fail(i->key, r->file, r->e, -EINVAL, "unknown key \"%.60s\"",
					 i->key->text);
		rc = keys[k].take(r, i->value, keys[k].slot);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int take_proxy_url(struct read *r, const struct yaml_node *n, size_t slot)
{
	struct proxy proxy;
	struct err why = {0};

	if (n->kind != YAML_SCALAR || yaml_is_null(n))
		return expected(r, n, "a proxy's URL");
	if (proxy_parse(n->text, &proxy, &why) < 0)
		return yaml_fail(n, r->file, r->e, -EINVAL, "%s", why.msg);
	return keep(r, n, slot, n->text);
}

static int take_no_proxy(struct read *r, const struct yaml_node *n, size_t slot)
{
	char text[NO_PROXY_CAP];
	struct buf b;

	if (n->kind == YAML_SCALAR && !yaml_is_null(n))
		return keep(r, n, slot, n->text);
	if (n->kind != YAML_LIST)
		return expected(r, n, "a list of hosts");
	buf_init(&b, text, sizeof(text));
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		if (i->value->kind != YAML_SCALAR)
			return expected(r, i->value, "a host");
		buf_printf(&b, "%s%s", b.len ? "," : "", i->value->text);
	}
	if (!buf_ok(&b))
		return yaml_fail(n, r->file, r->e, -EFBIG, "the list is longer than %d bytes",
				 NO_PROXY_CAP);
	return keep(r, n, slot, text);
}

static int take_proxy(struct read *r, const struct yaml_node *n, size_t slot)
{
	static const struct key keys[] = {
		{"https", take_proxy_url, offsetof(struct remote_settings, https_proxy)},
		{"http", take_proxy_url, offsetof(struct remote_settings, http_proxy)},
		{"no_proxy", take_no_proxy, offsetof(struct remote_settings, no_proxy)},
	};

	(void)slot;
	r->out->has_proxy = true;
	return take_map(r, n, keys, ARRAY_LEN(keys));
}

/* "cache.lan:5000/hub" is where images are asked for before their registry: a reference without its end */
static int take_mirrors(struct read *r, const struct yaml_node *n, size_t slot)
{
	char text[REMOTE_MAX_MIRRORS * REMOTE_MIRROR_CAP], one[REMOTE_MIRROR_CAP + 8];
	struct reference ref;
	unsigned int count = 0;
	struct buf b;

	if (n->kind != YAML_LIST)
		return expected(r, n, "a list of mirrors");
	buf_init(&b, text, sizeof(text));
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		const char *mirror = i->value->kind == YAML_SCALAR ? i->value->text : "";
		size_t host_len = strcspn(mirror, "/");

		if (str_printf(one, sizeof(one), "%s/x", mirror) < 0 ||
		    strlen(mirror) >= REMOTE_MIRROR_CAP || reference_parse(one, &ref, NULL) < 0 ||
		    strlen(ref.host) != host_len || !str_starts(mirror, ref.host))
			return expected(r, i->value, "host[:port][/path]");
		if (count++ == REMOTE_MAX_MIRRORS)
			return yaml_fail(i->value, r->file, r->e, -EFBIG, "more than %d mirrors",
					 REMOTE_MAX_MIRRORS);
		buf_printf(&b, "%s%s", b.len ? " " : "", mirror);
	}
	return keep(r, n, slot, text);
}

static int take_rate(struct read *r, const struct yaml_node *n, size_t slot)
{
	char text[24];
	uint64_t rate;

	if (n->kind != YAML_SCALAR || num_bytes(span_of(n->text), &rate) < 0 || rate < 1024)
		return expected(r, n, "bytes a second, at least 1k");
	str_printf(text, sizeof(text), "%llu", (unsigned long long)rate);
	return keep(r, n, slot, text);
}

/* of all registries: what is said about the one goes before it, wherever it stands */
static int take_common_rate(struct read *r, const struct yaml_node *n, size_t slot)
{
	char *own = r->out->rate;
	int rc = take_rate(r, n, slot);

	if (own)
		r->out->rate = own;
	return rc;
}

/*
 * What can be said about one registry. A key's slot is a text of struct remote_settings; what is not for the
 * registry that was asked for is checked and dropped.
 */
static const struct key registry_keys[] = {
	{"mirrors", take_mirrors, offsetof(struct remote_settings, mirrors)},
	{"rate", take_rate, offsetof(struct remote_settings, rate)},
};

static int take_registries(struct read *r, const struct yaml_node *n, size_t slot)
{
	struct remote_settings *out = r->out;
	struct reference ref;
	char text[REFERENCE_HOST_CAP + 8];
	int rc = 0;

	(void)slot;
	if (yaml_is_null(n))
		return 0;
	if (n->kind != YAML_MAP)
		return expected(r, n, "a map of registries");
	for (const struct yaml_item *i = n->items; i && rc == 0; i = i->next) {
		const char *name = i->key->text;

		if (str_printf(text, sizeof(text), "%s/x", name) < 0 ||
		    reference_parse(text, &ref, NULL) < 0 || !str_eq(ref.host, name))
			return yaml_fail(i->key, r->file, r->e, -EINVAL,
					 "\"%.60s\" is not a registry: expected host[:port], as in "
					 "references (docker.io for Docker Hub)",
					 name);
		r->out = str_eq(name, r->host) ? out : NULL;
		rc = take_map(r, i->value, registry_keys, ARRAY_LEN(registry_keys));
	}
	r->out = out;
	return rc;
}

int remote_parse_settings(struct span text, const char *file, const char *host, struct arena *a,
			  struct remote_settings *ret_settings, struct err *e)
{
	static const struct key top[] = {
		{"proxy", take_proxy, 0},
		{"rate", take_common_rate, offsetof(struct remote_settings, rate)},
		{"registries", take_registries, 0},
	};
	struct remote_settings settings = {0};
	struct read r = {.file = file, .host = host, .a = a, .out = &settings, .e = e};
	const struct yaml_node *root;
	struct arena tree;
	int rc;

	arena_init(&tree, doc_pool, sizeof(doc_pool));
	rc = yaml_parse(text, file, &tree, &root, e);
	if (rc == 0)
		rc = take_map(&r, root, top, ARRAY_LEN(top));
	if (rc == 0)
		*ret_settings = settings;
	return rc;
}
