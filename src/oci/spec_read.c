/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json to model: everything but the process and the linux object. Invariant: after the first error nothing
 * else is stored, and oci_spec_read() returns it. What the spec defines and cleat cannot do is an
 * error by name; unknown members are ignored (runtime-spec "Extensibility").
 */
#include "oci/spec_read.h"

#include <errno.h>
#include <string.h>

void *oci_json_array(const struct json *v, size_t max, size_t size, size_t *ret_n)
{
	size_t n = json_array(v, max);
	void *p;

	*ret_n = 0;
	if (!n)
		return NULL;
	p = arena_array(v->doc->arena, n, size);
	if (!p) {
		json_fail(v, -EFBIG, "does not fit the model's memory (CONFIG_OCI_MODEL_KIB)");
		return NULL;
	}
	*ret_n = n;
	return p;
}

struct oci_num oci_json_num(const struct json *v, int64_t min, int64_t max)
{
	struct oci_num n = {0};

	if (!json_has(v))
		return n;
	n.set = true;
	n.v = json_i64(v, min, max);
	return n;
}

struct oci_strs oci_json_strs(const struct json *v, size_t max)
{
	struct oci_strs s;

	s.v = json_strs(v, max, &s.n);
	return s;
}

struct oci_kvs oci_json_kvs(const struct json *v, size_t max)
{
	size_t n = json_object(v, max), i = 0;
	struct json_iter it = {0};
	struct oci_kvs kvs = {0};
	struct json c;

	if (!n)
		return kvs;
	kvs.v = arena_array(v->doc->arena, n, sizeof(*kvs.v));
	if (!kvs.v) {
		json_fail(v, -EFBIG, "does not fit the model's memory (CONFIG_OCI_MODEL_KIB)");
		return kvs;
	}
	while (i < n && json_next(v, &it, &c)) {
		kvs.v[i].key = arena_strdup(v->doc->arena, c.key);
		kvs.v[i].value = json_str(&c);
		if (!kvs.v[i].key)
			json_fail(v, -EFBIG,
				  "does not fit the model's memory (CONFIG_OCI_MODEL_KIB)");
		i++;
	}
	kvs.n = v->doc->code ? 0 : i;
	return kvs;
}

void oci_json_refuse(const struct json *object, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct json v = json_get(object, names[i]);

		if (!json_has(&v) || (json_is_array(&v) && !json_array(&v, SIZE_MAX)) ||
		    (json_is_object(&v) && !json_object(&v, SIZE_MAX)))
			continue;
		if (json_is_string(&v) && !*json_str(&v))
			continue;
		json_fail(&v, -EOPNOTSUPP, "is not supported");
	}
}

size_t oci_json_choice(const struct json *v, const char *const *names, size_t n)
{
	const char *text = json_str(v);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(text, names[i]))
			return i;
	json_fail(v, -EINVAL, "\"%.64s\" is not known", text);
	return 0;
}

char *oci_json_path(const struct json *v)
{
	char *s = json_str(v);

	if (*s != '/')
		json_fail(v, -EINVAL, "\"%.64s\" is not an absolute path", s);
	return s;
}

size_t oci_json_word(const struct json *v, const char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	return oci_json_choice(v, names, n);
}

static void read_mounts(const struct json *v, struct oci_spec *s)
{
	struct json_iter it = {0};
	struct json c;

	s->mounts = oci_json_array(v, OCI_MAX_MOUNTS, sizeof(*s->mounts), &s->n_mounts);
	for (size_t i = 0; i < s->n_mounts && json_next(v, &it, &c); i++) {
		struct json dst = json_get(&c, "destination"), type = json_get(&c, "type");
		struct json src = json_get(&c, "source"), options = json_get(&c, "options");
		struct oci_mount *m = &s->mounts[i];

		oci_read_idmaps(&c, &m->idmaps);
		m->destination = json_str(
			&dst); /* a relative one is taken from "/", as every runtime does */
		if (!*m->destination)
			json_fail(&dst, -EINVAL, "is empty");
		m->type = json_str_opt(&type);
		m->source = json_str_opt(&src);
		m->options = oci_json_strs(&options, OCI_MAX_STRINGS);
	}
}

static void read_hook_list(const struct json *v, struct oci_hooks *h)
{
	struct json_iter it = {0};
	struct json c;

	h->v = oci_json_array(v, OCI_MAX_RULES, sizeof(*h->v), &h->n);
	for (size_t i = 0; i < h->n && json_next(v, &it, &c); i++) {
		struct json path = json_get(&c, "path"), args = json_get(&c, "args");
		struct json env = json_get(&c, "env"), timeout = json_get(&c, "timeout");

		h->v[i].path = oci_json_path(&path);
		h->v[i].args = oci_json_strs(&args, OCI_MAX_STRINGS);
		h->v[i].env = oci_json_strs(&env, OCI_MAX_STRINGS);
		h->v[i].timeout_s = oci_json_num(&timeout, 1, 1000000);
	}
}

/* An annotation of crun's, which podman run --group-add keep-groups writes */
static bool keeps_groups(const struct oci_kvs *notes)
{
	for (size_t i = 0; i < notes->n; i++)
		if (!strcmp(notes->v[i].key, "run.oci.keep_original_groups"))
			return !strcmp(notes->v[i].value, "1");
	return false;
}

static void read_spec(const struct json *root, struct oci_spec *s)
{
	static const char *const not_here[] = {"solaris", "windows", "vm", "zos"};
	struct json version = json_get(root, "ociVersion"), fs = json_get(root, "root");
	struct json path = json_get(&fs, "path"), ro = json_get(&fs, "readonly");
	struct json host = json_get(root, "hostname"), domain = json_get(root, "domainname");
	struct json process = json_get(root, "process"), mounts = json_get(root, "mounts");
	struct json hooks = json_get(root, "hooks"), notes = json_get(root, "annotations");
	struct json lin = json_get(root, "linux");

	oci_json_refuse(root, not_here, ARRAY_LEN(not_here));
	s->version = json_str(&version);
	if (strncmp(s->version, "1.", 2) != 0)
		json_fail(&version, -EOPNOTSUPP, "\"%.32s\" is not supported, 1.x is", s->version);
	if (!json_has(&fs))
		json_fail(root, -EINVAL, "there is no root");
	s->root_path = json_str(&path);
	if (!*s->root_path)
		json_fail(&path, -EINVAL, "is empty");
	s->root_readonly = json_bool_opt(&ro, false);
	s->hostname = json_str_opt(&host);
	s->domainname = json_str_opt(&domain);
	oci_read_process(&process, &s->process);
	read_mounts(&mounts, s);
	for (size_t k = 0; k < OCI_HOOK_COUNT; k++) {
		struct json list = json_get(&hooks, oci_hook_names[k]);

		read_hook_list(&list, &s->hooks[k]);
	}
	s->annotations = oci_json_kvs(&notes, OCI_MAX_STRINGS);
	s->process.keep_groups = keeps_groups(&s->annotations);
	oci_read_linux(&lin, s);
}

int oci_spec_read(struct span text, void *pool, size_t pool_bytes, struct arena *a,
		  struct oci_spec *ret_spec, struct err *e)
{
	struct json_doc doc;
	struct json root;
	int r;

	r = json_parse(&doc, "config.json", text, pool, pool_bytes, "CONFIG_OCI_CONFIG_KIB", a, e);
	if (r < 0)
		return r;
	root = json_root(&doc);
	memset(ret_spec, 0, sizeof(*ret_spec));
	read_spec(&root, ret_spec);
	return json_done(&doc);
}
