/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>

#include "base/buf.h"
#include "base/str.h"
#include "sys/fd.h"

#define ROOT	 "/sys/fs/resctrl"
#define TEXT_CAP 8192

static char wanted[TEXT_CAP], present[TEXT_CAP];

static int open_root(struct err *e)
{
	auto_close int fd = sys_open(AT_FDCWD, ROOT, O_PATH | O_DIRECTORY, 0);
	struct statfs fs;

	if (fd < 0 || sys_statfs(fd, &fs) < 0 || fs.f_type != RDTGROUP_SUPER_MAGIC)
		return err_text(e, -EOPNOTSUPP, "linux.intelRdt: resctrl is not mounted on " ROOT);
	return take_fd(&fd);
}

static void add_lines(struct buf *b, const char *text, bool but_mb)
{
	struct span rest = span_of(text ? text : "");
	bool more = rest.len > 0;

	while (more) {
		struct span line = span_trim(span_cut(rest, '\n', &rest, &more));

		if (line.len && !(but_mb && line.len > 3 && !memcmp(line.p, "MB:", 3)))
			buf_printf(b, "%.*s\n", (int)line.len, line.p);
	}
}

/* Lines of the schemata file, the later ones winning: cache, bandwidth, then what is given as it is. */
static int compose(const struct oci_rdt *r, size_t *ret_len, struct err *e)
{
	struct buf b;

	buf_init(&b, wanted, sizeof(wanted));
	add_lines(&b, r->l3_cache, !str_empty(r->mem_bw));
	add_lines(&b, r->mem_bw, false);
	for (size_t i = 0; i < r->schemata.n; i++)
		add_lines(&b, r->schemata.v[i], false);
	*ret_len = b.len;
	return buf_ok(&b) ? 0 : err_text(e, -E2BIG, "linux.intelRdt: the schemata are too long");
}

static bool has_line(struct span text, struct span line)
{
	bool more = true;

	while (more) {
		struct span have = span_trim(span_cut(text, '\n', &text, &more));

		if (have.len == line.len && !memcmp(have.p, line.p, line.len))
			return true;
	}
	return false;
}

/* A group that is there already is somebody's: it must be what is asked for. */
static int compare(int group, const char *name, size_t len, struct err *e)
{
	auto_close int fd = sys_open(group, "schemata", O_RDONLY, 0);
	ssize_t n = fd < 0 ? fd : sys_read_full(fd, present, sizeof(present));
	struct span rest = {wanted, len};
	bool more = len > 0;

	if (n < 0)
		return err_set(e, (int)n, "linux.intelRdt: read schemata of %s", name);
	while (more) {
		struct span line = span_cut(rest, '\n', &rest, &more);

		if (line.len && !has_line((struct span){present, (size_t)n}, line))
			return err_text(e, -EINVAL,
					"linux.intelRdt: group %s exists, and not with \"%.*s\"",
					name, (int)line.len, line.p);
	}
	return 0;
}

static int write_to(int dir_fd, const char *file, const char *text, size_t len, struct err *e)
{
	auto_close int fd = sys_open(dir_fd, file, O_WRONLY, 0);
	int r = fd < 0 ? fd : sys_write_all(fd, text, len);

	return r < 0 ? err_set(e, r, "linux.intelRdt: write %s", file) : 0;
}

static int assign(int group, pid_t pid, struct err *e)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", (int)pid);

	return write_to(group, "tasks", text, (size_t)n, e);
}

static int monitor(int group, const char *id, pid_t pid, struct err *e)
{
	auto_close int groups = sys_open(group, "mon_groups", O_PATH | O_DIRECTORY, 0);
	auto_close int mine = -1;
	int r = groups < 0 ? groups : sys_mkdir(groups, id, 0755);

	if (r == 0 || r == -EEXIST)
		r = mine = sys_open(groups, id, O_PATH | O_DIRECTORY, 0);
	if (r < 0)
		return err_set(e, r, "linux.intelRdt: make a monitoring group");
	return assign(mine, pid, e);
}

int rdt_apply_at(int dir_fd, const struct oci_rdt *r, const char *id, pid_t pid, struct err *e)
{
	const char *name = str_empty(r->clos_id) ? id : r->clos_id;
	auto_close int group = -1;
	bool made = false;
	size_t len;
	int ret = compose(r, &len, e);

	if (ret == 0 && (name == id || len)) {
		ret = sys_mkdir(dir_fd, name, 0755);
		made = ret == 0;
		if (ret == -EEXIST)
			ret = 0;
		if (ret < 0)
			return err_set(e, ret, "linux.intelRdt: make group %s", name);
	}
	group = ret < 0 ? ret : sys_open(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (group < 0)
		return e->code ? e->code : err_set(e, group, "linux.intelRdt: group %s", name);
	if (len)
		ret = made ? write_to(group, "schemata", wanted, len, e)
			   : compare(group, name, len, e);
	if (ret == 0)
		ret = assign(group, pid, e);
	if (ret == 0 && r->monitoring)
		ret = monitor(group, id, pid, e);
	if (ret < 0 && made)
		sys_unlink(dir_fd, name, AT_REMOVEDIR);
	return ret;
}

int rdt_apply(const struct oci_rdt *r, const char *id, pid_t pid, struct err *e)
{
	auto_close int fd = open_root(e);

	return fd < 0 ? fd : rdt_apply_at(fd, r, id, pid, e);
}

int rdt_update_at(int dir_fd, const struct oci_rdt *r, const char *id, const char *l3_cache,
		  const char *mem_bw, struct err *e)
{
	const char *name = str_empty(r->clos_id) ? id : r->clos_id;
	const struct oci_rdt change = {.l3_cache = (char *)(uintptr_t)l3_cache,
				       .mem_bw = (char *)(uintptr_t)mem_bw};
	auto_close int group = sys_open(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	size_t len;
	int ret;

	if (group < 0)
		return err_set(e, group, "linux.intelRdt: group %s", name);
	ret = compose(&change, &len, e);
	return ret < 0 ? ret : write_to(group, "schemata", wanted, len, e);
}

int rdt_update(const struct oci_rdt *r, const char *id, const char *l3_cache, const char *mem_bw,
	       struct err *e)
{
	auto_close int fd = open_root(e);

	return fd < 0 ? fd : rdt_update_at(fd, r, id, l3_cache, mem_bw, e);
}

int rdt_join(const struct oci_rdt *r, const char *id, pid_t pid, struct err *e)
{
	const char *name = str_empty(r->clos_id) ? id : r->clos_id;
	auto_close int fd = open_root(e);
	auto_close int group =
		fd < 0 ? fd : sys_open(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	int ret = group < 0 ? group : assign(group, pid, e);

	return ret == 0 && r->monitoring ? monitor(group, id, pid, e) : ret;
}

void rdt_remove_at(int dir_fd, const struct oci_rdt *r, const char *id)
{
	auto_close int group = sys_open(dir_fd, str_empty(r->clos_id) ? id : r->clos_id,
					O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	auto_close int groups =
		group < 0 ? group : sys_open(group, "mon_groups", O_PATH | O_DIRECTORY, 0);

	if (groups >= 0 && r->monitoring)
		sys_unlink(groups, id, AT_REMOVEDIR);
	if (str_empty(r->clos_id))
		sys_unlink(dir_fd, id, AT_REMOVEDIR);
}

void rdt_remove(const struct oci_rdt *r, const char *id)
{
	auto_close int fd = r->set ? open_root(NULL) : -1;

	if (fd >= 0)
		rdt_remove_at(fd, r, id);
}
