/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Service + image → config.json. What the manifest does not say comes from the image, what neither
 * says is Docker's default (oci/defaults.h). Only env, args, working directory, user and volume
 * paths are taken from an image; its labels and annotations decide nothing (containerd
 * CVE-2026-53488).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/container.h"
#include "engine/engine.h"
#include "engine/volume.h"
#include "oci/defaults.h"
#include "store/layout.h"
#include "sys/fd.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define OWN_BINDS    3 /* hosts, resolv.conf, hostname */
#define CONFIG_CAP   (256 * 1024)

struct building {
	struct container *c;
	const struct container_record *rec;
	const struct store_image *img;
	const struct parse_user *user;
	struct oci_inputs in;
	struct oci_bind *binds;
	struct oci_tmpfs *tmpfs;
	size_t cap_mounts;
};

static char config_text[CONFIG_CAP];

static int no_memory(struct err *e)
{
	return err_text(e, -ENOMEM,
			"the service's description does not fit CONFIG_ENGINE_SCRATCH_KIB=%d",
			CONFIG_ENGINE_SCRATCH_KIB);
}

static int fill_args(struct building *b, struct err *e)
{
	const struct manifest_service *s = &b->rec->spec;
	const struct image_config *i = &b->img->config;
	char **entry = s->entrypoint ? s->entrypoint : i->entrypoint;
	size_t n_entry = s->entrypoint ? s->n_entrypoint : i->n_entrypoint;
	/* an entrypoint of the manifest's own makes the image's command meaningless, as in Docker */
	bool image_cmd = !s->command && !s->entrypoint;
	char **cmd = s->command ? s->command : image_cmd ? i->cmd : NULL;
	size_t n_cmd = s->command ? s->n_command : image_cmd ? i->n_cmd : 0;
	char **args = arena_array(&engine.scratch, n_entry + n_cmd + 1, sizeof(*args));

	if (!args)
		return no_memory(e);
	for (size_t k = 0; k < n_entry; k++)
		args[k] = entry[k];
	for (size_t k = 0; k < n_cmd; k++)
		args[n_entry + k] = cmd[k];
	b->in.args = (const char *const *)args;
	b->in.n_args = n_entry + n_cmd;
	if (!b->in.n_args)
		return err_text(e, -EINVAL, "image %s names no program to run: give a command",
				b->rec->image_name);
	return 0;
}

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strcspn(b, "=") == n && memcmp(a, b, n) == 0;
}

/* later entries replace earlier ones of the same name */
static void add_env(char **env, size_t *n, char *entry)
{
	for (size_t i = 0; i < *n; i++)
		if (same_name(env[i], entry)) {
			env[i] = entry;
			return;
		}
	env[(*n)++] = entry;
}

static int fill_env(struct building *b, struct err *e)
{
	const struct manifest_service *s = &b->rec->spec;
	const struct image_config *i = &b->img->config;
	char **env = arena_array(&engine.scratch, i->n_env + s->n_env + 5, sizeof(*env));
	char *home = arena_printf(&engine.scratch, "HOME=%s", b->user->home);
	char *host = arena_printf(&engine.scratch, "HOSTNAME=%s", b->in.hostname);
	size_t n = 0;

	if (!env || !home || !host)
		return no_memory(e);
	add_env(env, &n, (char *)(uintptr_t)DEFAULT_PATH);
	add_env(env, &n, host);
	if (s->tty)
		add_env(env, &n, (char *)(uintptr_t) "TERM=xterm");
	add_env(env, &n, home);
	for (size_t k = 0; k < i->n_env; k++)
		add_env(env, &n, i->env[k]);
	for (size_t k = 0; k < s->n_env; k++) {
		char *entry = arena_printf(&engine.scratch, "%s=%s", s->env[k].name,
					   s->env[k].value ? s->env[k].value : "");

		if (!entry)
			return no_memory(e);
		add_env(env, &n, entry);
	}
	b->in.env = (const char *const *)env;
	b->in.n_env = n;
	return 0;
}

static int add_bind(struct building *b, char *source, const char *destination, bool read_only,
		    struct err *e)
{
	if (!source)
		return no_memory(e);
	b->binds[b->in.n_binds++] = (struct oci_bind){source, destination, read_only};
	return 0;
}

static int add_volume(struct building *b, size_t number, const char *target, bool read_only,
		      struct err *e)
{
	char name[VOLUME_NAME_CAP], below[LAYOUT_PATH_CAP];

	volume_name(b->rec, number, name);
	return add_bind(b,
			arena_printf(&engine.scratch, "%s/%s", engine.store.root_path,
				     layout_path(below, LAYOUT_VOLUMES, name, "_data")),
			target, read_only, e);
}

static int add_host_bind(struct building *b, const struct manifest_mount *m, struct err *e)
{
	struct stat st;
	int r = sys_statat(AT_FDCWD, m->source, &st, 0);

	if (r < 0)
		return err_set(e, r,
			       "bind mount %s of container %s: the host's path cannot be used",
			       m->source, b->c->name);
	return add_bind(b, m->source, m->target, m->read_only, e);
}

