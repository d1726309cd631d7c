/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives list a directory's entries together, so the last directory stays open and its children
 * cost one system call each. Making a child changes a directory's mtime; it is read when the
 * directory is entered and put back when it is left, which is right in any order of entries and
 * needs no list.
 *
 * The walk is one openat2 without symbolic links; where that fails or does not exist (below Linux
 * 5.6) it goes component by component, makes what is missing and says what is wrong.
 */
#include "unpack/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "file/space.h"
#include "file/tree.h"
#include "sys/fd.h"
#include "unpack/split.h"

#define OPEN_DIR     (O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
#define RESOLVE	     (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
#define NEW_DIR_MODE 0755

void unpack_tree_init(struct unpack_tree *t, int root_fd, unpack_opaque_fn *opaque,
		      unpack_lower_fn *lower, uint64_t max_copied_bytes, void *data)
{
	t->root_fd = root_fd;
	t->opaque = opaque;
	t->lower = lower;
	t->data = data;
	t->copied_bytes = 0;
	t->max_copied_bytes = max_copied_bytes;
	t->parent_fd = -1;
}

int unpack_tree_room(const struct unpack_tree *t, struct err *e)
{
	int r = file_room(t->root_fd, 0, 0);

	return r < 0 ? err_text(e, r, "the rest is kept (CONFIG_STORE_RESERVE_KIB)") : 0;
}

static int set_mtime(int dir_fd, struct timespec mtime)
{
	struct timespec ts[2] = {{.tv_nsec = UTIME_OMIT}, mtime};

	return sys_utimens(dir_fd, ".", ts, 0);
}

static int leave(struct unpack_tree *t, struct err *e)
{
	int r = 0;

	if (t->parent_fd < 0)
		return 0;
	if (t->parent_changed)
		r = set_mtime(t->parent_fd, t->parent_mtime);
	if (t->parent_fd != t->root_fd)
		sys_close(t->parent_fd);
	t->parent_fd = -1;
	return r < 0 ? err_set(e, r, "restore the time of a directory") : 0;
}

int unpack_tree_fini(struct unpack_tree *t, struct err *e)
{
	return leave(t, e);
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static int hide(struct unpack_tree *t, const char *path, struct err *e)
{
	return t->opaque(path, t->data, e);
}

/* Return: 0 it is in the tree now; -ENOENT, -ENOTDIR without @e; -errno */
static int copy_up(struct unpack_tree *t, const char *path, bool dir, struct err *e)
{
	int64_t n = t->lower
			    ? t->lower(path, dir, t->max_copied_bytes - t->copied_bytes, t->data, e)
			    : -ENOENT;

	if (n >= 0)
		t->copied_bytes += (uint64_t)n;
	return n < 0 ? (int)n : 0;
}

/* mkdir that leaves the parent's time alone */
static int make_parent(int dir_fd, const char *name, struct err *e)
{
	struct stat st;
	int r = sys_stat(dir_fd, &st);

	if (r == 0)
		r = sys_mkdir(dir_fd, name, NEW_DIR_MODE);
	if (r == 0)
		r = set_mtime(dir_fd, st.st_mtim);
	return r < 0 ? err_set(e, r, "make its directory %.64s", name) : 0;
}

/*
 * @name cannot be opened as a directory. One that was only hidden by a whiteout of this layer
 * becomes a new one, and stays hidden below.
 */
static int replace_parent(struct unpack_tree *t, int dir_fd, const char *name, const char *path,
			  struct err *e)
{
	struct stat st;
	int r = sys_statat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW);

	if (r == -ENOENT) {
		r = copy_up(t, path, true, e);
		return r == -ENOENT || r == -ENOTDIR ? make_parent(dir_fd, name, e) : r;
	}
	if (r < 0)
		return err_set(e, r, "look up its directory %.64s", name);
	if (is_whiteout(&st)) {
		r = sys_unlink(dir_fd, name, 0);
		if (r < 0)
			return err_set(e, r, "replace the whiteout %.64s", name);
		r = make_parent(dir_fd, name, e);
		return r < 0 ? r : hide(t, path, e);
	}
	if (S_ISLNK(st.st_mode))
		return err_text(
			e, -ELOOP,
			"its directory %.64s is a symbolic link of the same layer, which is not "
			"followed",
			name);
	return err_text(e, -ENOTDIR, "its directory %.64s is not a directory", name);
}

