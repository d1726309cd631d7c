/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.mounts. A destination is resolved inside the root to a descriptor, and the mount happens on
 * what that descriptor refers to, so an exchange of the path in between changes nothing
 * (CVE-2021-30465, CVE-2023-27561). /proc and /sys must be ordinary directories of the root itself:
 * where a link would put them, later paths such as /proc/sys would not find them (CVE-2019-19921).
 * "/proc/self/fd" below is the host's: this all runs before pivot_root.
 */
#include "runtime/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/str.h"
#include "file/rooted.h"
#include "runtime/bind.h"
#include "runtime/copyup.h"
#include "sys/fd.h"
#include "sys/mnt.h"

#define DIR_MODE  0755
#define FILE_MODE 0644

int mounts_parent(int root_fd, const char *path, char *ret_name, struct err *e)
{
	static char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	auto_close int made = -1;
	int fd = rooted_parent(root_fd, path, ret_name, NULL);

	if (fd != -ENOENT || !slash)
		return fd < 0 ? err_set(e, fd, "parent of %s in the root", path) : fd;
	if (str_copy_n(dir, sizeof(dir), path, (size_t)(slash - path)) < 0)
		return err_set(e, -ENAMETOOLONG, "path in the root");
	made = rooted_mkdirs(root_fd, dir, DIR_MODE, 0, 0, e);
	return made < 0 ? made : rooted_parent(root_fd, path, ret_name, e);
}

static int make_file(int root_fd, const char *path, struct err *e)
{
	char name[NAME_MAX + 1];
	auto_close int parent = mounts_parent(root_fd, path, name, e);
	auto_close int fd = -1;

	if (parent < 0)
		return parent;
	fd = sys_open(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, FILE_MODE);
	return fd < 0 && fd != -EEXIST ? err_set(e, fd, "make %s in the root", path) : 0;
}

static int open_destination(struct rootfs *r, const char *path, bool dir, struct err *e)
{
	int fd;

	if (dir)
		return rooted_mkdirs(r->root_fd, path, DIR_MODE, 0, 0, e);
	fd = rooted_open(r->root_fd, path, O_PATH, 0, NULL);
	if (fd != -ENOENT)
		return fd < 0 ? err_set(e, fd, "destination %s", path) : fd;
	fd = make_file(r->root_fd, path, e);
	return fd < 0 ? fd : rooted_open(r->root_fd, path, O_PATH, 0, e);
}