static int add_mount(struct building *b, const struct manifest_mount *m, size_t number,
		     struct err *e)
{
	switch (m->kind) {
	case MOUNT_BIND:
		return add_host_bind(b, m, e);
	case MOUNT_VOLUME:
		return add_volume(b, number, m->target, m->read_only, e);
	case MOUNT_TMPFS:
		b->tmpfs[b->in.n_tmpfs++] =
			(struct oci_tmpfs){m->target, m->tmpfs_bytes, m->tmpfs_mode};
		return 0;
	}
	return 0;
}

static int fill_mounts(struct building *b, struct err *e)
{
	static const char *const own[OWN_BINDS][2] = {{"hosts", "/etc/hosts"},
						      {"resolv.conf", "/etc/resolv.conf"},
						      {"hostname", "/etc/hostname"}};
	const struct manifest_service *s = &b->rec->spec;
	const struct image_config *i = &b->img->config;
	size_t n = s->n_mounts + i->n_volumes + OWN_BINDS;
	int r = 0;

	b->binds = arena_array(&engine.scratch, n, sizeof(*b->binds));
	b->tmpfs = arena_array(&engine.scratch, n, sizeof(*b->tmpfs));
	if (!b->binds || !b->tmpfs)
		return no_memory(e);
	for (size_t k = 0; r == 0 && k < OWN_BINDS; k++)
		if (!volume_hidden(s, own[k][1]))
			r = add_bind(b,
				     arena_printf(&engine.scratch, "%s/%s/%s", engine.run, b->c->id,
						  own[k][0]),
				     own[k][1], false, e);
	for (size_t k = 0; r == 0 && k < i->n_volumes; k++)
		if (!volume_hidden(s, i->volumes[k]))
			r = add_volume(b, s->n_mounts + k, i->volumes[k], false, e);
	for (size_t k = 0; r == 0 && k < s->n_mounts; k++)
		r = add_mount(b, &s->mounts[k], k, e);
	b->in.binds = b->binds;
	b->in.tmpfs = b->tmpfs;
	return r;
}

static void fill_scalars(struct building *b, char *cgroup)
{
	const struct manifest_service *s = &b->rec->spec;

	b->in.rootfs = "rootfs";
	b->in.cwd = s->working_dir ? s->working_dir : b->img->config.working_dir;
	if (str_empty(b->in.cwd))
		b->in.cwd = "/";
	b->in.uid = b->user->uid;
	b->in.gid = b->user->gid;
	b->in.groups = b->user->groups;
	b->in.n_groups = b->user->n_groups;
	b->in.tty = s->tty;
	b->in.read_only = s->read_only;
	b->in.privileged = s->privileged;
	b->in.no_new_privs = !s->new_privileges;
	b->in.host_network = s->network_mode && str_eq(s->network_mode, "host");
	b->in.cgroups_path = cgroup;
	b->in.cap_add = (const char *const *)s->cap_add;
	b->in.n_cap_add = s->n_cap_add;
	b->in.cap_drop = (const char *const *)s->cap_drop;
	b->in.n_cap_drop = s->n_cap_drop;
	b->in.mem_limit_bytes = s->mem_limit_bytes;
	b->in.cpus_milli = s->cpus_milli;
	b->in.pids_limit = s->pids_limit;
}

int spec_write(struct container *c, const struct container_record *rec,
	       const struct store_image *img, const struct parse_user *user, struct err *e)
{
	struct building b = {.c = c, .rec = rec, .img = img, .user = user};
	char path[CONTAINER_ID_CAP + 16], hostname[13];
	auto_close int fd = -1;
	struct oci_spec spec;
	struct buf text;
	char *cgroup = arena_printf(&engine.scratch, "%s/%s", engine.cgroup_parent, c->id);
	int r;

	if (!cgroup)
		return no_memory(e);
	b.in.hostname = container_hostname(rec, hostname);
	fill_scalars(&b, cgroup);
	r = fill_args(&b, e);
	if (r == 0)
		r = fill_env(&b, e);
	if (r == 0)
		r = fill_mounts(&b, e);
	if (r == 0)
		r = oci_spec_default(&b.in, &engine.scratch, &spec, e);
	if (r < 0)
		return r;
	buf_init(&text, config_text, sizeof(config_text));
	oci_spec_write(&text, &spec);
	if (!buf_ok(&text))
		return err_text(e, -EFBIG,
				"config.json of container %s would be longer than %d bytes",
				c->name, CONFIG_CAP);
	str_printf(path, sizeof(path), "%s/config.json", c->id);
	fd = sys_open(engine.run_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	r = fd < 0 ? fd : sys_write_all(fd, text.p, text.len);
	return r < 0 ? err_set(e, r, "write %s/%s", engine.run, path) : 0;
}