static int open_component(struct unpack_tree *t, int dir_fd, const char *name, const char *path,
			  struct err *e)
{
	int r, fd = sys_open(dir_fd, name, OPEN_DIR, 0);

	if (fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP)
		return fd < 0 ? err_set(e, fd, "open its directory %.64s", name) : fd;
	r = replace_parent(t, dir_fd, name, path, e);
	if (r < 0)
		return r;
	fd = sys_open(dir_fd, name, OPEN_DIR, 0);
	return fd < 0 ? err_set(e, fd, "open its directory %.64s", name) : fd;
}

/* component by component below the root; @path is changed and restored */
static int walk(struct unpack_tree *t, char *path, struct err *e)
{
	auto_close int fd = -1;
	char *name = path, *end;
	int next;

	for (;;) {
		end = strchrnul(name, '/');
		bool last = *end == '\0';

		*end = '\0';
		next = open_component(t, fd < 0 ? t->root_fd : fd, name, path, e);
		if (!last)
			*end = '/';
		if (next < 0)
			return next;
		sys_close(fd);
		fd = next;
		if (last)
			return take_fd(&fd);
		name = end + 1;
	}
}

/* the directory @path, which is not "" */
static int open_dir(struct unpack_tree *t, char *path, struct err *e)
{
	int fd = sys_openat2(t->root_fd, path, OPEN_DIR, 0, RESOLVE);

	return fd >= 0 ? fd : walk(t, path, e);
}

int unpack_tree_enter(struct unpack_tree *t, const struct unpack_name *n, struct err *e)
{
	size_t len = n->base ? n->base - 1 : 0;
	struct stat st;
	int r, fd;

	if (t->parent_fd >= 0 && len == t->parent_len && memcmp(n->text, t->parent, len) == 0)
		return 0;
	r = leave(t, e);
	if (r < 0)
		return r;
	memcpy(t->parent, n->text, len);
	t->parent[len] = '\0';
	t->parent_len = len;
	fd = len ? open_dir(t, t->parent, e) : t->root_fd;
	if (fd < 0)
		return fd;
	r = sys_stat(fd, &st);
	if (r < 0) {
		if (fd != t->root_fd)
			sys_close(fd);
		return err_set(e, r, "stat its directory");
	}
	t->parent_fd = fd;
	t->parent_mtime = st.st_mtim;
	t->parent_sgid = st.st_mode & S_ISGID;
	t->parent_changed = false;
	return 0;
}

int unpack_tree_clear(struct unpack_tree *t, const struct unpack_name *n, bool dir, struct err *e)
{
	const char *name = n->text + n->base;
	struct stat st;
	int r;

	r = sys_statat(t->parent_fd, name, &st, AT_SYMLINK_NOFOLLOW);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, r, "look at what is there already");
	if (S_ISDIR(st.st_mode) && dir)
		return 1;
	if (t->split && !is_whiteout(&st))
		split_drop(t->split);
	if (S_ISDIR(st.st_mode))
		return tree_remove(t->parent_fd, name, e);
	r = sys_unlink(t->parent_fd, name, 0);
	if (r < 0)
		return err_set(e, r, "replace what is there already");
	/* the whiteout hid a directory of the layers below; its successor must go on hiding it */
	return is_whiteout(&st) && dir ? 2 : 0;
}

int unpack_tree_hide_new(struct unpack_tree *t, const struct unpack_name *n, struct err *e)
{
	return hide(t, n->text, e);
}

int unpack_tree_whiteout(struct unpack_tree *t, const struct unpack_name *n, struct err *e)
{
	const char *name = n->text + n->base;
	struct stat st;
	int r;

	t->parent_changed = true;
	r = sys_mknod(t->parent_fd, name, S_IFCHR, makedev(0, 0));
	if (r != -EEXIST)
		return r < 0 ? err_set(e, r, "make the whiteout") : 0;
	/* this layer has the name as well: a whiteout is about the layers below only */
	r = sys_statat(t->parent_fd, name, &st, AT_SYMLINK_NOFOLLOW);
	if (r < 0)
		return err_set(e, r, "look at what is there already");
	return S_ISDIR(st.st_mode) ? hide(t, n->text, e) : 0;
}

