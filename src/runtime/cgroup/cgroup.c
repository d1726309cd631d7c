/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's cgroups: made before its first process, removed after its last. Paths come from the
 * caller, who is root; directories below a container's own are the container's and are opened one
 * component at a time without following links.
 */
#include "runtime/cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "runtime/systemd/systemd.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/watch.h"

#define WAIT_MS	  5000
#define MAX_DEPTH 16

int cgroup_write(const struct cgroup_hierarchy *h, const char *file, const char *value,
		 struct err *e)
{
	auto_close int fd = sys_open(h->fd, file, O_WRONLY | O_NOFOLLOW, 0);
	int r = fd < 0 ? fd : sys_write_all(fd, value, strlen(value));

	return r < 0 ? err_set(e, r, "cgroup %s: write \"%.64s\" to %s/%s", h->v2 ? "v2" : "v1",
			       value, h->path, file)
		     : 0;
}

int cgroup_write_num(const struct cgroup_hierarchy *h, const char *file, int64_t value,
		     struct err *e)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	return cgroup_write(h, file, text, e);
}

ssize_t cgroup_read(int dir_fd, const char *file, char *buf, size_t cap)
{
	auto_close int fd = sys_open(dir_fd, file, O_RDONLY | O_NOFOLLOW, 0);
	ssize_t n = fd < 0 ? fd : sys_read_full(fd, buf, cap - 1);

	if (n >= 0)
		buf[n] = '\0';
	return n;
}

const struct cgroup_hierarchy *cgroup_with(const struct cgroup *c, const char *controller)
{
	for (size_t i = 0; i < c->n; i++) {
		struct span rest = span_of(c->h[i].controllers);
		bool more = true;

		while (more)
			if (span_eq(span_cut(rest, ',', &rest, &more), controller))
				return &c->h[i];
	}
	return NULL;
}

size_t cgroup_default_devices(const struct oci_device_rule **ret_rules)
{
	/* as runc: what the runtime itself puts into /dev, and terminals */
	static const struct oci_device_rule rules[] = {
		{true, 'c', -1, -1, false, false, true}, {true, 'b', -1, -1, false, false, true},
		{true, 'c', 1, 3, true, true, true},	 {true, 'c', 1, 5, true, true, true},
		{true, 'c', 1, 7, true, true, true},	 {true, 'c', 1, 8, true, true, true},
		{true, 'c', 1, 9, true, true, true},	 {true, 'c', 5, 0, true, true, true},
		{true, 'c', 5, 2, true, true, true},	 {true, 'c', 136, -1, true, true, true},
	};
	_Static_assert(ARRAY_LEN(rules) <= CGROUP_MAX_DEFAULT_DEVICES, "default devices");

	*ret_rules = rules;
	return ARRAY_LEN(rules);
}

/* A cgroup that was there before: its processes would share the limits, a frozen one would hold ours. */
static int refuse_used(int fd, const char *path, struct err *e)
{
	const struct oci_strs dirs = {(char *[]){(char *)(uintptr_t)path}, 1};
	char pids[32];
	ssize_t n = cgroup_read(fd, "cgroup.procs", pids, sizeof(pids));

	if (n > 0)
		return err_text(e, -EBUSY, "container's cgroup is not empty: %s", path);
	if (n == 0)
		n = cgroup_frozen(&dirs);
	if (n < 0)
		return err_set(e, (int)n, "look at cgroup %s", path);
	return n ? err_text(e, -EBUSY, "container's cgroup unexpectedly frozen: %s", path) : 0;
}

static int make_dirs(struct cgroup *c, struct cgroup_hierarchy *h, struct err *e)
{
	const char *p = h->path + strlen(h->mount);
	auto_close int fd = sys_open(AT_FDCWD, h->mount, O_PATH | O_DIRECTORY, 0);
	int r = fd < 0 ? fd : 0;

	while (r == 0 && *(p += strspn(p, "/"))) {
		char name[NAME_MAX + 1];
		struct cgroup_hierarchy at = *h;
		int next;

		r = str_copy_n(name, sizeof(name), p, strcspn(p, "/"));
		if (r < 0)
			break;
		p += r;
		r = sys_mkdir(fd, name, 0755);
		h->made = r == 0;
		if (r == -EEXIST)
			r = 0;
		next = r < 0 ? r : sys_open(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		sys_close(fd);
		fd = next;
		at.fd = fd;
		if (fd < 0)
			r = fd;
		else if (c->ops->prepare && (*p || h->made))
			r = c->ops->prepare(c, &at, e);
	}
	if (r < 0)
		return err_set(e, r, "make cgroup %s", h->path);
	h->fd = take_fd(&fd);
	/* systemd has made a new one and put the holder into it */
	return h->made || c->unit ? 0 : refuse_used(h->fd, h->path, e);
}

/* Device rules are not meant: without the right to make nodes they are kept anyway. */
static bool has_limits(const struct oci_resources *r)
{
	static const struct oci_resources none;
	struct oci_resources copy;

	memcpy(&copy, r, sizeof(copy));
	copy.devices = NULL;
	copy.n_devices = 0;
	return memcmp(&copy, &none, sizeof(copy)) != 0;
}

static int make_optional(struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++)
		if (make_dirs(c, &c->h[i], NULL) == 0)
			c->h[kept++] = c->h[i];
	if (kept < c->n && has_limits(r)) {
		for (size_t i = 0; i < kept; i++)
			sys_unlink(AT_FDCWD, c->h[i].path, AT_REMOVEDIR);
		c->n = kept;
		cgroup_close(c);
		return err_text(e, -EPERM, "limits need cgroups, and this user may not make them");
	}
	c->n = kept;
	return 0;
}

