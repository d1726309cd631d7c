/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root itself: our own mount of it, and the change to it. pivot_root(".", ".") stacks the old
 * root on the new one, so no directory is made inside and nothing of the old tree can be reached
 * once it is detached.
 */
#include "runtime/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/str.h"
#include "file/rooted.h"
#include "runtime/bind.h"
#include "runtime/mounts.h"
#include "runtime/no_pivot.h"
#include "runtime/stage.h"
#include "sys/fd.h"
#include "sys/mnt.h"
#include "sys/ns.h"
#include "sys/sock.h"

#define MNT_DETACH 2

static bool is_shared(const struct oci_spec *s)
{
	const char *name = s->rootfs_propagation;

	return name && (mount_propagation(name) & MS_SHARED);
}

/* The mount that holds the root: one of its parents, by name; nobody else changes names up there. */
static int make_parent_private(const char *root, struct err *e)
{
	static char path[PATH_MAX];
	size_t len = strlen(root);
	int r = str_copy(path, sizeof(path), root);

	if (r < 0)
		return err_set(e, r, "root");
	do {
		path[len ? len : 1] = '\0';
		r = sys_mount(NULL, path, NULL, MS_PRIVATE, NULL);
		while (len && path[--len] != '/')
			;
	} while (r == -EINVAL && path[1]);
	return r < 0 ? err_set(e, r, "make %s private", path) : 0;
}

/*
 * What the caller's namespace unmounts shall go away here too, and nothing we do may reach it: slave
 * unless the spec wants private. Where it wants shared, volumes that the host shares stay shared with it
 * (Kubernetes' "Bidirectional"), and the root is cut off alone.
 */
static int cut_propagation(const struct rootfs *r, struct err *e)
{
	const char *name = r->spec->rootfs_propagation;
	bool private = name && (str_eq(name, "private") || str_eq(name, "rprivate"));
	int ret;

	if (name && mount_propagation(name) < 0)
		return err_text(e, -EINVAL, "linux.rootfsPropagation \"%.32s\" is not known", name);
	if (is_shared(r->spec))
		return make_parent_private(r->path, e);
	ret = sys_mount(NULL, "/", NULL, MS_REC | (private ? MS_PRIVATE : MS_SLAVE), NULL);
	return ret < 0 ? err_set(e, ret, "make / %s", private ? "private" : "slave") : 0;
}

/* Return: what the root is mounted on. A joined namespace may lack the state directory */
static int open_place(const struct rootfs *r, const char **ret_path)
{
	int fd = r->at ? sys_open(AT_FDCWD, r->at, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0) : -ENOENT;
	bool lacks = fd == -ENOENT && (!r->at || r->spec->ns[OCI_NS_MNT].path);

	*ret_path = lacks ? r->path : r->at;
	/* O_NOFOLLOW: a bundle's rootfs that is a link leads where its writer wants (youki CVE-2025-62161) */
	return lacks ? sys_open(AT_FDCWD, r->path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0) : fd;
}

/* The root of the user namespace may not go where the rootfs is: the runtime opens it, and it is mounted on "/". */
static int ask_root(struct rootfs *r, struct err *e)
{
	auto_close int place = sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	auto_close int tree = place < 0 ? place : source_ask(r->sync_fd, SOURCE_ROOT, e);
	int ret = tree < 0 ? tree : bind_attach_tree(tree, NULL, place, e);

	if (ret == -ENOSYS)
		return err_set(e, -EACCES, "root %s", r->path);
	r->root_fd = ret < 0 ? ret : take_fd(&tree);
	return ret;
}

static int open_root(struct rootfs *r, struct err *e)
{
	static const struct mount_opts apart = {.propagation = MS_PRIVATE, .propagation_rec = true};
	auto_close int fd = sys_open(AT_FDCWD, r->path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	const char *path = r->path;
	auto_close int place = fd < 0 ? fd : open_place(r, &path);
	int ret;

	if (fd == -EACCES && r->sources == SOURCES_ALL && !r->at)
		return ask_root(r, e);
	if (place < 0)
		return err_set(e, place, "root %s", path);
	ret = bind_attach(fd, true, NULL, place, -1, NULL, e);
	if (ret < 0)
		return err_wrap(e, "root %s", r->path);
	/* @place is below the new mount; the path now leads to the top of it */
	r->root_fd = sys_open(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (r->root_fd < 0)
		return err_set(e, r->root_fd, "root %s", path);
	/* what is mounted from here on stays with us */
	return r->at || is_shared(r->spec) ? bind_set(r->root_fd, &apart, e) : 0;
}

int rootfs_network(struct rootfs *r, struct err *e)
{
	struct stage_ack ack;
	auto_close int fd = -1;
	size_t n = 0;
	int ret;

	if (!r->net_comes)
		return 0;
	r->net_comes = false;
	if (sys_recv_fds(r->sync_fd, &ack, sizeof(ack), &fd, 1, &n, 0) != (ssize_t)sizeof(ack) ||
	    n != 1)
		return err_set(e, -EPIPE, "the runtime is gone");
	ret = sys_setns(fd, CLONE_NEWNET);
	return ret < 0 ? err_set(e, ret, "enter the network namespace") : 0;
}

int rootfs_mount(struct rootfs *r, struct err *e)
{
	int ret = r->at ? 0 : cut_propagation(r, e);

	if (ret == 0)
		ret = open_root(r, e);
	if (ret == 0)
		ret = mounts_apply(r, e);
	return ret < 0 ? ret : rootfs_network(r, e);
}

void rootfs_cwd(struct rootfs *r)
{
	sys_close(rooted_mkdirs(r->root_fd, r->spec->process.cwd, 0755, 0, 0, NULL));
}

/* The old root lies on the new one and is our directory. What it shares with the host must not hear that it goes. */
static int drop_old(int old_fd)
{
	int r = 0;

	if (old_fd >= 0) {
		r = sys_fchdir(old_fd);
		if (r == 0)
			r = sys_mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL);
	}
	return r < 0 ? r : sys_umount(".", MNT_DETACH);
}

static int pivot(struct rootfs *r, struct err *e)
{
	bool shared = is_shared(r->spec) && !r->at;
	auto_close int old = shared ? sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0) : -1;
	int ret = shared && old < 0 ? old : sys_fchdir(r->root_fd);

	if (ret == 0)
		ret = r->at ? sys_chroot(".") : sys_pivot_root(".", ".");
	if (ret < 0)
		return err_set(e, ret, r->at ? "chroot" : "pivot_root");
	if (!r->at)
		ret = drop_old(old);
	if (ret == 0)
		ret = sys_chdir("/");
	return ret < 0 ? err_set(e, ret, "leave the old root") : 0;
}

int rootfs_enter(struct rootfs *r, struct err *e)
{
	const char *name = r->spec->rootfs_propagation;
	int ret;

	/* whoever shares our mount namespace keeps its root */
	ret = r->no_pivot && !r->at ? no_pivot_enter(r->root_fd, r->path, e) : pivot(r, e);
	if (ret < 0)
		return ret;
	if (name)
		ret = sys_mount(NULL, "/", NULL, (unsigned long)mount_propagation(name), NULL);
	sys_close(take_fd(&r->root_fd));
	return ret < 0 ? err_set(e, ret, "make / %s", name) : 0;
}
