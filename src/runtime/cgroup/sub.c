/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups below a container's, for exec. They are the container's own to make, so their names come from outside
 * and their directories from inside: one component at a time, no "..", no links.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/fd.h"

#define V2_MOUNT "/sys/fs/cgroup" /* as in find.c */

int cgroup_sub_failed(int code, const char *path, struct span sub, struct err *e)
{
	/* the words that users of runc know */
	const char *why = code == -ENOENT  ? "no such file or directory"
			  : code == -EBUSY ? "device or resource busy"
					   : err_name(code);

	while (sub.len && *sub.p == '/')
		sub = (struct span){sub.p + 1, sub.len - 1};
	return err_text(e, code, "exec: adding pid 0 to cgroups: %s%s%.*s/cgroup.procs: %s", path,
			sub.len ? "/" : "", (int)sub.len, sub.p, why);
}

static int move_aim(struct cgroup_hierarchy *h, struct span sub, struct err *e)
{
	struct span rest = sub;
	bool more = true;

	while (more) {
		struct span part = span_cut(rest, '/', &rest, &more);
		char name[NAME_MAX + 1];
		int fd;

		if (!part.len || span_eq(part, "."))
			continue;
		if (span_eq(part, ".."))
			return err_text(e, -EINVAL, "exec --cgroup: %.*s is not a sub cgroup path",
					(int)sub.len, sub.p);
		fd = str_copy_n(name, sizeof(name), part.p, part.len);
		if (fd >= 0)
			fd = sys_open(h->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		if (fd < 0)
			return cgroup_sub_failed(fd, h->path, sub, e);
		sys_close(h->fd);
		h->fd = fd;
	}
	return 0;
}

int cgroup_sub(struct cgroup *c, const char *const *groups, size_t n, struct err *e)
{
	bool moved[CGROUP_MAX_HIERARCHIES] = {false};
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		bool has_names, more = true;
		struct span path, names = span_cut(span_of(groups[i]), ':', &path, &has_names);

		if (!has_names && n > 1)
			return err_text(e, -EINVAL,
					"exec --cgroup %.64s: missing <controller>: prefix",
					groups[i]);
		for (size_t k = 0; !has_names && k < c->n && r == 0; k++)
			r = move_aim(&c->h[k], names, e);
		while (has_names && more && r == 0) {
			struct span name = span_cut(names, ',', &names, &more);
			char text[64] = "";
			const struct cgroup_hierarchy *h = NULL;

			if (name.len && str_copy_n(text, sizeof(text), name.p, name.len) > 0)
				h = cgroup_with(c, text);
			if (!h)
				return err_text(e, -EINVAL,
						"exec --cgroup: unknown controller \"%s\"", text);
			/* two names may be one hierarchy */
			if (!moved[h - c->h])
				r = move_aim(&c->h[h - c->h], path, e);
			moved[h - c->h] = true;
		}
	}
	return r;
}

int cgroup_enter_as(pid_t pid, struct err *e)
{
	static char text[PATH_MAX], path[PATH_MAX];
	struct cgroup_hierarchy h = {.v2 = true, .path = path};
	auto_close int fd = -1;
	ssize_t n;
	char *line;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	n = cgroup_read(AT_FDCWD, path, text, sizeof(text));
	line = n < 0 || strncmp(text, "0::/", 4) != 0 ? NULL : text + 3;
	if (!line)
		return err_text(e, n < 0 ? (int)n : -ENOENT, "cgroup of process %d", (int)pid);
	line[strcspn(line, "\n")] = '\0';
	if (str_printf(path, sizeof(path), V2_MOUNT "%s", line) < 0)
		return err_set(e, -ENAMETOOLONG, "cgroup of process %d", (int)pid);
	fd = sys_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	h.fd = fd;
	r = fd < 0 ? err_set(e, fd, "cgroup %s", path) : cgroup_write(&h, "cgroup.procs", "0", e);
	return r;
}
