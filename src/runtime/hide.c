/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maskedPaths, readonlyPaths, read-only root. A masked file is covered by the null device that we
 * made and checked, a masked directory by one empty read-only tmpfs, shared by all of them.
 * What does not exist needs no cover.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "file/rooted.h"
#include "runtime/bind.h"
#include "runtime/confine/label.h"
#include "runtime/rootfs.h"
#include "sys/fd.h"
#include "sys/mnt.h"

static int mask_dir(struct rootfs *r, int dst, const char *path, struct err *e)
{
	char data[MOUNT_DATA_CAP] = "size=0,nr_inodes=2";
	int ret;

	if (r->empty_fd >= 0)
		return bind_attach(r->empty_fd, false, &mount_opts_read_only, dst, r->root_fd, path,
				   e);
	ret = label_mount(data, sizeof(data), r->spec->mount_label, e);
	if (ret < 0)
		return ret;
	ret = sys_mount("tmpfs", fd_path(dst).p, "tmpfs",
			MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, data);
	if (ret < 0)
		return err_set(e, ret, "cover with tmpfs");
	r->empty_fd = rooted_open(r->root_fd, path, O_PATH | O_DIRECTORY, 0, e);
	return r->empty_fd < 0 ? r->empty_fd : 0;
}

static int mask(struct rootfs *r, const char *path, struct err *e)
{
	auto_close int dst = rooted_open(r->root_fd, path, O_PATH, 0, e);
	struct stat st;
	int ret;

	if (dst == -ENOENT || dst == -ENOTDIR)
		return 0;
	ret = dst < 0 ? dst : sys_stat(dst, &st);
	if (ret < 0)
		return ret;
	if (S_ISDIR(st.st_mode))
		return mask_dir(r, dst, path, e);
	if (r->null_fd < 0)
		return err_text(e, -EINVAL, "no null device to cover it with: /dev is the host's");
	return bind_attach(r->null_fd, false, NULL, dst, r->root_fd, path, e);
}

static int make_read_only(struct rootfs *r, const char *path, struct err *e)
{
	auto_close int dst = rooted_open(r->root_fd, path, O_PATH, 0, e);

	if (dst == -ENOENT || dst == -ENOTDIR)
		return 0;
	return dst < 0 ? dst
		       : bind_attach(dst, true, &mount_opts_read_only, dst, r->root_fd, path, e);
}

int rootfs_hide(struct rootfs *r, struct err *e)
{
	const struct oci_spec *s = r->spec;
	int ret = 0;

	for (size_t i = 0; i < s->readonly_paths.n && ret == 0; i++)
		if ((ret = make_read_only(r, s->readonly_paths.v[i], e)) < 0)
			return err_wrap(e, "read-only path %s", s->readonly_paths.v[i]);
	for (size_t i = 0; i < s->masked_paths.n && ret == 0; i++)
		if ((ret = mask(r, s->masked_paths.v[i], e)) < 0)
			return err_wrap(e, "masked path %s", s->masked_paths.v[i]);
	if (s->root_readonly) {
		ret = bind_set(r->root_fd, &mount_opts_read_only, e);
		if (ret < 0)
			return err_wrap(e, "read-only root");
	}
	return 0;
}
