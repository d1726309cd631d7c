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
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/str.h"
#include "file/rooted.h"
#include "runtime/bind.h"
#include "runtime/confine/label.h"
#include "runtime/copyup.h"
#include "runtime/idmap.h"
#include "runtime/place.h"
#include "runtime/source.h"
#include "sys/fd.h"
#include "sys/mnt.h"

/* Return: a detached tree by the runtime; -ENOSYS we open it ourselves */
static int ask(struct rootfs *r, const struct oci_mount *m, const struct mount_opts *o,
	       struct err *e)
{
	if (r->sources != SOURCES_ALL && !idmap_wanted(m, o))
		return -ENOSYS;
	return source_ask(r->sync_fd, (int)(m - r->spec->mounts), e);
}

static int open_source(struct rootfs *r, const struct oci_mount *m, const struct mount_opts *o,
		       struct err *e)
{
	static char path[PATH_MAX];
	int ret = source_path(r->bundle, m, path, sizeof(path), e);

	if (ret == 0) {
		ret = sys_open(AT_FDCWD, path, O_PATH | (o->src_nofollow ? O_NOFOLLOW : 0), 0);
		if (ret < 0)
			err_set(e, ret, "source %s", path);
	}
	return ret;
}

static int bind_fd(struct rootfs *r, const struct oci_mount *m, const struct mount_opts *o, int src,
		   bool tree, struct err *e)
{
	auto_close int dst = -1;
	struct stat st;
	struct place place;
	int ret = sys_stat(src, &st);

	if (ret < 0)
		return err_set(e, ret, "stat the source");
	dst = place_open(r->root_fd, m->destination, S_ISDIR(st.st_mode), o->dst_nofollow, &place,
			 e);
	ret = dst < 0 ? dst
		      : place_check(r->root_fd, dst, place.straight ? m->destination : NULL,
				    place_is_proc(src), e);
	if (ret < 0)
		return ret;
	return tree ? bind_attach_tree(src, o, dst, e)
		    : bind_attach(src, o->rec, o, dst, r->root_fd, m->destination, e);
}

static int mount_bind(struct rootfs *r, const struct oci_mount *m, struct mount_opts *o,
		      struct err *e)
{
	auto_close int tree = ask(r, m, o, e);
	auto_close int src = -1;
	int ret = tree < 0 ? tree : bind_fd(r, m, o, tree, true, e);

	if (ret == -ENOSYS && idmap_wanted(m, o))
		return err_text(e, -EOPNOTSUPP, "it needs Linux 5.12");
	if (ret != -ENOSYS)
		return ret;
	src = open_source(r, m, o, e);
	return src < 0 ? src : bind_fd(r, m, o, src, false, e);
}

/* crun's "copy-symlink": a source that is a link is not followed on the host; one like it is made in the root. */
static int copy_link(struct rootfs *r, const struct oci_mount *m, struct mount_opts *o,
		     struct err *e)
{
	static char path[PATH_MAX], target[PATH_MAX], have[PATH_MAX];
	char name[NAME_MAX + 1];
	auto_close int parent = -1;
	int ret = source_path(r->bundle, m, path, sizeof(path), e);

	if (ret < 0)
		return ret;
	ret = sys_readlink(AT_FDCWD, path, target, sizeof(target));
	if (ret == -EINVAL)
		return mount_bind(r, m, o, e);
	if (ret < 0)
		return err_set(e, ret, "source %s", path);
	parent = place_parent(r->root_fd, m->destination, name, e);
	if (parent < 0)
		return parent;
	ret = sys_symlink(target, parent, name);
	if (ret == -EEXIST && sys_readlink(parent, name, have, sizeof(have)) >= 0 &&
	    str_eq(have, target))
		ret = 0;
	return ret < 0 ? err_set(e, ret, "make the link") : 0;
}

/* "remount": other options for what is there. */
static int remount(struct rootfs *r, const struct oci_mount *m, struct mount_opts *o, bool bind,
		   struct err *e)
{
	auto_close int fd = rooted_open(r->root_fd, m->destination, O_PATH, 0, e);
	int ret = fd < 0 ? fd : 0;

	if (ret == 0 && !bind) {
		ret = sys_mount(m->source, fd_path(fd).p, m->type, o->flags,
				*o->data ? o->data : NULL);
		o->attr_set = o->attr_clear = o->attr_unnamed = 0;
		if (ret < 0)
			return err_set(e, ret, "remount");
	}
	return ret < 0 ? ret : bind_set(fd, o, e);
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
	o->attr_set = o->attr_clear = o->attr_unnamed = 0; /* mount(2) has them already */
	return bind_set(fd, o, e);
}

/*
 * Who does not own the namespace that a file system shows may not mount it: then the host's is bound, if
 * that namespace is the host's.
 */
static int bind_host(struct rootfs *r, const struct oci_mount *m, struct mount_opts *o,
		     struct err *e)
{
	static const struct {
		const char *type, *path;
		enum oci_ns_kind kind;
	} hosts[] = {
		{"sysfs", "/sys", OCI_NS_NET},
		{"mqueue", "/dev/mqueue", OCI_NS_IPC},
		{"proc", "/proc", OCI_NS_PID},
	};

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		auto_close int src = -1;
		const struct oci_ns *ns = &r->spec->ns[hosts[i].kind];

