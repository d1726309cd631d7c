/* SPDX-License-Identifier: Apache-2.0 */
/* volumes: and tmpfs: of a service. */
#include <errno.h>

#include "manifest/load.h"
#include "manifest/short.h"

static int mount_type(struct load *l, const struct yaml_node *n, struct manifest_mount *m)
{
	const struct yaml_node *type = yaml_get(n, "type");
	char *text;
	int r;

	if (!type)
		return load_fail(l, n, -EINVAL, "the mount has no \"type\": volume, bind or tmpfs");
	r = load_text(l, type, &text);
	if (r < 0)
		return r;
	if (str_eq(text, "volume"))
		m->kind = MOUNT_VOLUME;
	else if (str_eq(text, "bind"))
		m->kind = MOUNT_BIND;
	else if (str_eq(text, "tmpfs"))
		m->kind = MOUNT_TMPFS;
	else
		return load_fail(l, type, -EINVAL,
				 "expected volume, bind or tmpfs, found \"%.64s\"", text);
	return 0;
}

static int mount_source(struct load *l, const struct yaml_node *n, struct manifest_mount *m)
{
	const struct yaml_node *source = yaml_get(n, "source");
	enum manifest_mount_kind kind = m->kind;
	char *text;
	int r;

	if (!source)
		return kind == MOUNT_BIND
			       ? load_fail(l, n, -EINVAL, "the bind mount has no \"source\"")
			       : 0;
	if (kind == MOUNT_TMPFS)
		return load_fail(l, source, -EINVAL, "a tmpfs has no source");
	r = load_text(l, source, &text);
	if (r < 0)
		return r;
	if (short_source(span_of(text), l->a, m, l->e) < 0)
		return load_wrap(l, source);
	if (m->kind != kind)
		return load_fail(l, source, -EINVAL,
				 kind == MOUNT_BIND ? "\"%.100s\" is not an absolute path"
						    : "\"%.100s\" is a path: write \"type: bind\"",
				 text);
	return 0;
}

static int mount_tmpfs(struct load *l, const struct yaml_node *n, struct manifest_mount *m)
{
	static const char *const known[] = {"size", "mode", NULL};
	const struct yaml_node *tmpfs = yaml_get(n, "tmpfs"), *size, *mode;
	char *text;
	int r;

	if (!tmpfs)
		return 0;
	if (m->kind != MOUNT_TMPFS)
		return load_fail(l, tmpfs, -EINVAL, "\"tmpfs\" belongs to \"type: tmpfs\"");
	r = load_count(l, tmpfs, YAML_MAP);
	if (r == 0)
		r = keys_check(l, tmpfs, known, "the tmpfs");
	size = yaml_get(tmpfs, "size");
	mode = yaml_get(tmpfs, "mode");
	if (r == 0 && size)
		r = load_bytes(l, size, &m->tmpfs_bytes);
	if (r == 0 && mode) {
		r = load_scalar(l, mode, &text);
		if (r == 0 && mode->plain && text[0] != '0')
			return load_fail(
				l, mode, -EINVAL,
				"mode %.40s: write it octal, for instance 0%.40s or \"%.40s\"",
				text, text, text);
		if (r == 0 && short_mode(span_of(text), &m->tmpfs_mode, l->e) < 0)
			r = load_wrap(l, mode);
	}
	return r;
}

static int mount_long(struct load *l, const struct yaml_node *n, struct manifest_mount *m)
{
	static const char *const known[] = {"type", "source", "target", "read_only", "tmpfs", NULL};
	const struct yaml_node *target = yaml_get(n, "target"), *ro = yaml_get(n, "read_only");
	char *text;
	int r;

	r = keys_check(l, n, known, "the mount");
	if (r == 0)
		r = mount_type(l, n, m);
	if (r == 0)
		r = mount_source(l, n, m);
	if (r == 0 && !target)
		r = load_fail(l, n, -EINVAL, "the mount has no \"target\"");
	if (r == 0)
		r = load_text(l, target, &text);
	if (r == 0 && short_target(span_of(text), l->a, &m->target, l->e) < 0)
		r = load_wrap(l, target);
	if (r == 0 && ro)
		r = load_bool(l, ro, &m->read_only);
	return r == 0 ? mount_tmpfs(l, n, m) : r;
}

typedef int short_fn(struct span text, struct arena *a, struct manifest_mount *ret, struct err *e);

static int one_mount(struct load *l, const struct yaml_node *n, short_fn *fn,
		     struct manifest_service *s, struct load_nodes *at)
{
	struct manifest_mount *m = &s->mounts[s->n_mounts];
	char *text;
	int r;

	at->mounts[s->n_mounts++] = n;
	if (n->kind == YAML_MAP && fn == manifest_parse_mount)
		return mount_long(l, n, m);
	r = load_text(l, n, &text);
	if (r == 0 && fn(span_of(text), l->a, m, l->e) < 0)
		r = load_wrap(l, n);
	return r;
}

int load_mounts(struct load *l, const struct yaml_node *volumes, const struct yaml_node *tmpfs,
		struct manifest_service *s, struct load_nodes *at)
{
	const struct yaml_node *any = volumes ? volumes : tmpfs;
	size_t n = (volumes ? volumes->n : 0) + (tmpfs ? tmpfs->n + 1 : 0);
	int r = volumes ? load_count(l, volumes, YAML_LIST) : 0;

	if (!any || r < 0)
		return r;
	if (tmpfs && tmpfs->kind != YAML_SCALAR)
		r = load_count(l, tmpfs, YAML_LIST);
	if (r < 0)
		return r;
	if (n > MANIFEST_MAX_LIST)
		return load_fail(l, any, -EFBIG,
				 "%zu mounts, at most %d are allowed (MANIFEST_MAX_LIST)", n,
				 MANIFEST_MAX_LIST);
	s->mounts = load_array(l, any, n, sizeof(*s->mounts));
	at->mounts = load_array(l, any, n, sizeof(*at->mounts));
	if (!s->mounts || !at->mounts)
		return -EFBIG;
	for (const struct yaml_item *i = volumes ? volumes->items : NULL; i && r == 0; i = i->next)
		r = one_mount(l, i->value, manifest_parse_mount, s, at);
	for (const struct yaml_item *i = tmpfs ? tmpfs->items : NULL; i && r == 0; i = i->next)
		r = one_mount(l, i->value, manifest_parse_tmpfs, s, at);
	if (r == 0 && tmpfs && tmpfs->kind == YAML_SCALAR)
		r = one_mount(l, tmpfs, manifest_parse_tmpfs, s, at);
	return r;
}
