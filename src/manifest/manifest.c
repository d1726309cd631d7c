/* SPDX-License-Identifier: Apache-2.0 */
/* The top level of a manifest. */
#include "manifest/manifest.h"

#include <errno.h>
#include <string.h>

#include "base/kconfig.h"
#include "doc/pool.h"
#include "manifest/load.h"

#define NAME_DEFAULT "default"

static int project_name(struct load *l, const struct yaml_node *n)
{
	const char *p;
	int r;

	if (!n) {
		l->m->name = arena_strdup(l->a, NAME_DEFAULT);
		return l->m->name ? 0 : -EFBIG;
	}
	r = load_text(l, n, &l->m->name);
	if (r < 0)
		return r;
	p = l->m->name;
	if (strlen(p) > 63 || !*p || *p == '-' || *p == '_' ||
	    strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(p))
		return load_fail(l, n, -EINVAL,
				 "project name \"%.80s\": 1 to 63 of a-z, 0-9, '_' and '-', a "
				 "letter or digit first",
				 p);
	return 0;
}

/* volumes: and networks: declare names; @driver is the only kind there is */
static int declarations(struct load *l, const struct yaml_node *n, const char *what,
			const char *driver, struct manifest_named **ret_list, size_t *ret_n)
{
	static const char *const known[] = {"driver", NULL};
	struct manifest_named *list;
	char where[32];
	int r;

	if (!n || yaml_is_null(n))
		return 0;
	r = load_count(l, n, YAML_MAP);
	list = r == 0 ? load_array(l, n, n->n, sizeof(*list)) : NULL;
	if (!list)
		return r < 0 ? r : -EFBIG;
	str_printf(where, sizeof(where), "the %s", what);
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		const struct yaml_node *value = yaml_get(i->value, "driver");
		char *text;

		r = load_name(l, i->key, what, i->key->text);
		if (r == 0 && !yaml_is_null(i->value))
			r = load_count(l, i->value, YAML_MAP);
		if (r == 0 && i->value->kind == YAML_MAP)
			r = keys_check(l, i->value, known, where);
		if (r == 0 && value)
			r = load_text(l, value, &text);
		if (r == 0 && value && !str_eq(text, driver))
			r = load_fail(l, value, -ENOTSUP,
				      "driver \"%.64s\" is not supported, \"%s\" is", text, driver);
		if (r < 0)
			return r;
		list[*ret_n].name = arena_strdup(l->a, i->key->text);
		if (!list[(*ret_n)++].name)
			return load_full(l, n);
	}
	*ret_list = list;
	return 0;
}

static int services(struct load *l, const struct yaml_node *root, const struct yaml_node *n)
{
	int r;

	if (!n || yaml_is_null(n) || (n->kind == YAML_MAP && !n->n))
		return load_fail(l, n ? n : root, -EINVAL, "the manifest has no services");
	if (n->kind != YAML_MAP)
		return load_fail(l, n, -EINVAL, "\"services\": expected a map of services by name");
	if (n->n > MANIFEST_MAX_SERVICES)
		return load_fail(l, n, -EFBIG,
				 "%zu services, at most %d are allowed (MANIFEST_MAX_SERVICES)",
				 n->n, MANIFEST_MAX_SERVICES);
	l->m->services = load_array(l, n, n->n, sizeof(*l->m->services));
	l->nodes = load_array(l, n, n->n, sizeof(*l->nodes));
	if (!l->m->services || !l->nodes)
		return -EFBIG;
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		size_t at = l->m->n_services++;

		r = load_service(l, i->key, i->value, &l->m->services[at], &l->nodes[at]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_top(struct load *l, const struct yaml_node *root)
{
	static const char *const known[] = {"name", "services", "volumes", "networks", NULL};

	for (const struct yaml_item *i = root->items; i; i = i->next) {
		const char *const *k = known;

		while (*k && !str_eq(*k, i->key->text))
			k++;
		if (!*k && !str_starts(i->key->text, "x-"))
			return keys_refuse(l, i->key, KEYS_TOP, known, "the manifest");
	}
	return 0;
}

/* settings of the device */
static int device(struct load *l, const struct yaml_node *n)
{
	static const char *const known[] = {"verify", NULL};
	int r;

	if (!n || yaml_is_null(n))
		return 0;
	r = load_count(l, n, YAML_MAP);
	for (const struct yaml_item *i = n->items; i && r == 0; i = i->next) {
		if (!str_eq(i->key->text, known[0]))
			r = keys_refuse(l, i->key, KEYS_OTHER, known, "x-cleat");
		else if (IS_ENABLED(CONFIG_VERIFY))
			r = verify_load(i->value, l->file, l->a, &l->m->verify, l->e);
		else
			r = load_fail(l, i->key, -ENOTSUP,
				      "this cleat checks no signatures: it was built without "
				      "CONFIG_VERIFY");
	}
	return r;
}

int manifest_parse(struct span yaml, const char *file, struct arena *a,
		   struct manifest *ret_manifest, struct err *e)
{
	struct manifest m = {0};
	struct load l = {.file = file, .a = a, .e = e, .m = &m};
	const struct yaml_node *root = NULL;
	struct arena tree;
	int r;

	arena_init(&tree, doc_pool, sizeof(doc_pool));
	r = yaml_parse(yaml, file, &tree, &root, e);
	if (r < 0)
		return r;
	if (root->kind != YAML_MAP)
		return load_fail(&l, root, -EINVAL, "the manifest must be a map with \"services\"");
	r = check_top(&l, root);
	if (r == 0)
		r = project_name(&l, yaml_get(root, "name"));
	if (r == 0)
		r = declarations(&l, yaml_get(root, "volumes"), "volume", "local", &m.volumes,
				 &m.n_volumes);
	if (r == 0)
		r = declarations(&l, yaml_get(root, "networks"), "network", "bridge", &m.networks,
				 &m.n_networks);
	if (r == 0)
		r = device(&l, yaml_get(root, "x-cleat"));
	if (r == 0)
		r = services(&l, root, yaml_get(root, "services"));
	if (r == 0)
		r = load_check(&l);
	if (r == 0)
		*ret_manifest = m;
	return r;
}
