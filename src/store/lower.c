/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names are resolved in each layer by itself, component by component, with O_NOFOLLOW: a layer's
 * tree is content of an image, and the staged one is being written by a role that may have been taken
 * over. Nothing outside of these trees can be reached, and only the staged one is written to.
 *
 * A file and its copy are two files afterwards in the layers, but one in what a container sees,
 * because the copy has the original's name and hides it; so a hard link to the copy is one to the
 * file. Other names of the original, in its own layer, keep the original, as with the kernel's
 * copy-up.
 */
#include "store/lower.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "file/durable.h"
#include "store/layer.h"
#include "store/stage.h"
#include "sys/fd.h"

#define DIR_FLAGS  (O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
#define STEP_BYTES (4 * 1024 * 1024)

static char chunk[64 * 1024]; /* also one attribute's value, the names of all, a link's target */

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* next component of *@path into @name. Return: is it the last one? -1: not a name of our own making */
static int next_name(const char **path, char name[static NAME_MAX + 1])
{
	const char *end = strchrnul(*path, '/');
	size_t len = (size_t)(end - *path);

	if (len == 0 || len > NAME_MAX || str_starts(*path, "../") || str_eq(*path, ".."))
		return -1;
	memcpy(name, *path, len);
	name[len] = '\0';
	*path = end + (*end == '/');
	return *end == '\0';
}

/*
 * @path in one tree. *ret_dir_fd: the directory of the last component @name, if there is one. @hidden
 * becomes true if what lower trees have in it does not show.
 * Return: 0; -ENOENT not here; -ENOTDIR, -ELOOP it can be in no layer below either.
 */
static int look(int tree_fd, const char *path, char name[static NAME_MAX + 1], bool *hidden,
		int *ret_dir_fd, struct stat *ret_st)
{
	auto_close int fd = sys_dup(tree_fd, 0);
	char mark;

	while (fd >= 0) {
		int last = next_name(&path, name), r, next;

		if (last < 0)
			return -EINVAL;
		r = sys_statat(fd, name, ret_st, AT_SYMLINK_NOFOLLOW);
		if (r == 0 && is_whiteout(ret_st))
			r = -ENOTDIR;
		if (last)
			*ret_dir_fd = take_fd(&fd);
		if (r < 0 || last)
			return r;
		if (!S_ISDIR(ret_st->st_mode))
			return S_ISLNK(ret_st->st_mode) ? -ELOOP : -ENOTDIR;
		next = sys_open(fd, name, DIR_FLAGS, 0);
		sys_close(fd);
		fd = next;
		if (fd >= 0 && sys_getxattr(fd, LAYER_OPAQUE, &mark, 1) == 1 && mark == 'y')
			*hidden = true;
	}
	return fd;
}

struct layers {
	const struct store *s;
	int staged_fd;
	const struct digest *lower;
	size_t n;
};

/*
 * The topmost object of this name. c->dir_fd: its directory in the staged layer.
 * Return: 1 it is in the staged layer; 0 *ret_dir_fd of a lower layer holds it; -ENOENT; -errno.
 */
static int find(const struct layers *l, const char *path, struct store_lower *c, int *ret_dir_fd,
		struct err *e)
{
	bool hidden = false;
	size_t i = l->n;
	int r = look(l->staged_fd, path, c->name, &hidden, &c->dir_fd, &c->st);

	if (r == 0)
		return 1;
	while (r == -ENOENT && !hidden && i > 0) {
		auto_close int fd = store_layer_open(l->s, &l->lower[--i], e);

		if (fd < 0)
			return fd;
		sys_close(take_fd(ret_dir_fd));
		r = look(fd, path, c->name, &hidden, ret_dir_fd, &c->st);
	}
	/* a file where a directory would have to be: nobody has the name */
	return r < 0 ? err_set(e, r == -ENOTDIR ? -ENOENT : r, "%.64s", path) : 0;
}

/* the attributes that unpack sets, from one file to another */
static int copy_xattrs(int from_fd, int to_fd)
{
	static char names[16 * 1024 + 512]; /* more than unpack lets a file have */
	ssize_t len = sys_listxattr(from_fd, names, sizeof(names));

	for (char *p = names; len > 0 && p < names + len; p += strlen(p) + 1) {
		ssize_t n;
		int r;

		if (!str_eq(p, "security.capability") && !str_starts(p, "user."))
			continue;
		n = sys_getxattr(from_fd, p, chunk, sizeof(chunk));
		r = n < 0 ? (int)n : sys_setxattr(to_fd, p, chunk, (size_t)n);
		if (r < 0)
			return r;
	}
	return len < 0 && len != -EOPNOTSUPP ? (int)len : 0;
}

/* owner first: chown clears set-user-ID and capabilities. No to_fd: a symbolic link */
static int finish(struct store_lower *c)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, c->st.st_mtim};
	const struct timespec dir_times[2] = {{.tv_nsec = UTIME_OMIT}, c->dir_mtime};
	int r = sys_chown(c->dir_fd, c->name, c->st.st_uid, c->st.st_gid, AT_SYMLINK_NOFOLLOW);

	if (r == 0 && c->to_fd >= 0)
		r = sys_fchmod(c->to_fd, c->st.st_mode & 07777);
	if (r == 0 && c->to_fd >= 0)
		r = copy_xattrs(c->from_fd, c->to_fd);
	if (r == 0)
		r = sys_utimens(c->dir_fd, c->name, times, AT_SYMLINK_NOFOLLOW);
	if (r == 0)
		r = sys_utimens(c->dir_fd, ".", dir_times, 0);
	return r;
}

