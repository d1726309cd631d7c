/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of type cgroup. With a cgroup namespace the kernel shows the container its own part;
 * without one its own directories are bound. v1 hierarchies live in a small tmpfs of ours, whose
 * directories nobody else can exchange: it is in no shared tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>

#include "base/str.h"
#include "file/rooted.h"
#include "runtime/bind.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/confine/label.h"
#include "runtime/mounts.h"
#include "sys/fd.h"
#include "sys/mnt.h"

static int mount_tree(struct rootfs *r, const struct cgroup_hierarchy *h,
		      const struct mount_opts *o, int dst_fd, int at_fd, const char *path,
		      struct err *e)
{
	auto_close int src = -1;
	char data[128];
	int ret;

	if (r->spec->ns[OCI_NS_CGROUP].set) {
		if (str_printf(data, sizeof(data), "%s%s",
			       str_starts(h->controllers, "name=") ? "none," : "",
			       h->controllers) < 0)
			return err_set(e, -ENAMETOOLONG, "cgroup controllers");
		ret = sys_mount("cgroup", fd_path(dst_fd).p, h->v2 ? "cgroup2" : "cgroup", o->flags,
				h->v2 ? NULL : data);
		/* a bind of /sys has brought the tree along: the kernel takes no second one on its top */
		if (ret != -EBUSY)
			return ret < 0 ? err_set(e, ret, "mount cgroup %s", h->controllers) : 0;
	}
	src = sys_open(AT_FDCWD, h->path, O_PATH | O_DIRECTORY, 0);
	if (src < 0)
		return err_set(e, src, "open %s", h->path);
	return bind_attach(src, false, o, dst_fd, at_fd, path, e);
}

static int mount_v1(struct rootfs *r, const struct mount_opts *o, int top,
		    const struct cgroup_hierarchy *h, struct err *e)
{
	const char *name = strrchr(h->mount, '/') + 1;
	auto_close int dst = -1;
	struct span rest = span_of(h->controllers);
	bool more = true;
	char one[64];
	int ret = sys_mkdir(top, name, 0755);

	dst = ret < 0 ? ret : sys_open(top, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (dst < 0)
		return err_set(e, dst, "make a directory for cgroup %s", name);
	ret = mount_tree(r, h, o, dst, top, name, e);
	/* "cpu,cpuacct" is looked for under each name */
	while (ret == 0 && more && strchr(h->controllers, ',')) {
		struct span c = span_cut(rest, ',', &rest, &more);

		if (!span_eq(c, name) && str_copy_n(one, sizeof(one), c.p, c.len) > 0)
			sys_symlink(name, top,
				    one); /* exists: somebody's directory has this name */
	}
	return ret;
}

int mounts_cgroup(struct rootfs *r, const struct oci_mount *m, const struct mount_opts *o,
		  int dst_fd, struct err *e)
{
	char data[MOUNT_DATA_CAP] = "mode=755,size=64k";
	auto_close int top = -1;
	struct statfs fs;
	int ret;

	if (!r->cgroup->n)
		return err_text(e, -EOPNOTSUPP, "this machine has no cgroups to mount");
	if (r->cgroup->h[0].v2 && r->cgroup->n == 1)
		return mount_tree(r, &r->cgroup->h[0], o, dst_fd, r->root_fd, m->destination, e);
	ret = label_mount(data, sizeof(data), r->spec->mount_label, e);
	if (ret < 0)
		return ret;
	ret = sys_mount("cgroup", fd_path(dst_fd).p, "tmpfs", o->flags & ~(unsigned long)MS_RDONLY,
			data);
	if (ret < 0)
		return err_set(e, ret, "mount tmpfs");
	top = rooted_open(r->root_fd, m->destination, O_PATH | O_DIRECTORY, 0, e);
	ret = top < 0 ? top : sys_statfs(top, &fs);
	if (ret < 0)
		return err_set(e, ret, "open the cgroup mount");
	if (fs.f_type != TMPFS_MAGIC)
		ret = err_text(e, -EAGAIN, "the destination was exchanged while it was mounted");
	for (size_t i = 0; i < r->cgroup->n && ret == 0; i++)
		ret = mount_v1(r, o, top, &r->cgroup->h[i], e);
	return ret == 0 && o->flags & MS_RDONLY ? bind_set(top, &mount_opts_read_only, e) : ret;
}
