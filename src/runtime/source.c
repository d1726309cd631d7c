/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "runtime/become.h"
#include "runtime/bind.h"
#include "runtime/idmap.h"
#include "runtime/namespaces.h"
#include "runtime/rootfs.h"
#include "runtime/stage.h"
#include "sys/cred.h"
#include "sys/errand.h"
#include "sys/fd.h"
#include "sys/mnt.h"
#include "sys/sock.h"

#define MNT_DETACH 2

static struct mount_opts opts; /* of the mount that is answered; too large for a stack */

enum sources sources_of(const struct oci_spec *s)
{
	if (s->ns[OCI_NS_USER].set && sys_get_uid() == 0)
		return SOURCES_ALL;
	for (size_t i = 0; i < s->n_mounts; i++)
		if (mount_opts_parse(&s->mounts[i].options, &opts, NULL) == 0 &&
		    idmap_wanted(&s->mounts[i], &opts))
			return SOURCES_IDMAPPED;
	return SOURCES_NONE;
}

int source_path(const char *bundle, const struct oci_mount *m, char *path, size_t cap,
		struct err *e)
{
	int r;

	if (str_empty(m->source))
		return err_text(e, -EINVAL, "a bind mount needs a source");
	r = str_printf(path, cap, "%s%s%s", *m->source == '/' ? "" : bundle,
		       *m->source == '/' ? "" : "/", m->source);
	return r < 0 ? err_set(e, r, "mount source") : 0;
}

/*
 * The stage's root, in its mount namespace: a container's root may lie on that namespace's "/" already, and
 * is where setns() leads.
 */
static int stage_root(pid_t stage, struct err *e)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)stage);
	fd = sys_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? err_set(e, fd, "root of the container's first process") : fd;
}

static int enter_root(int fd)
{
	int r = sys_fchdir(fd);

	return r < 0 ? r : sys_chroot(".");
}

struct tree {
	const char *path;
	int root_fd;
	unsigned int flags; /* of open_tree */
	int userns_fd;	    /* -1 = ids as they are */
	unsigned int idmap_flags;
	bool opened; /* a failure is the id map's */
};

/* In the stage's mount namespace, with our rights. */
static int open_there(void *arg)
{
	struct tree *t = arg;
	int r = enter_root(t->root_fd);
	auto_close int fd =
		r < 0 ? r : sys_open_tree(AT_FDCWD, t->path, OPEN_TREE_CLONE | t->flags);

	r = fd;

	if (fd >= 0 && t->userns_fd >= 0) {
		t->opened = true;
		r = sys_mount_idmap(fd, t->idmap_flags, t->userns_fd);
	}
	return r < 0 ? r : take_fd(&fd);
}

static int open_in_stage(const struct source_server *s, struct tree *t, struct err *e)
{
	auto_close int ns = ns_open_of(s->stage, OCI_NS_MNT, e);
	auto_close int root = ns < 0 ? ns : stage_root(s->stage, e);
	int r = root;

	if (root < 0)
		return root;
	t->root_fd = root;
	r = sys_errand(ns, ns_flags[OCI_NS_MNT], open_there, t);
	if (r == -ENOSYS && t->userns_fd >= 0)
		return err_text(e, -EOPNOTSUPP, "an idmapped mount needs Linux 5.12");
	if (r < 0 && t->opened)
		return err_set(e, r, "map the ids of %s", t->path);
	return r < 0 ? err_set(e, r, "source %s", t->path) : r;
}

static uint32_t host_id(const struct oci_idmap *m, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= m[i].container && id - m[i].container < m[i].size)
			return m[i].host + (id - m[i].container);
	return UINT32_MAX;
}

struct node {
	const struct oci_device *d;
	uid_t uid;
	gid_t gid;
	int root_fd;
	const char *place; /* a directory of the stage's; nothing stays there */
	const char *label; /* of SELinux; NULL or "" none */
};

