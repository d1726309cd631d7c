/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/policy.h"

#include <errno.h>
#include <string.h>

#include "base/kconfig.h"
#include "engine/access.h"
#include "engine/engine.h"
#include "parse/client.h"
#include "sys/fd.h"

#define FILE_NAME "policy.yaml"
#define PARSE_MS  10000

int policy_own(const struct verify_policy *rules, const struct reference *ref, const char **ret_key,
	       struct err *e)
{
	const struct verify_rule *rule = verify_match(rules, ref);

	*ret_key = rule ? rule->key : NULL;
	if (!rule || rule->action != VERIFY_REJECT)
		return 0;
	return err_text(e, -EACCES, "verify: rejects %s",
			*rule->prefix ? rule->prefix : "images that no other rule is for");
}

static int add_key(struct policy_keys *keys, const char *path, struct err *e)
{
	struct policy_key *k = &keys->keys[keys->n];
	auto_close int fd = -1;
	struct sha256 h;
	ssize_t n;

	for (size_t i = 0; i < keys->n; i++)
		if (str_eq(keys->keys[i].path, path))
			return 0;
	fd = access_open_trusted(path, e);
	if (fd == -ENOENT)
		return err_text(e, fd, "the public key %s is missing", path);
	if (fd < 0)
		return fd;
	n = sys_pread(fd, k->pem, sizeof(k->pem), 0);
	if (n < 0)
		return err_set(e, (int)n, "%s", path);
	if ((size_t)n == sizeof(k->pem) || memchr(k->pem, '\0', (size_t)n))
		return err_text(e, -EINVAL, "%s is no public key in PEM form", path);
	k->pem[n] = '\0';
	sha256_init(&h);
	sha256_update(&h, k->pem, (size_t)n);
	sha256_final(&h, &k->digest);
	keys->n++;
	return str_copy(k->path, sizeof(k->path), path) < 0 ? -ENAMETOOLONG : 0;
}

/* Return: 0, in the scratch arena; -errno */
static int read_policy(struct verify_policy *ret, struct err *e)
{
	char path[sizeof(engine.config) + sizeof(FILE_NAME) + 1];
	struct parse_call call;
	auto_close int fd = -1;
	int r;

	*ret = (struct verify_policy){0};
	str_printf(path, sizeof(path), "%s/" FILE_NAME, engine.config);
	fd = access_open_trusted(path, e);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (!IS_ENABLED(CONFIG_VERIFY))
		return err_text(e, -ENOTSUP,
				"%s: this cleat checks no signatures: it was built without "
				"CONFIG_VERIFY",
				path);
	r = parse_start(&call, PARSE_POLICY, path, NULL, fd, -1, NULL, e);
	if (r == 0)
		r = parse_wait(&call, PARSE_MS, e);
	return r < 0 ? r : parse_finish_policy(&call, &engine.scratch, ret, e);
}

int policy_find(const struct reference *ref, const char *own, struct policy_keys *ret_keys,
		struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	char name[REFERENCE_TEXT_CAP];
	struct verify_policy rules;
	const char *key;
	int r;

	(void)mark;
	ret_keys->n = 0;
	r = read_policy(&rules, e);
	if (r < 0)
		return r;
	r = policy_own(&rules, ref, &key, e);
	if (r < 0)
		return err_wrap(e, "%s: " FILE_NAME, reference_short(name, ref));
	if (key)
		r = add_key(ret_keys, key, e);
	if (r == 0 && !str_empty(own))
		r = add_key(ret_keys, own, e);
	return r;
}

int policy_admits(const struct reference *ref, const char *own, const struct digest *image,
		  struct err *e)
{
	static struct policy_keys keys;
	int r = policy_find(ref, own, &keys, e);

	for (size_t i = 0; i < keys.n && r == 0; i++)
		if (!store_image_signed(&engine.store, image, &keys.keys[i].digest))
			r = err_text(e, -EKEYREJECTED,
				     "its signature by %s has not been checked: pull it",
				     keys.keys[i].path);
	return r;
}