int unpack_tree_hide(struct unpack_tree *t, struct err *e)
{
	if (t->parent_len == 0)
		return err_text(
			e, -ENOTSUP,
			"it hides all layers below, for which overlayfs has no form; rebuild "
			"the image from its last layer");
	return hide(t, t->parent, e);
}

/* fd of the directory that holds @target; closed by the caller unless it is the tree's own */
static int open_target_dir(struct unpack_tree *t, const struct unpack_name *target)
{
	size_t len = target->base ? target->base - 1 : 0;
	char path[UNPACK_COMPONENT_MAX + 1];
	const char *p = target->text;
	auto_close int fd = -1;

	if (len == t->parent_len && memcmp(p, t->parent, len) == 0)
		return t->parent_fd;
	while (p < target->text + target->base) {
		size_t n = (size_t)(strchrnul(p, '/') - p);
		int next;

		memcpy(path, p, n); /* at most UNPACK_COMPONENT_MAX: unpack_name_parse() */
		path[n] = '\0';
		next = sys_open(fd < 0 ? t->root_fd : fd, path, OPEN_DIR, 0);
		if (next < 0)
			return next;
		sys_close(fd);
		fd = next;
		p += n + 1;
	}
	return fd < 0 ? t->root_fd : take_fd(&fd);
}

static int link_from(struct unpack_tree *t, int dir_fd, const char *from,
		     const struct unpack_name *n, struct err *e)
{
	const char *name = n->text + n->base;
	struct stat st;
	int r;

	r = sys_statat(dir_fd, from, &st, AT_SYMLINK_NOFOLLOW);
	if (r < 0)
		return err_set(e, r, "look up the target of the hard link");
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return err_text(e, -EPERM, "it is a hard link to something that is no file");
	t->parent_changed = true;
	r = sys_link(dir_fd, from, t->parent_fd, name, 0);
	if (r == -EEXIST) {
		r = unpack_tree_clear(t, n, false, e);
		if (r < 0)
			return r;
		r = sys_link(dir_fd, from, t->parent_fd, name, 0);
	}
	return r < 0 ? err_set(e, r, "make the hard link") : 0;
}

static int link_to(struct unpack_tree *t, const struct unpack_name *n,
		   const struct unpack_name *target, struct err *e)
{
	int dir_fd = open_target_dir(t, target);
	int r = dir_fd < 0 ? err_set(e, dir_fd, "open the directory of the hard link's target")
			   : link_from(t, dir_fd, target->text + target->base, n, e);

	if (dir_fd >= 0 && dir_fd != t->parent_fd && dir_fd != t->root_fd)
		sys_close(dir_fd);
	return r;
}

int unpack_tree_link(struct unpack_tree *t, const struct unpack_name *n,
		     const struct unpack_name *target, struct err *e)
{
	char quoted[UNPACK_QUOTE_CAP];
	struct err why = {0};
	int r;

	if (target->len == 0 || target->kind != UNPACK_NAME_PLAIN)
		return err_text(e, -EPERM, "it is a hard link to something that is no file");
	if (str_eq(n->text, target->text))
		return err_text(e, -ELOOP, "it is a hard link to itself");
	r = link_to(t, n, target, &why);
	if (r == -ENOENT) {
		r = copy_up(t, target->text, false, e);
		if (r == 0)
			return link_to(t, n, target, e);
	} else if (r != -ENOTDIR && r != -ELOOP) {
		if (r < 0 && e)
			*e = why;
		return r;
	}
	if (r != -ENOENT && r != -ENOTDIR && r != -ELOOP)
		return r;
	return err_text(e, r,
			"it is a hard link to %s, which neither this layer nor one below it has "
			"under that name; symbolic links on the way are not followed",
			unpack_quote(quoted, target->text));
}
