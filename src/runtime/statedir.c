/* SPDX-License-Identifier: Apache-2.0 */
/* Containers on disk. A directory without a usable state.json is a create that was killed: delete --force removes it. */
#include "runtime/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "file/durable.h"
#include "file/tree.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/fd.h"
#include "sys/proc.h"

#define TEXT_CAP  (CONFIG_OCI_CONFIG_KIB * 1024)
#define MODEL_CAP (CONFIG_OCI_MODEL_KIB * 1024)
#define STATE_CAP (128 * 1024)
#define RESOURCES "resources.json" /* only after an update */

/* Address space; the kernel gives memory only for what a document fills. */
static char text[TEXT_CAP], pool[TEXT_CAP * 4], model[MODEL_CAP], state_text[STATE_CAP];

int runtime_open(struct runtime *rt, const char *root, bool make, struct err *e)
{
	int r = 0;

	rt->root = root;
	arena_init(&rt->arena, model, sizeof(model));
	rt->root_fd = sys_open(AT_FDCWD, root, O_PATH | O_DIRECTORY, 0);
	if (rt->root_fd == -ENOENT && make) {
		char part[256];

		/* parents may be the distribution's (/run); ours are private */
		for (const char *p = root + 1; r == 0 || r == -EEXIST; p++) {
			if (*p && *p != '/')
				continue;
			r = str_copy_n(part, sizeof(part), root, (size_t)(p - root));
			if (r > 0)
				r = sys_mkdir(AT_FDCWD, part, 0700);
			if (!*p)
				break;
		}
		rt->root_fd = sys_open(AT_FDCWD, root, O_PATH | O_DIRECTORY, 0);
	}
	return rt->root_fd < 0 ? err_set(e, rt->root_fd, "state root %s", root) : 0;
}

void runtime_say(const struct runtime *rt, const char *step)
{
	if (rt->debug)
		rt->debug(rt->debug_arg, step);
}

void runtime_close(struct runtime *rt)
{
	sys_close(take_fd(&rt->root_fd));
}

int statedir_make(struct runtime *rt, const char *id, struct err *e)
{
	int fd, r = sys_mkdir(rt->root_fd, id, 0700);

	if (r == -EEXIST)
		return err_text(e, r, "container with id %s already exists", id);
	fd = r < 0 ? r : sys_open(rt->root_fd, id, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0 && r == 0)
		sys_unlink(rt->root_fd, id, AT_REMOVEDIR);
	return fd < 0 ? err_set(e, fd, "make %s/%s", rt->root, id) : fd;
}

int statedir_open(struct runtime *rt, const char *id, struct err *e)
{
	int fd = sys_open(rt->root_fd, id, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd == -ENOENT)
		return err_text(e, fd, "container %s does not exist", id);
	return fd < 0 ? err_set(e, fd, "open %s/%s", rt->root, id) : fd;
}