static int copy_link(struct store_lower *c, int from_dir)
{
	int r = sys_readlink(from_dir, c->name, chunk, sizeof(chunk));

	if (r >= 0)
		r = sys_symlink(chunk, c->dir_fd, c->name);
	return r < 0 ? r : finish(c);
}

static int copy_dir(struct store_lower *c, int from_dir)
{
	int r;

	c->from_fd = sys_open(from_dir, c->name, DIR_FLAGS, 0);
	r = c->from_fd < 0 ? c->from_fd : sys_mkdir(c->dir_fd, c->name, 0700);
	if (r < 0)
		return r;
	c->to_fd = sys_open(c->dir_fd, c->name, DIR_FLAGS, 0);
	return c->to_fd < 0 ? c->to_fd : finish(c);
}

/* Return: 1 there is content to copy; 0 no more */
static int begin_file(struct store_lower *c, int from_dir)
{
	c->from_fd = sys_open(from_dir, c->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (c->from_fd < 0)
		return c->from_fd;
	c->to_fd = sys_open(c->dir_fd, c->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (c->to_fd < 0)
		return c->to_fd;
	if (sys_ioctl(c->to_fd, FICLONE, (void *)(intptr_t)c->from_fd) == 0) {
		c->bytes = (uint64_t)c->st.st_size;
		return finish(c);
	}
	return 1;
}

/* one object, whose directory is in the staged layer. Return: as store_lower_begin() */
static int copy_one(const struct layers *l, const char *path, bool dir, uint64_t max_bytes,
		    struct store_lower *c, struct err *e)
{
	auto_close int from_dir = -1;
	struct stat st;
	int r = find(l, path, c, &from_dir, e);

	if (r < 0)
		return r;
	if (S_ISDIR(c->st.st_mode) != dir)
		return err_text(e, -ENOTDIR, "%.64s is %s directory", path, dir ? "no" : "a");
	if (r == 1)
		return 0;
	if (S_ISREG(c->st.st_mode) && (uint64_t)c->st.st_size > max_bytes)
		return err_text(e, -EFBIG,
				"%.64s has %lld bytes, more than is left of the allowed "
				"(CONFIG_UNPACK_MAX_MIB)",
				path, (long long)c->st.st_size);
	r = c->dir_fd < 0 ? -ENOENT : sys_stat(c->dir_fd, &st);
	c->dir_mtime = st.st_mtim;
	if (r == 0 && dir)
		r = copy_dir(c, from_dir);
	else if (r == 0 && S_ISLNK(c->st.st_mode))
		r = copy_link(c, from_dir);
	else if (r == 0)
		r = S_ISREG(c->st.st_mode) ? begin_file(c, from_dir) : -EPERM;
	return r < 0 ? err_set(e, r, "copy %.64s from a layer below", path) : r;
}

static void init(struct store_lower *c)
{
	*c = (struct store_lower){.open = true, .from_fd = -1, .to_fd = -1, .dir_fd = -1};
}

void store_lower_end(struct store_lower *c)
{
	if (!c->open)
		return;
	sys_close(take_fd(&c->from_fd));
	sys_close(take_fd(&c->to_fd));
	sys_close(take_fd(&c->dir_fd));
}

int store_lower_begin(const struct store *s, const char *staged_name, const struct digest *lower,
		      size_t n_lower, const char *path, bool dir, uint64_t max_bytes,
		      struct store_lower *ret, struct err *e)
{
	static char text[PATH_MAX];
	char tree[LAYOUT_PATH_CAP];
	struct layers l = {.s = s, .staged_fd = -1, .lower = lower, .n = n_lower};
	auto_close int staged_fd = -1;
	int r = str_copy(text, sizeof(text), path);

	init(ret);
	if (r < 0)
		return err_set(e, r, "a name of the layer");
	layout_path(tree, LAYOUT_STAGING, staged_name, LAYER_TREE);
	staged_fd = l.staged_fd = sys_open(s->root_fd, tree, DIR_FLAGS, 0);
	if (staged_fd < 0)
		return err_set(e, staged_fd, "store: open %s", tree);
	r = 0;
	for (char *p = text; !dir && r >= 0 && (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		r = copy_one(&l, text, true, 0, ret, e);
		store_lower_end(ret);
		if (r < 0)
			return r;
	}
	r = copy_one(&l, text, dir, max_bytes, ret, e);
	if (r <= 0)
		store_lower_end(ret);
	return r;
}

int store_lower_step(struct store_lower *c, struct err *e)
{
	uint64_t until = c->bytes + STEP_BYTES;
	ssize_t n = 1;
	int r = 0;

	while (c->bytes < until && (n = sys_read(c->from_fd, chunk, sizeof(chunk))) > 0) {
		r = sys_write_all(c->to_fd, chunk, (size_t)n);
		if (r < 0)
			break;
		c->bytes += (size_t)n;
	}
	if (r == 0 && n > 0)
		return 1;
	if (r == 0)
		r = n < 0 ? (int)n : finish(c);
	store_lower_end(c);
	return r < 0 ? err_set(e, r, "copy %.64s from a layer below", c->name) : 0;
}
