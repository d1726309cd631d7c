/* SPDX-License-Identifier: Apache-2.0 */
/* Which cgroup hierarchies there are. The kernel's own list, /proc/self/mountinfo, decides; no name is guessed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>

#include "base/str.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/cred.h"
#include "sys/fd.h"

#define ROOT	 "/sys/fs/cgroup"
#define TEXT_CAP (64 * 1024)

static char text
	/* mountinfo, then /proc/self/cgroup; touched only on v1 or for relative paths */
	[TEXT_CAP];

static ssize_t read_text(const char *path, struct err *e)
{
	auto_close int fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	ssize_t n = fd < 0 ? fd : sys_read_full(fd, text, sizeof(text) - 1);

	if (n == (ssize_t)sizeof(text) - 1)
		n = -EFBIG;
	if (n < 0)
		return err_set(e, (int)n, "read %s", path);
	text[n] = '\0';
	return n;
}

static int check_path(const char *path, struct err *e)
{
	struct span rest = span_of(path);
	bool more = true;

	while (more) {
		struct span part = span_cut(rest, '/', &rest, &more);

		if (span_eq(part, ".."))
			return err_text(e, -EINVAL, "cgroupsPath %s leads upwards", path);
	}
	if (strchr(path, ':'))
		return err_text(
			e, -EOPNOTSUPP,
			"cgroupsPath %s is systemd's form: call with --systemd-cgroup, or use a path",
			path);
	return 0;
}

/* Line of /proc/self/cgroup "N:controllers:path" with exactly @controllers; "/" if there is none */
static char *own_path(struct arena *a, const char *controllers, struct err *e)
{
	struct span rest;
	bool more = true;

	if (read_text("/proc/self/cgroup", e) < 0)
		return NULL;
	rest = span_of(text);
	while (more) {
		struct span line = span_cut(rest, '\n', &rest, &more), path, names;
		bool found;

		span_cut(line, ':', &path, &found);
		names = span_cut(path, ':', &path, &found);
		if (found && span_eq(names, controllers))
			return arena_strndup(a, path.p, path.len);
	}
	return arena_strdup(a, "/");
}

static int place(struct cgroup *c, const char *path, const char *id, struct arena *a, struct err *e)
{
	/* an ordinary user owns at most what is below its own cgroup */
	if (c->optional)
		path = id;
	for (size_t i = 0; i < c->n; i++) {
		struct cgroup_hierarchy *h = &c->h[i];
		const char *base = "";

		if (path && *path != '/') {
			base = own_path(a, h->controllers, e);
			if (!base)
				return e && e->code ? e->code : -ENOMEM;
			if (str_eq(base, "/"))
				base = "";
		}
		h->path = str_empty(path) ? arena_printf(a, "%s/%s", h->mount, id)
					  : arena_printf(a, "%s%s%s%s", h->mount, base,
							 *path == '/' ? "" : "/", path);
		if (!h->path)
			return err_set(e, -ENOMEM, "cgroup path");
	}
	return 0;
}

/* Controllers are the last field of the line, among other options of the super block. */
static char *v1_controllers(struct arena *a, struct span options)
{
	char *list = arena_strdup(a, "");
	bool more = true;

	while (more && list) {
		struct span o = span_cut(options, ',', &options, &more);

		if (span_eq(o, "rw") || span_eq(o, "ro") || span_eq(o, "xattr") ||
		    span_eq(o, "none") || span_eq(o, "clone_children") || span_eq(o, "noprefix") ||
		    span_eq(o, "cpuset_v2_mode") || span_eq(o, "favordynmods") ||
		    (o.len > 13 && !memcmp(o.p, "release_agent", 13)))
			continue;
		list = arena_printf(a, "%s%s%.*s", list, *list ? "," : "", (int)o.len, o.p);
	}
	return list;
}

static int add_line(struct cgroup *c, struct span line, struct arena *a, struct err *e)
{
	struct cgroup_hierarchy h = {.fd = -1};
	struct span field, mount = {0}, type, options;
	bool found = true;

	for (int i = 0; i < 5 && found; i++)
		mount = span_cut(line, ' ', &line, &found);
	do
		field = span_cut(line, ' ', &line, &found);
	while (found && !span_eq(field, "-"));
	type = span_cut(line, ' ', &line, &found);
	span_cut(line, ' ', &options, &found);
	h.v2 = span_eq(type, "cgroup2");
	if (!h.v2 && !span_eq(type, "cgroup"))
		return 0;
	/* a hierarchy may be mounted in other places too, in a container's root for instance */
	if (mount.len < strlen(ROOT) || memcmp(mount.p, ROOT, strlen(ROOT)) != 0)
		return 0;
	if (c->n == CGROUP_MAX_HIERARCHIES)
		return err_text(e, -EFBIG,
				"more than %d cgroup hierarchies (CGROUP_MAX_HIERARCHIES)",
				CGROUP_MAX_HIERARCHIES);
	h.mount = arena_strndup(a, mount.p, mount.len);
	h.controllers = h.v2 ? arena_strdup(a, "") : v1_controllers(a, options);
	if (!h.mount || !h.controllers)
		return err_set(e, -ENOMEM, "cgroup list");
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->h[i].controllers, h.controllers))
			return 0;
	c->h[c->n++] = h;
	return 0;
}

int cgroup_find(struct cgroup *ret_cgroup, const char *path, const char *id, struct arena *a,
		struct err *e)
{
	auto_close int fd = sys_open(AT_FDCWD, ROOT, O_PATH | O_DIRECTORY, 0);
	struct cgroup c = {.ops = &cgroup_v1_ops, .optional = !path && sys_get_uid() != 0};
	struct span rest;
	struct statfs fs;
	bool more = true;
	int r = path ? check_path(path, e) : 0;

	if (r == 0 && fd >= 0)
		r = sys_statfs(fd, &fs);
	if (r < 0)
		return r;
	if (fd >= 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		c.ops = &cgroup_v2_ops;
		c.n = 1;
		c.h[0] = (struct cgroup_hierarchy){.mount = (char *)(uintptr_t)ROOT,
						   .v2 = true,
						   .controllers = (char *)(uintptr_t) "",
						   .fd = -1};
	} else if (fd >= 0) {
		r = (int)read_text("/proc/self/mountinfo", e);
		rest = span_of(r < 0 ? "" : text);
		while (r >= 0 && more)
			r = add_line(&c, span_cut(rest, '\n', &rest, &more), a, e);
	}
	if (r >= 0)
		r = place(&c, path, id, a, e);
	if (r >= 0)
		*ret_cgroup = c;
	return r < 0 ? r : 0;
}