int statedir_remove(struct runtime *rt, const char *id, struct err *e)
{
	/* the first two are always there */
	static const char *const files[] = {"state.json", STATEDIR_CONFIG, RESOURCES,
					    STATEDIR_START, STATEDIR_STARTED};
	int fd = sys_open(rt->root_fd, id, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	int r = -ENOTEMPTY;

	for (size_t i = 0; i < ARRAY_LEN(files) && fd >= 0 && r == -ENOTEMPTY; i++) {
		sys_unlink(fd, files[i], 0);
		if (i > 0)
			r = sys_unlink(rt->root_fd, id, AT_REMOVEDIR);
	}
	sys_close(fd);
	if (r == -ENOTEMPTY)
		return tree_remove(rt->root_fd, id, e);
	return r < 0 && r != -ENOENT ? err_set(e, r, "remove %s/%s", rt->root, id) : 0;
}

bool statedir_unborn(const struct runtime *rt, const char *id)
{
	char path[NAME_MAX + 16];
	struct stat st;

	return str_printf(path, sizeof(path), "%s/state.json", id) > 0 &&
	       sys_statat(rt->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == -ENOENT;
}

static int write_file(int dir_fd, const char *name, const void *data, size_t len)
{
	auto_close int fd = sys_open(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);

	return fd < 0 ? fd : sys_write_all(fd, data, len);
}

/* Not durable: /run is memory. */
static int replace_file(int dir_fd, const char *name, const struct buf *b, struct err *e)
{
	int r = buf_ok(b) ? write_file(dir_fd, "state.tmp", b->p, b->len) : -EFBIG;

	if (r == 0)
		r = sys_rename(dir_fd, "state.tmp", dir_fd, name, 0);
	return r < 0 ? err_set(e, r, "write %s", name) : 0;
}

int statedir_save(int dir_fd, const struct oci_state *s, struct err *e)
{
	struct buf b;

	buf_init(&b, state_text, sizeof(state_text));
	oci_state_write(&b, s);
	return replace_file(dir_fd, "state.json", &b, e);
}

int statedir_save_resources(int dir_fd, const struct oci_resources *r, struct err *e)
{
	struct buf b;

	buf_init(&b, text, sizeof(text));
	oci_resources_write(&b, r);
	return replace_file(dir_fd, RESOURCES, &b, e);
}

int statedir_load(struct runtime *rt, int dir_fd, struct oci_state *ret_state, struct err *e)
{
	ssize_t n = file_read(dir_fd, "state.json", state_text, sizeof(state_text), e);

	if (n < 0)
		return (int)n;
	return oci_state_read((struct span){state_text, (size_t)n}, pool, sizeof(pool), &rt->arena,
			      ret_state, e) < 0
		       ? -EBADMSG
		       : 0;
}

int statedir_save_config(int dir_fd, struct span config, struct err *e)
{
	int r = write_file(dir_fd, STATEDIR_CONFIG, config.p, config.len);

	return r < 0 ? err_set(e, r, "keep config.json") : 0;
}

int statedir_read_config(struct runtime *rt, int bundle_fd, const char *name, struct span *ret_text,
			 struct oci_spec *ret_spec, struct err *e)
{
	auto_close int fd = sys_open(bundle_fd, name, O_RDONLY | O_NONBLOCK, 0);
	ssize_t n = fd < 0 ? fd : sys_read_full(fd, text, sizeof(text));

	if (n == (ssize_t)sizeof(text))
		return err_text(e, -EFBIG, "%s is larger than CONFIG_OCI_CONFIG_KIB (%d)", name,
				CONFIG_OCI_CONFIG_KIB);
	if (n < 0)
		return err_set(e, (int)n, "read %s", name);
	*ret_text = (struct span){text, (size_t)n};
	return oci_spec_read(*ret_text, pool, sizeof(pool), &rt->arena, ret_spec, e);
}

int statedir_load_config(struct runtime *rt, int dir_fd, struct oci_spec *ret_spec, struct err *e)
{
	struct span ignored;

	return statedir_read_config(rt, dir_fd, STATEDIR_CONFIG, &ignored, ret_spec, e);
}

static int read_resources(struct runtime *rt, int fd, struct oci_resources *ret, struct err *e)
{
	ssize_t n = sys_read_full(fd, text, sizeof(text));

	if (n == (ssize_t)sizeof(text))
		n = -EFBIG;
	if (n < 0)
		return err_set(e, (int)n, "read resources");
	return oci_resources_read((struct span){text, (size_t)n}, pool, sizeof(pool), &rt->arena,
				  ret, e);
}

int runtime_read_resources(struct runtime *rt, const char *path,
			   struct oci_resources *ret_resources, struct err *e)
{
	auto_close int fd = -1;

	if (str_eq(path, "-"))
		return read_resources(rt, 0, ret_resources, e);
	fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	return fd < 0 ? err_set(e, fd, "open %s", path) : read_resources(rt, fd, ret_resources, e);
}

int statedir_load_resources(struct runtime *rt, int dir_fd, struct oci_resources *ret_resources,
			    struct err *e)
{
	static struct oci_spec spec;
	auto_close int fd = sys_open(dir_fd, RESOURCES, O_RDONLY | O_NOFOLLOW, 0);
	int r;

	if (fd >= 0)
		return read_resources(rt, fd, ret_resources, e);
	if (fd != -ENOENT)
		return err_set(e, fd, "read " RESOURCES);
	r = statedir_load_config(rt, dir_fd, &spec, e);
	if (r == 0)
		*ret_resources = spec.resources;
	return r;
}

int statedir_read_process(struct runtime *rt, const char *path, struct oci_process *ret,
			  struct err *e)
{
	auto_close int fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	ssize_t n = fd < 0 ? fd : sys_read_full(fd, text, sizeof(text));

	if (n == (ssize_t)sizeof(text))
		n = -EFBIG;
	if (n < 0)
		return err_set(e, (int)n, "read %s", path);
	return oci_process_read((struct span){text, (size_t)n}, pool, sizeof(pool), &rt->arena, ret,
				e);
}

int statedir_alive(const struct oci_state *s)
{
	uint64_t ticks;
	char how;
	int r = sys_proc_stat(s->pid, &how, &ticks);

	if (r < 0)
		return r == -ESRCH ? 0 : r;
	return ticks == s->start_ticks && how != 'Z' && how != 'X';
}

int statedir_status(int dir_fd, const struct oci_state *s, struct err *e)
{
	struct stat st;
	int r;

	if (s->pid == 0)
		return OCI_CREATING;
	r = statedir_alive(s);
	if (r == 0)
		return OCI_STOPPED;
	if (r == 1)
		r = cgroup_frozen(&s->cgroups);
	if (r == 1)
		return OCI_PAUSED;
	if (r == 0)
		r = sys_statat(dir_fd, STATEDIR_START, &st, AT_SYMLINK_NOFOLLOW);
	if (r < 0 && r != -ENOENT)
		return err_set(e, r, "status of container %s", s->id);
	return r == 0 ? OCI_CREATED : OCI_RUNNING;
}

int statedir_find(struct runtime *rt, const char *id, struct found *f, struct err *e)
{
	int r = oci_id_check(id, e);

	f->dir_fd = r < 0 ? r : statedir_open(rt, id, e);
	if (f->dir_fd < 0)
		return f->dir_fd;
	r = statedir_load(rt, f->dir_fd, &f->state, e);
	if (r < 0) {
		sys_close(f->dir_fd);
		return err_wrap(e, "container %s", id) ? r : r;
	}
	r = statedir_status(f->dir_fd, &f->state, e);
	if (r < 0)
		sys_close(f->dir_fd);
	else
		f->status = (enum oci_status)r;
	return r < 0 ? r : 0;
}

int statedir_pid_file(const char *path, pid_t pid, struct err *e)
{
	char tmp[PATH_MAX / 2], number[16];
	auto_close int fd = -1;
	int r, n;

	if (!path)
		return 0;
	r = str_printf(tmp, sizeof(tmp), "%s.tmp", path);
	n = snprintf(number, sizeof(number), "%d", (int)pid);
	fd = r < 0 ? r : sys_open(AT_FDCWD, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
	r = fd < 0 ? fd : sys_write_all(fd, number, (size_t)n);
	if (r == 0)
		r = sys_rename(AT_FDCWD, tmp, AT_FDCWD, path, 0);
	if (r < 0 && fd >= 0)
		sys_unlink(AT_FDCWD, tmp, 0);
	return r < 0 ? err_set(e, r, "write pid file %s", path) : 0;
}