/* For proc and sysfs. The last component is made if missing; no component may be a link. */
static int open_plain_directory(struct rootfs *r, const char *path, struct err *e)
{
	char at[NAME_MAX + 1];
	auto_close int fd = sys_open(r->root_fd, ".", O_PATH | O_DIRECTORY, 0);
	const char *p = path;

	while (fd >= 0 && *(p += strspn(p, "/"))) {
		size_t len = strcspn(p, "/");
		int next;

		if (str_copy_n(at, sizeof(at), p, len) < 0 || str_eq(at, ".."))
			return err_set(e, -EINVAL, "destination %s", path);
		next = sys_open(fd, at, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		if (next == -ENOENT) {
			next = sys_mkdir(fd, at, DIR_MODE);
			if (next == 0 || next == -EEXIST)
				next = sys_open(fd, at, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		}
		if (next == -ENOTDIR || next == -ELOOP)
			return err_text(e, next, "destination %s is not an ordinary directory",
					path);
		sys_close(fd);
		fd = next;
		p += len;
	}
	return fd < 0 ? err_set(e, fd, "destination %s", path) : take_fd(&fd);
}

static int mount_bind(struct rootfs *r, const struct oci_mount *m, struct mount_opts *o,
		      struct err *e)
{
	static char path[PATH_MAX];
	auto_close int src = -1;
	auto_close int dst = -1;
	struct stat st;
	int ret;

	if (str_empty(m->source))
		return err_text(e, -EINVAL, "mount %s: a bind mount needs a source",
				m->destination);
	ret = str_printf(path, sizeof(path), "%s%s%s", *m->source == '/' ? "" : r->bundle,
			 *m->source == '/' ? "" : "/", m->source);
	if (ret < 0)
		return err_set(e, ret, "mount source");
	src = sys_open(AT_FDCWD, path, O_PATH, 0);
	if (src < 0)
		return err_set(e, src, "source %s", path);
	ret = sys_stat(src, &st);
	if (ret < 0)
		return err_set(e, ret, "stat %s", path);
	dst = open_destination(r, m->destination, S_ISDIR(st.st_mode), e);
	if (dst < 0)
		return dst;
	return bind_attach(src, o->rec, o, dst, r->root_fd, m->destination, e);
}

static int propagate(struct rootfs *r, const struct oci_mount *m, struct mount_opts *o,
		     struct err *e)
{
	auto_close int fd = -1;

	if (!o->propagation && !o->rec_set && !o->rec_clear)
		return 0;
	fd = rooted_open(r->root_fd, m->destination, O_PATH, 0, e);
	if (fd < 0)
		return fd;
	o->attr_set = o->attr_clear = 0; /* mount(2) has them already */
	return bind_set(fd, o, e);
}

/* A user namespace that does not own the network namespace may not mount sysfs: then the host's is bound. */
static int bind_sys(struct rootfs *r, const struct oci_mount *m, struct mount_opts *o,
		    struct err *e)
{
	struct oci_mount bind = *m;

	bind.source = (char *)(uintptr_t) "/sys";
	o->rec = true;
	return mount_bind(r, &bind, o, e);
}

/* A tmpfs that starts with what it covers is writable until it is filled. */
static int fill_tmpfs(struct rootfs *r, const struct oci_mount *m, const struct mount_opts *o,
		      int covered_fd, struct err *e)
{
	auto_close int fd = rooted_open(r->root_fd, m->destination, O_PATH | O_DIRECTORY, 0, e);
	struct statfs fs;
	int ret = fd < 0 ? fd : sys_statfs(fd, &fs);

	if (ret < 0)
		return ret;
	if (fs.f_type != TMPFS_MAGIC)
		return err_text(e, -EAGAIN, "the destination was exchanged while it was mounted");
	ret = copyup(covered_fd, fd, e);
	return ret == 0 && o->flags & MS_RDONLY ? bind_set(fd, &mount_opts_read_only, e) : ret;
}

static int mount_fs(struct rootfs *r, const struct oci_mount *m, struct mount_opts *o,
		    struct err *e)
{
	const char *source = m->source ? m->source : m->type;
	auto_close int dst = -1;
	bool plain = str_eq(m->type, "proc") || str_eq(m->type, "sysfs");
	int ret;

	if (str_eq(m->type, "tmpfs") && str_eq(m->destination, "/dev") && o->flags & MS_RDONLY) {
		o->flags &= ~(unsigned long)MS_RDONLY;
		r->dev_ro = true;
	}
	dst = plain ? open_plain_directory(r, m->destination, e)
		    : open_destination(r, m->destination, true, e);
	if (dst < 0)
		return dst;
	if (str_eq(m->type, "cgroup") || str_eq(m->type, "cgroup2"))
		return mounts_cgroup(r, m, o, dst, e);
	if (o->copy_up && !str_eq(m->type, "tmpfs"))
		return err_text(e, -EINVAL, "tmpcopyup is for tmpfs");
	ret = sys_mount(source, fd_path(dst).p, m->type,
			o->copy_up ? o->flags & ~(unsigned long)MS_RDONLY : o->flags,
			*o->data ? o->data : NULL);
	if (ret == -EPERM && str_eq(m->type, "sysfs") &&
	    (r->in_userns || !r->spec->ns[OCI_NS_NET].set))
		return bind_sys(r, m, o, e);
	if (ret < 0)
		return err_set(e, ret, "mount %s", m->type);
	if (o->copy_up && (ret = fill_tmpfs(r, m, o, dst, e)) < 0)
		return ret;
	return propagate(r, m, o, e);
}

static int mount_one(struct rootfs *r, const struct oci_mount *m, struct err *e)
{
	struct mount_opts o;
	int ret = mount_opts_parse(&m->options, &o, e);

	if (ret < 0)
		return err_wrap(e, "mount %s", m->destination);
	if (o.bind || str_eq(m->type ? m->type : "", "bind"))
		ret = mount_bind(r, m, &o, e);
	else if (str_empty(m->type))
		ret = err_text(e, -EINVAL, "neither a type nor an option bind");
	else
		ret = mount_fs(r, m, &o, e);
	return ret < 0 ? err_wrap(e, "mount %s", m->destination) : 0;
}

int mounts_apply(struct rootfs *r, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < r->spec->n_mounts && ret == 0; i++)
		ret = mount_one(r, &r->spec->mounts[i], e);
	return ret;
}

bool mounts_bind_on_dev(const struct oci_spec *s)
{
	bool bind = false;

	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct oci_mount *m = &s->mounts[i];
		const char *d = m->destination;

		if (!str_eq(d, "/dev") && !str_eq(d, "/dev/"))
			continue;
		bind = m->type && str_eq(m->type, "bind");
		for (size_t j = 0; j < m->options.n; j++)
			bind |= str_eq(m->options.v[j], "bind") || str_eq(m->options.v[j], "rbind");
	}
	return bind;
}