		/* sysfs tells nothing about processes: it may be the host's where that is all there is */
		if (!str_eq(m->type, hosts[i].type) ||
		    (ns->set && !ns->path && (hosts[i].kind != OCI_NS_NET || !r->in_userns)))
			continue;
		src = sys_open(AT_FDCWD, hosts[i].path, O_PATH | O_DIRECTORY, 0);
		o->rec = true;
		if (src >= 0)
			return bind_fd(r, m, o, src, false, e);
	}
	return err_set(e, -EPERM, "mount %s", m->type);
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

/* As runc: a tmpfs looks like the directory that it covers. */
static int inherit_mode(int dst, struct mount_opts *o, struct err *e)
{
	size_t len = strlen(o->data);
	struct stat st;
	int ret = sys_stat(dst, &st);

	if (ret == 0 && !strstr(o->data, "mode="))
		ret = str_printf(o->data + len, sizeof(o->data) - len, "%smode=%04o",
				 len ? "," : "", (unsigned int)st.st_mode & 07777);
	return ret < 0 ? err_set(e, ret, "mount options") : 0;
}

/* Of every file system that is the container's own and takes a label when it is mounted. */
static int add_label(const struct rootfs *r, const struct oci_mount *m, struct mount_opts *o,
		     struct err *e)
{
	static const char *const without[] = {"proc", "sysfs", "mqueue"};

	for (size_t i = 0; i < ARRAY_LEN(without); i++)
		if (str_eq(m->type, without[i]))
			return 0;
	return label_mount(o->data, sizeof(o->data), r->spec->mount_label, e);
}

/* The message queues of the host, when they are the container's too, keep their label. */
static int label_queues(const struct rootfs *r, const struct oci_mount *m, struct err *e)
{
	auto_close int fd = -1;

	if (str_empty(r->spec->mount_label) || !str_eq(m->type, "mqueue") ||
	    !r->spec->ns[OCI_NS_IPC].set)
		return 0;
	fd = rooted_open(r->root_fd, m->destination, O_RDONLY | O_DIRECTORY, 0, e);
	return fd < 0 ? fd : label_file(fd, r->spec->mount_label, e);
}

static int open_place(struct rootfs *r, const struct oci_mount *m, struct mount_opts *o,
		      struct err *e)
{
	bool proc = str_eq(m->type, "proc");
	struct place place = {true, true};
	auto_close int dst =
		proc || str_eq(m->type, "sysfs")
			? place_open_plain(r->root_fd, m->destination, e)
			: place_open(r->root_fd, m->destination, true, o->dst_nofollow, &place, e);
	int ret = dst < 0 ? dst
			  : place_check(r->root_fd, dst, place.straight ? m->destination : NULL,
					proc, e);

	if (ret == 0 && str_eq(m->type, "tmpfs") && !place.made)
		ret = inherit_mode(dst, o, e);
	return ret < 0 ? ret : take_fd(&dst);
}

static int mount_fs(struct rootfs *r, const struct oci_mount *m, struct mount_opts *o,
		    struct err *e)
{
	const char *source = m->source ? m->source : m->type;
	auto_close int dst = -1;
	int ret;

	if (idmap_wanted(m, o))
		return err_text(e, -EOPNOTSUPP, "only bind mounts can be idmapped");
	if (str_eq(m->type, "tmpfs") && str_eq(m->destination, "/dev") && o->flags & MS_RDONLY) {
		o->flags &= ~(unsigned long)MS_RDONLY;
		r->dev_ro = true;
	}
	dst = open_place(r, m, o, e);
	if (dst < 0)
		return dst;
	if (str_eq(m->type, "cgroup") || str_eq(m->type, "cgroup2"))
		return mounts_cgroup(r, m, o, dst, e);
	if (o->copy_up && !str_eq(m->type, "tmpfs"))
		return err_text(e, -EINVAL, "tmpcopyup is for tmpfs");
	ret = add_label(r, m, o, e);
	if (ret == 0 && str_eq(m->type, "sysfs")) /* it shows the network of who mounts it */
		ret = rootfs_network(r, e);
	if (ret < 0)
		return ret;
	ret = sys_mount(source, fd_path(dst).p, m->type,
			o->copy_up ? o->flags & ~(unsigned long)MS_RDONLY : o->flags,
			*o->data ? o->data : NULL);
	if (ret == -EPERM)
		return bind_host(r, m, o, e);
	if (ret < 0)
		return err_set(e, ret, "mount %s", m->type);
	ret = o->copy_up ? fill_tmpfs(r, m, o, dst, e) : label_queues(r, m, e);
	return ret < 0 ? ret : propagate(r, m, o, e);
}

static int mount_one(struct rootfs *r, const struct oci_mount *m, struct err *e)
{
	struct mount_opts o;
	int ret = mount_opts_parse(&m->options, &o, e);
	bool bind;

	if (ret < 0)
		return err_wrap(e, "mount %s", m->destination);
	bind = o.bind || str_eq(m->type ? m->type : "", "bind");
	if (o.flags & MS_REMOUNT)
		ret = remount(r, m, &o, bind, e);
	else if (bind)
		ret = o.copy_link ? copy_link(r, m, &o, e) : mount_bind(r, m, &o, e);
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

bool mounts_plain(const struct oci_spec *s)
{
	static const char *const types[] = {"bind",   "none",	"proc",	  "sysfs",  "tmpfs",
					    "devpts", "mqueue", "cgroup", "cgroup2"};

	for (size_t i = 0; i < s->n_mounts; i++) {
		const char *type = s->mounts[i].type;
		size_t k = 0;

		while (!str_empty(type) && k < ARRAY_LEN(types) && !str_eq(type, types[k]))
			k++;
		if (k == ARRAY_LEN(types))
			return false;
	}
	return true;
}
