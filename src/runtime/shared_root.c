/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/shared_root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "runtime/bind.h"
#include "runtime/namespaces.h"
#include "sys/errand.h"
#include "sys/fd.h"
#include "sys/mnt.h"

#define NAME	   "rootfs"
#define MNT_DETACH 2
#define NOFOLLOW   8 /* UMOUNT_NOFOLLOW */
#define MAX_MOUNTS 8 /* on one another: a start that was killed and repeated by hand */

bool shared_root(const struct oci_spec *s)
{
	return !s->ns[OCI_NS_MNT].set || s->ns[OCI_NS_MNT].path;
}

static int path_of(int dir_fd, char *path, size_t cap)
{
	return sys_readlink(AT_FDCWD, fd_path(dir_fd).p, path, cap);
}

int shared_root_make(int state_dir_fd, struct arena *a, char **ret_path, struct err *e)
{
	char path[PATH_MAX / 2];
	int r = sys_mkdir(state_dir_fd, NAME, 0755);

	if (r == 0)
		r = path_of(state_dir_fd, path, sizeof(path));
	if (r < 0)
		return err_set(e, r, "make a mount point for the root");
	*ret_path = arena_printf(a, "%s/%s", path, NAME);
	return *ret_path ? 0 : err_set(e, -ENOMEM, "paths");
}

static int unmount_there(void *arg)
{
	return sys_umount(arg, MNT_DETACH | NOFOLLOW);
}

/* The namespace may be gone with all that was mounted in it, and so may be the path inside. */
static void undo_joined(int dir_fd, const char *ns_path)
{
	auto_close int ns = ns_open(ns_path, OCI_NS_MNT, NULL);
	char path[PATH_MAX / 2];
	size_t len;
	int n = ns < 0 ? ns : path_of(dir_fd, path, sizeof(path));

	if (n < 0)
		return;
	len = (size_t)n;
	if (str_printf(path + len, sizeof(path) - len, "/%s", NAME) >= 0)
		sys_errand(ns, ns_flags[OCI_NS_MNT], unmount_there, path);
}

int shared_root_undo(int state_dir_fd, const struct oci_spec *s, struct err *e)
{
	int r = -EBUSY;

	if (!shared_root(s) || state_dir_fd < 0)
		return 0;
	if (s->ns[OCI_NS_MNT].path)
		undo_joined(state_dir_fd, s->ns[OCI_NS_MNT].path);
	for (int i = 0; i < MAX_MOUNTS && r == -EBUSY; i++) {
		auto_close int fd = -1;

		r = sys_unlink(state_dir_fd, NAME, AT_REMOVEDIR);
		if (r != -EBUSY)
			break;
		fd = sys_open(state_dir_fd, NAME, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		if (fd < 0 || sys_umount(fd_path(fd).p, MNT_DETACH) < 0)
			break;
	}
	return r < 0 && r != -ENOENT ? err_set(e, r, "unmount the root of the container") : 0;
}
