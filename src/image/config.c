/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON of an image config to struct image_config. Paths and variables of the image reach the host's
 * decisions only after the checks here; labels reach none at all (containerd CVE-2026-53488).
 */
#include <errno.h>
#include <string.h>

#include "doc/json.h"
#include "doc/pool.h"
#include "image/image.h"

static bool has_dotdot(const char *path)
{
	struct span rest = span_of(path), part;
	bool found = true;

	while (found) {
		part = span_cut(rest, '/', &rest, &found);
		if (span_eq(part, ".."))
			return true;
	}
	return false;
}

static void check_path(const struct json *v, const char *path)
{
	if (path[0] != '/')
		json_fail(v, -EBADMSG, "\"%.100s\" is not an absolute path", path);
	else if (has_dotdot(path))
		json_fail(v, -EBADMSG, "\"%.100s\" leaves its folder by \"..\"", path);
}

/*
 * Entries without a name or without "=" are dropped: they set nothing, and no engine's own variable
 * is ever taken for them (podman CVE-2026-57231).
 */
static void parse_env(const struct json *v, struct image_config *c)
{
	size_t n = 0, kept = 0;
	char **list = json_strs(v, IMAGE_MAX_STRINGS, &n);

	for (size_t i = 0; i < n; i++) {
		char *eq = strchr(list[i], '=');

		if (eq && eq != list[i])
			list[kept++] = list[i];
	}
	if (list)
		list[kept] = NULL;
	c->env = list;
	c->n_env = kept;
}

/* keys of an object, in @with_values form "key=value" */
static char **keys(const struct json *v, bool with_values, size_t *ret_n)
{
	size_t n = json_object(v, IMAGE_MAX_STRINGS), i = 0;
	struct json_iter it = {0};
	struct json value;
	char **list;

	*ret_n = 0;
	if (!json_has(v) || json_done(v->doc))
		return NULL;
	list = arena_array(v->doc->arena, n + 1, sizeof(*list));
	while (list && i < n && json_next(v, &it, &value)) {
		const char *text = with_values ? json_str_opt(&value) : NULL;

		list[i] = with_values ? arena_printf(v->doc->arena, "%s=%s", value.key,
						     text ? text : "")
				      : arena_strdup(v->doc->arena, value.key);
		if (!list[i++])
			break;
	}
	if (!list || (i && !list[i - 1]))
		json_fail(v, -EFBIG, "the entries do not fit CONFIG_PARSE_MODEL_KIB");
	*ret_n = json_done(v->doc) ? 0 : i;
	return list;
}

static void parse_volumes(const struct json *v, struct image_config *c)
{
	c->volumes = keys(v, false, &c->n_volumes);
	for (size_t i = 0; i < c->n_volumes; i++)
		check_path(v, c->volumes[i]);
}

static char *text(const struct json *object, const char *key)
{
	struct json v = json_get(object, key);
	char *s = json_str_opt(&v);

	return str_empty(s) ? NULL : s;
}

static void parse_process(const struct json *v, struct image_config *c)
{
	struct json entrypoint = json_get(v, "Entrypoint"), cmd = json_get(v, "Cmd"),
		    env = json_get(v, "Env"), volumes = json_get(v, "Volumes"),
		    ports = json_get(v, "ExposedPorts"), labels = json_get(v, "Labels"),
		    working_dir = json_get(v, "WorkingDir");

	c->user = text(v, "User");
	c->working_dir = text(v, "WorkingDir");
	c->stop_signal = text(v, "StopSignal");
	if (c->working_dir)
		check_path(&working_dir, c->working_dir);
	c->entrypoint = json_strs(&entrypoint, IMAGE_MAX_STRINGS, &c->n_entrypoint);
	c->cmd = json_strs(&cmd, IMAGE_MAX_STRINGS, &c->n_cmd);
	parse_env(&env, c);
	parse_volumes(&volumes, c);
	c->exposed_ports = keys(&ports, false, &c->n_exposed_ports);
	c->labels = keys(&labels, true, &c->n_labels);
}

static void parse_rootfs(const struct json *v, struct image_config *c)
{
	struct json type = json_get(v, "type"), ids = json_get(v, "diff_ids"), id;
	size_t n = json_array(&ids, IMAGE_MAX_LAYERS);
	struct json_iter it = {0};
	const char *name = json_str(&type);

	if (json_done(v->doc) == 0 && !str_eq(name, "layers"))
		json_fail(&type, -ENOTSUP, "\"%.64s\" is not supported, only \"layers\" is", name);
	c->diff_ids = arena_array(v->doc->arena, n + 1, sizeof(*c->diff_ids));
	if (!c->diff_ids)
		json_fail(&ids, -EFBIG, "%zu entries do not fit CONFIG_PARSE_MODEL_KIB", n);
	while (c->diff_ids && json_next(&ids, &it, &id))
		json_digest(&id, &c->diff_ids[c->n_diff_ids++]);
}

int image_parse_config(struct span json, struct arena *a, struct image_config *ret_config,
		       struct err *e)
{
	struct image_config c = {0};
	struct json root, os, arch, process, rootfs;
	struct json_doc tree;
	int r;

	r = json_parse(&tree, "image config", json, doc_pool, sizeof(doc_pool),
		       "CONFIG_PARSE_TREE_KIB", a, e);
	if (r < 0)
		return r;
	root = json_root(&tree);
	os = json_get(&root, "os");
	arch = json_get(&root, "architecture");
	process = json_get(&root, "config");
	rootfs = json_get(&root, "rootfs");
	c.platform.os = json_str(&os);
	c.platform.arch = json_str(&arch);
	c.platform.variant = text(&root, "variant");
	c.created = text(&root, "created");
	parse_process(&process, &c);
	parse_rootfs(&rootfs, &c);
	if (json_done(&tree) == 0)
		*ret_config = c;
	return json_done(&tree);
}
