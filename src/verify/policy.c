/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify:
 *   - {prefix: registry.example.com/fleet, cosign: /etc/cleat/keys/fleet.pub}
 *   - {prefix: docker.io/library, action: accept}
 *   - {action: reject}
 */
#include <errno.h>
#include <string.h>

#include "doc/pool.h"
#include "verify/verify.h"

struct load {
	const char *file;
	struct arena *a;
	struct err *e;
};

#define fail(l, n, code, ...) yaml_fail(n, (l)->file, (l)->e, code, __VA_ARGS__)

static int take_text(struct load *l, const struct yaml_node *n, const char *what, char **ret)
{
	if (n->kind != YAML_SCALAR || yaml_is_null(n))
		return fail(l, n, -EINVAL, "expected %s", what);
	*ret = arena_strdup(l->a, n->text);
	return *ret ? 0 : fail(l, n, -EFBIG, "the rules do not fit CONFIG_PARSE_MODEL_KIB");
}

/* a reference without its end: what follows host[:port] must not be taken for a part of Docker Hub */
static int check_prefix(struct load *l, const struct yaml_node *n, char *prefix)
{
	char one[REFERENCE_TEXT_CAP];
	struct reference ref;
	size_t len = strlen(prefix);

	if (len && prefix[len - 1] == '/')
		prefix[--len] = '\0';
	if (str_printf(one, sizeof(one), "%s/x", prefix) < 0 ||
	    reference_parse(one, &ref, NULL) < 0 || strlen(ref.host) != strcspn(prefix, "/") ||
	    !str_starts(prefix, ref.host))
		return fail(l, n, -EINVAL,
			    "\"%.80s\" begins no image's name: expected host[:port][/path] "
			    "(docker.io/library for Docker's own)",
			    prefix);
	return 0;
}

static int take_action(struct load *l, const struct yaml_node *n, struct verify_rule *rule)
{
	static const char *const names[] = {
		[VERIFY_REJECT] = "reject",
		[VERIFY_ACCEPT] = "accept",
		[VERIFY_REQUIRE] = "require",
	};

	for (size_t i = 0; n->kind == YAML_SCALAR && i < ARRAY_LEN(names); i++)
		if (str_eq(n->text, names[i])) {
			rule->action = (enum verify_action)i;
			return 0;
		}
	return fail(l, n, -EINVAL, "expected require, reject or accept");
}

static int take_key(struct load *l, const struct yaml_node *n, struct verify_rule *rule)
{
	int r = take_text(l, n, "the path of a public key", &rule->key);

	if (r == 0 &&
	    (rule->key[0] != '/' || strchr(rule->key, '$') || strlen(rule->key) >= VERIFY_PATH_CAP))
		r = fail(l, n, -EINVAL, "expected an absolute path of at most %d bytes without '$'",
			 VERIFY_PATH_CAP - 1);
	return r;
}

static int take_rule(struct load *l, const struct yaml_node *n, struct verify_rule *rule)
{
	const struct yaml_node *action = NULL;
	int r = 0;

	if (n->kind != YAML_MAP)
		return fail(l, n, -EINVAL, "expected {prefix: ..., cosign: ...}");
	rule->prefix = (char *)(uintptr_t) "";
	for (const struct yaml_item *i = n->items; i && r == 0; i = i->next) {
		if (str_eq(i->key->text, "prefix")) {
			r = take_text(l, i->value, "host[:port][/path]", &rule->prefix);
			if (r == 0 && rule->prefix[0])
				r = check_prefix(l, i->value, rule->prefix);
		} else if (str_eq(i->key->text, "cosign")) {
			r = take_key(l, i->value, rule);
		} else if (str_eq(i->key->text, "action")) {
			action = i->value;
			r = take_action(l, action, rule);
		} else {
			r = fail(l, i->key, -EINVAL,
				 "unknown key \"%.40s\": a rule has prefix, cosign and action",
				 i->key->text);
		}
	}
	if (r == 0 && !action)
		rule->action = VERIFY_REQUIRE;
	if (r == 0 && !rule->key != (rule->action != VERIFY_REQUIRE))
		r = fail(l, n, -EINVAL,
			 rule->key
				 ? "cosign: goes with action: require alone"
				 : "which key? Expected cosign: PATH, or action: accept or reject");
	return r;
}

int verify_load(const struct yaml_node *n, const char *file, struct arena *a,
		struct verify_policy *ret, struct err *e)
{
	struct load l = {file, a, e};
	struct verify_policy p = {0};
	int r = 0;

	if (n->kind != YAML_LIST)
		return fail(&l, n, -EINVAL, "expected a list of {prefix: ..., cosign: ...}");
	if (n->n > VERIFY_MAX_RULES)
		return fail(&l, n, -EFBIG, "more than %d rules", VERIFY_MAX_RULES);
	p.rules = arena_array(a, n->n + 1, sizeof(*p.rules));
	if (!p.rules)
		return fail(&l, n, -EFBIG, "the rules do not fit CONFIG_PARSE_MODEL_KIB");
	for (const struct yaml_item *i = n->items; i && r == 0; i = i->next) {
		r = take_rule(&l, i->value, &p.rules[p.n]);
		for (size_t k = 0; r == 0 && k < p.n; k++)
			if (str_eq(p.rules[k].prefix, p.rules[p.n].prefix))
				r = fail(&l, i->value, -EINVAL,
					 "a second rule for the prefix \"%.80s\"",
					 p.rules[k].prefix);
		p.n++;
	}
	if (r == 0)
		*ret = p;
	return r;
}

int verify_parse_policy(struct span text, const char *file, struct arena *a,
			struct verify_policy *ret, struct err *e)
{
	struct load l = {file, a, e};
	const struct yaml_node *root;
	struct arena tree;
	int r;

	arena_init(&tree, doc_pool, sizeof(doc_pool));
	r = yaml_parse(text, file, &tree, &root, e);
	if (r < 0)
		return r;
	if (root->kind != YAML_MAP || root->n != 1 || !yaml_get(root, "verify"))
		return fail(&l, root, -EINVAL,
			    "expected \"verify:\" with a list of rules, and nothing else");
	return verify_load(yaml_get(root, "verify"), file, a, ret, e);
}

/* Does @name, host or host/repository, begin with @prefix, at the borders of its parts? */
static bool begins(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return !len || (str_starts(name, prefix) && (name[len] == '\0' || name[len] == '/'));
}

const struct verify_rule *verify_match(const struct verify_policy *p, const struct reference *ref)
{
	const struct verify_rule *best = NULL;
	char name[REFERENCE_HOST_CAP + REFERENCE_REPO_CAP + 1];

	str_printf(name, sizeof(name), "%s/%s", ref->host, ref->repo);
	for (size_t i = 0; i < p->n; i++)
		if (begins(name, p->rules[i].prefix) &&
		    (!best || strlen(p->rules[i].prefix) > strlen(best->prefix)))
			best = &p->rules[i];
	return best;
}
