/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be made: a creation's spec and state as its bundle and the caller say, before anything
 * is made.
 */
#include "runtime/create.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/rfc3339.h"
#include "runtime/check.h"
#include "runtime/statedir.h"
#include "runtime/systemd/systemd.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/proc.h"

/* As crun: who asks for a user namespace and says no more is root in it, and there alone */
static void default_maps(struct oci_spec *s)
{
	static struct oci_idmap uid = {.size = 1}, gid = {.size = 1};

	if (!s->ns[OCI_NS_USER].set || s->ns[OCI_NS_USER].path || s->idmaps.n_uid ||
	    s->idmaps.n_gid)
		return;
	uid.host = sys_get_uid();
	gid.host = sys_get_gid();
	s->idmaps = (struct oci_idmaps){.uid = &uid, .gid = &gid, .n_uid = 1, .n_gid = 1};
}

/* A destination that begins with the root's own path on the host is meant inside of it, as in runc. */
static void strip_root(struct creation *c)
{
	size_t n = strlen(c->state.rootfs);

	for (size_t i = 0; i < c->spec.n_mounts; i++) {
		struct oci_mount *m = &c->spec.mounts[i];

		if (str_starts(m->destination, c->state.rootfs) && m->destination[n] == '/')
			m->destination += n;
	}
}

static int load_bundle(struct creation *c, struct err *e)
{
	struct arena *a = &c->rt->arena;
	char path[PATH_MAX / 2], link[32];
	auto_close int fd = sys_open(AT_FDCWD, c->o->bundle, O_PATH | O_DIRECTORY, 0);
	const char *root;
	int r;

	if (fd < 0)
		return err_set(e, fd, "bundle %s", c->o->bundle);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	r = sys_readlink(AT_FDCWD, link, path, sizeof(path));
	if (r < 0)
		return err_set(e, r, "path of bundle %s", c->o->bundle);
	r = statedir_read_config(c->rt, fd, c->o->config ? c->o->config : STATEDIR_CONFIG,
				 &c->config, &c->spec, e);
	if (r == 0) {
		default_maps(&c->spec);
		r = check_spec(&c->spec, e);
	}
	if (r < 0)
		return r;
	root = c->spec.root_path;
	c->state.bundle = arena_strdup(a, path);
	c->state.rootfs =
		*root == '/' ? arena_strdup(a, root) : arena_printf(a, "%s/%s", path, root);
	if (!c->state.bundle || !c->state.rootfs)
		return err_set(e, -ENOMEM, "paths");
	strip_root(c);
	return 0;
}

int creation_add_env(struct creation *c, char *word)
{
	struct oci_strs *env = &c->spec.process.env;
	char **v = arena_array(&c->rt->arena, env->n + 2, sizeof(*v));

	if (!v || !word)
		return -ENOMEM;
	for (size_t i = 0; i < env->n; i++)
		v[i] = env->v[i];
	v[env->n++] = word;
	env->v = v;
	return 0;
}

/* As runc: the container hears of a service manager's descriptors */
static int tell_listen_fds(struct creation *c, struct err *e)
{
	int r = 0;

	if (c->o->listen_fds)
		r = creation_add_env(
			c, arena_printf(&c->rt->arena, "LISTEN_FDS=%u", c->o->listen_fds));
	if (c->o->listen_fds && r == 0)
		r = creation_add_env(c, arena_strdup(&c->rt->arena, "LISTEN_PID=1"));
	return r < 0 ? err_set(e, r, "environment") : 0;
}

void creation_list_cgroups(struct creation *c)
{
	for (size_t i = 0; i < c->cgroup.n; i++)
		c->state.cgroups.v[i] = c->cgroup.h[i].path;
	c->state.cgroups.n = c->cgroup.n;
}

int creation_find_cgroups(struct creation *c, const char *path, struct err *e)
{
	struct arena *a = &c->rt->arena;
	int r = cgroup_find(&c->cgroup, path, c->o->id, a, e);

	if (r < 0)
		return r;
	c->cgroup.devices = true;
	c->state.cgroups.v = arena_array(a, c->cgroup.n + 1, sizeof(char *));
	if (!c->state.cgroups.v)
		return err_set(e, -ENOMEM, "state");
	creation_list_cgroups(c);
	return 0;
}

static int make_scope(struct creation *c, struct err *e)
{
	char *path;
	int r = systemd_start(&c->state, &c->spec, &c->rt->arena, &c->holder, &path, e);

	if (r < 0)
		return r;
	r = creation_find_cgroups(c, path, e);
	c->cgroup.unit = &c->state.unit; /* ours to undo, and not before */
	if (r < 0)
		return r;
	/* of a user's some files may be missing, and device rules are not his to make */
	c->cgroup.optional = !str_eq(c->o->systemd, SYSTEMD_SOCKET);
	c->cgroup.devices = !c->cgroup.optional;
	return statedir_save(c->dir_fd, &c->state, e);
}

int creation_make_cgroups(struct creation *c, struct err *e)
{
	int r = c->o->systemd ? make_scope(c, e) : 0;

	if (r == 0)
		r = cgroup_create(&c->cgroup, &c->spec.resources, e);
	creation_list_cgroups(c); /* not all of them may be ours to make */
	return r;
}

static int fill_state(struct creation *c, struct err *e)
{
	struct arena *a = &c->rt->arena;
	char now[RFC3339_CAP];
	uint32_t ns;
	int64_t s;

	sys_realtime(&s, &ns);
	c->state.id = (char *)(uintptr_t)c->o->id;
	c->state.created = arena_strdup(a, rfc3339_format(now, s, ns));
	c->state.own_pid_ns = c->spec.ns[OCI_NS_PID].set && !c->spec.ns[OCI_NS_PID].path;
	c->state.annotations = c->spec.annotations;
	c->state.own_keyring = !c->o->no_new_keyring;
	if (!c->state.created)
		return err_set(e, -ENOMEM, "state");
	return c->o->systemd ? systemd_plan(&c->state, c->spec.cgroups_path, c->o->systemd, a, e)
			     : creation_find_cgroups(c, c->spec.cgroups_path, e);
}

int creation_load(struct creation *c, struct runtime *rt, const struct runtime_create *o,
		  struct err *e)
{
	int r;

	memset(c, 0, sizeof(*c));
	c->rt = rt;
	c->o = o;
	c->dir_fd = c->sync_fd = c->pidfd = c->agent_fd = c->ready_fd = -1;
	terminal_init(&c->terminal);
	/* what the caller left open is not the container's, but for --preserve-fds */
	r = sys_cloexec_from(3 + (int)(o->listen_fds + o->preserve_fds));
	if (r < 0)
		return err_set(e, r, "close what the caller left open");
	r = oci_id_check(o->id, e);
	if (r == 0)
		r = load_bundle(c, e);
	if (r == 0)
		r = tell_listen_fds(c, e);
	return r < 0 ? r : fill_state(c, e);
}