int cgroup_create(struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	int ret = c->optional ? make_optional(c, r, e) : 0;

	for (size_t i = 0; i < c->n && ret == 0 && !c->optional; i++)
		ret = make_dirs(c, &c->h[i], e);
	c->late &= c->devices && cgroup_birth_fd(c) >= 0 && !c->optional;
	c->devices &= !c->late;
	if (ret == 0 && (has_limits(r) || (!c->optional && !c->late)))
		ret = c->ops->limit(c, r, e);
	if (ret < 0) {
		for (size_t i = 0; i < c->n; i++)
			if (c->h[i].made)
				sys_unlink(AT_FDCWD, c->h[i].path, AT_REMOVEDIR);
		cgroup_close(c);
	}
	return ret;
}

int cgroup_limit_late(struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	if (!c->late)
		return 0;
	c->devices = true;
	return has_limits(r) ? cgroup_v2_devices(&c->h[0], r, e) : c->ops->limit(c, r, e);
}

int cgroup_birth_fd(const struct cgroup *c)
{
	/* in a scope the holder counts: moved into it, unlike born, a process may be one too many */
	return c->n == 1 && c->h[0].v2 && !c->unit ? c->h[0].fd : -1;
}

int cgroup_enter(const struct cgroup *c, bool born, struct err *e)
{
	int r = 0;

	if (c->unit && !str_eq(c->unit->socket, SYSTEMD_SOCKET))
		r = systemd_attach(c->unit, e);
	for (size_t i = 0; i < c->n && r == 0; i++)
		if (!born || !c->h[i].v2)
			r = cgroup_write(&c->h[i], "cgroup.procs", "0", e);
	return r;
}

void cgroup_close(struct cgroup *c)
{
	for (size_t i = 0; i < c->n; i++)
		sys_close(take_fd(&c->h[i].fd));
}

int cgroup_open(struct cgroup *ret_cgroup, const struct oci_strs *dirs, struct err *e)
{
	struct cgroup c = {.n = 0};

	for (size_t i = 0; i < dirs->n && i < CGROUP_MAX_HIERARCHIES; i++) {
		struct cgroup_hierarchy *h = &c.h[c.n++];

		h->path = dirs->v[i];
		h->fd = sys_open(AT_FDCWD, h->path, O_PATH | O_DIRECTORY, 0);
		if (h->fd < 0) {
			int r = err_set(e, h->fd, "cgroup %s", h->path);

			cgroup_close(&c);
			return r;
		}
	}
	*ret_cgroup = c;
	return 0;
}

/* "/sys/fs/cgroup/cpu" is not where "/sys/fs/cgroup/cpuset/x" is */
static bool below(const char *path, const char *mount)
{
	size_t len = strlen(mount);

	return !strncmp(path, mount, len) && path[len] == '/';
}

int cgroup_reopen(struct cgroup *ret_cgroup, const struct oci_strs *dirs, struct arena *a,
		  struct err *e)
{
	struct cgroup c, opened;
	int r = cgroup_find(&c, NULL, "", a, e);

	if (r == 0)
		r = cgroup_open(&opened, dirs, e);
	if (r < 0)
		return r;
	opened.ops = c.ops;
	for (size_t i = 0; i < opened.n; i++) {
		struct cgroup_hierarchy *h = &opened.h[i];

		for (size_t k = 0; k < c.n; k++) {
			if (!below(h->path, c.h[k].mount))
				continue;
			h->mount = c.h[k].mount;
			h->controllers = c.h[k].controllers;
			h->v2 = c.h[k].v2;
		}
		if (!h->mount) {
			cgroup_close(&opened);
			return err_text(e, -ENOENT, "cgroup %s is in no hierarchy", h->path);
		}
	}
	*ret_cgroup = opened;
	return 0;
}

static int remove_tree(int parent_fd, const char *name, unsigned int depth)
{
	struct sys_dir dir;
	const char *sub;
	unsigned char type;
	auto_close int fd = -1;
	int r = sys_unlink(parent_fd, name, AT_REMOVEDIR);

	if (r != -EBUSY && r != -ENOTEMPTY)
		return r == -ENOENT ? 0 : r;
	if (depth == MAX_DEPTH)
		return r;
	fd = sys_open(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	sys_dir_init(&dir, fd);
	while (sys_dir_next(&dir, &sub, &type) == 1)
		if (type == 4 /* DT_DIR */)
			remove_tree(fd, sub, depth + 1);
	r = sys_unlink(parent_fd, name, AT_REMOVEDIR);
	return r == -ENOENT ? 0 : r;
}

int cgroup_remove(const struct oci_strs *dirs, struct err *e)
{
	int64_t until = 0; /* for all of them: what holds one holds the others */
	int ret = 0;

	for (size_t i = 0; i < dirs->n; i++) {
		int r;

		/* the last process is gone, but v1 lets go of its cgroup a few milliseconds later */
		while ((r = remove_tree(AT_FDCWD, dirs->v[i], 0)) == -EBUSY) {
			if (!until)
				until = sys_now_ms() + WAIT_MS;
			else if (sys_now_ms() > until)
				break;
			sys_sleep_ms(1);
		}
		if (r < 0 && ret == 0)
			ret = err_set(e, r, "remove cgroup %s", dirs->v[i]);
	}
	return ret;
}