/* A tree can be cloned only from a mount that has a place, so the new file system gets one for a moment. */
static int make_node(void *arg)
{
	const struct node *n = arg;
	const struct oci_device *d = n->d;
	bool plain = str_empty(n->label);
	auto_close int fs = sys_fsmount_new("tmpfs", plain ? "size" : "context",
					    plain ? "4k" : n->label, MOUNT_ATTR_NOSUID);
	int r = fs < 0 ? fs : enter_root(n->root_fd);
	auto_close int dir = r < 0 ? r : sys_open(AT_FDCWD, n->place, O_PATH | O_DIRECTORY, 0);
	auto_close int fd = -1;

	r = dir < 0 ? dir
		    : sys_mknod(fs, "node", rootfs_device_type(d), makedev(d->major, d->minor));

	if (r == 0)
		r = sys_chown(fs, "node", n->uid, n->gid, AT_SYMLINK_NOFOLLOW);
	if (r == 0)
		r = sys_chmod(fs, "node", d->mode, 0);
	if (r == 0)
		r = sys_move_mount(fs, dir);
	if (r < 0)
		return r;
	fd = sys_open_tree(fs, "node", OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
	r = sys_umount(fd_path(fs).p, MNT_DETACH);
	return fd < 0 ? fd : r < 0 ? r : take_fd(&fd);
}

static int device_in_stage(const struct source_server *s, const struct oci_device *d, struct err *e)
{
	const struct oci_idmaps *m = &s->spec->idmaps;
	struct node n = {.d = d,
			 .uid = host_id(m->uid, m->n_uid, d->uid),
			 .gid = host_id(m->gid, m->n_gid, d->gid),
			 .place = s->rootfs,
			 .label = s->spec->mount_label};
	auto_close int ns = ns_open_of(s->stage, OCI_NS_MNT, e);
	auto_close int root = ns < 0 ? ns : stage_root(s->stage, e);
	int r = root;

	if (s->spec->ns[OCI_NS_USER].path) /* whose maps we do not know: the host's node */
		return -ENOSYS;
	if (n.uid == UINT32_MAX || n.gid == UINT32_MAX)
		return err_text(e, -EINVAL, "owner %u:%u of %s is not mapped", d->uid, d->gid,
				d->path);
	if (r < 0)
		return r;
	n.root_fd = root;
	r = sys_errand(ns, ns_flags[OCI_NS_MNT], make_node, &n);
	return r < 0 && r != -ENOSYS ? err_set(e, r, "make %s", d->path) : r;
}

static int open_source(const struct source_server *s, int index, struct err *e)
{
	static char path[PATH_MAX];
	struct tree t = {.path = path, .userns_fd = -1};
	auto_close int userns = -1;
	const struct oci_mount *m;
	int r;

	if (index == SOURCE_ROOT) {
		t.path = s->rootfs;
		t.flags = AT_RECURSIVE | AT_SYMLINK_NOFOLLOW;
		return open_in_stage(s, &t, e);
	}
	if (index < SOURCE_ROOT && (size_t)(SOURCE_DEVICE(0) - index) < s->spec->n_devices)
		return device_in_stage(s, &s->spec->devices[SOURCE_DEVICE(0) - index], e);
	if (index < 0 || (size_t)index >= s->spec->n_mounts)
		return err_text(e, -EBADMSG, "a source that is none");
	m = &s->spec->mounts[index];
	r = mount_opts_parse(&m->options, &opts, e);
	if (r == 0)
		r = source_path(s->bundle, m, path, sizeof(path), e);
	if (r == 0 && idmap_wanted(m, &opts) && sys_get_uid() != 0)
		return err_text(e, -EPERM, "idmapped mounts need root");
	if (r == 0 && idmap_wanted(m, &opts)) {
		r = userns = idmap_userns(s->spec, m, &opts, s->stage, e);
		t.userns_fd = userns;
		t.idmap_flags = opts.idmap_rec ? AT_RECURSIVE : 0;
	}
	if (r < 0)
		return r;
	t.flags = (opts.rec ? AT_RECURSIVE : 0) | (opts.src_nofollow ? AT_SYMLINK_NOFOLLOW : 0);
	return open_in_stage(s, &t, e);
}

int source_answer(const struct source_server *s, int index)
{
	struct stage_msg m = {.kind = STAGE_SOURCE};
	struct err e = {0};
	auto_close int fd = open_source(s, index, &e);

	if (fd < 0) {
		m.kind = STAGE_FAILED;
		m.code = fd;
		memcpy(m.text, e.msg, sizeof(m.text));
	}
	return sys_send_fds(s->sync_fd, &m, sizeof(m), &fd, fd >= 0);
}

int source_ask(int sync_fd, int index, struct err *e)
{
	struct stage_msg m = {.kind = STAGE_SOURCE, .code = index};
	size_t n_fds = 0;
	int fd = -1;

	if (sys_write(sync_fd, &m, sizeof(m)) < 0 ||
	    sys_recv_fds(sync_fd, &m, sizeof(m), &fd, 1, &n_fds, 0) != (ssize_t)sizeof(m))
		return err_set(e, -EPIPE, "the runtime is gone");
	if (n_fds == 1)
		return fd;
	m.text[sizeof(m.text) - 1] = '\0';
	return m.code == -ENOSYS ? -ENOSYS : err_text(e, m.code < 0 ? m.code : -EIO, "%s", m.text);
}
