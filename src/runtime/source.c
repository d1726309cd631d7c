/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/str.h"
#include "runtime/become.h"
#include "runtime/idmap.h"
#include "runtime/namespaces.h"
#include "runtime/stage.h"
#include "sys/cred.h"
#include "sys/errand.h"
#include "sys/fd.h"
#include "sys/mnt.h"
#include "sys/sock.h"

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

struct tree {
	const char *path;
	unsigned int flags; /* of open_tree */
	int userns_fd;	    /* -1 = ids as they are */
	unsigned int idmap_flags;
	bool opened; /* a failure is the id map's */
};

/* In the stage's mount namespace, with our rights. */
static int open_there(void *arg)
{
	struct tree *t = arg;
	auto_close int fd = sys_open_tree(AT_FDCWD, t->path, OPEN_TREE_CLONE | t->flags);
	int r = fd;

	if (fd >= 0 && t->userns_fd >= 0) {
		t->opened = true;
		r = sys_mount_idmap(fd, t->idmap_flags, t->userns_fd);
	}
	return r < 0 ? r : take_fd(&fd);
}

static int open_in_stage(const struct source_server *s, struct tree *t, struct err *e)
{
	auto_close int ns = ns_open_of(s->stage, OCI_NS_MNT, e);
	int r = ns < 0 ? ns : sys_errand(ns, ns_flags[OCI_NS_MNT], open_there, t);

	if (r == -ENOSYS && t->userns_fd >= 0)
		return err_text(e, -EOPNOTSUPP, "an idmapped mount needs Linux 5.12");
	if (r < 0 && t->opened)
		return err_set(e, r, "map the ids of %s", t->path);
	return r < 0 && ns >= 0 ? err_set(e, r, "source %s", t->path) : r;
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
