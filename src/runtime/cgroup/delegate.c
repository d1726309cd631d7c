/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container that has a cgroup namespace and may write to its cgroup file system gets its own cgroup, so that an
 * init or an engine inside can make groups of its own. Only the files that the kernel lists as harmless
 * to give away change hands: the limits stay the host's. Spec: runtime-spec "Cgroup ownership".
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/str.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/fd.h"

#define UID_NONE ((uid_t)-1)

static bool is_given(const struct oci_spec *s)
{
	if (!s->ns[OCI_NS_CGROUP].set || s->ns[OCI_NS_CGROUP].path)
		return false;
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct oci_mount *m = &s->mounts[i];
		bool ro = false;

		for (size_t k = 0; k < m->options.n; k++)
			ro |= str_eq(m->options.v[k], "ro");
		if (!ro && m->type && str_starts(m->type, "cgroup") &&
		    str_eq(m->destination, "/sys/fs/cgroup"))
			return true;
	}
	return false;
}

/* The container's user as the host has it */
static uid_t host_uid(const struct oci_spec *s)
{
	uid_t uid = s->process.uid;

	if (!s->ns[OCI_NS_USER].set)
		return uid;
	for (size_t i = 0; i < s->idmaps.n_uid; i++) {
		const struct oci_idmap *m = &s->idmaps.uid[i];

		if (uid >= m->container && uid - m->container < m->size)
			return m->host + (uid - m->container);
	}
	return UID_NONE;
}

int cgroup_delegate(const struct cgroup *c, const struct oci_spec *s, struct err *e)
{
	char files[1024] = "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n"; /* the least */
	uid_t uid = host_uid(s);
	struct span rest;
	bool more = true;
	int r;

	if (c->n != 1 || !c->h[0].v2 || uid == 0 || uid == UID_NONE || !is_given(s))
		return 0;
	r = sys_chown(c->h[0].fd, "", uid, (gid_t)-1, AT_EMPTY_PATH);
	(void)cgroup_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", files, sizeof(files));
	rest = span_of(files);
	while (r == 0 && more) {
		struct span name = span_cut(rest, '\n', &rest, &more);
		char file[64];

		if (!name.len || str_copy_n(file, sizeof(file), name.p, name.len) < 0)
			continue;
		r = sys_chown(c->h[0].fd, file, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW);
		if (r == -ENOENT) /* a controller that is not on */
			r = 0;
	}
	return r < 0 ? err_set(e, r, "give cgroup %s to the container", c->h[0].path) : 0;
}
