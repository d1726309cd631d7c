/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removal without recursion. At most MAX_DEPTH descriptors are open: a directory that lies deeper is
 * moved up to the top first and removed from there. Each directory is read from where its reader was
 * before it went down, and once more from the start to remove what is empty by then, so the work is
 * linear in the number of entries. ".." is never opened, so a tree that somebody moves meanwhile
 * cannot lead outside. rmdir comes before looking into a directory: it fails with
 * EBUSY on a mount point, whose content is not ours.
 */
#include "file/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>

#include "sys/fd.h"

#define MAX_DEPTH 32

struct removal {
	int fds[MAX_DEPTH];   /* [0] is the top, the caller's */
	off_t at[MAX_DEPTH];  /* where to read on */
	bool left[MAX_DEPTH]; /* something was left behind: read it again from the start */
	int depth;
	unsigned int n_moved;
	struct err *e;
};

/* Too deep for a descriptor of its own: to a free name at the top, where a later round finds it. */
static int move_up(struct removal *t, const char *name)
{
	char up[32];
	int r;

	do {
		snprintf(up, sizeof(up), ".removed-%u", t->n_moved++);
		r = sys_rename(t->fds[t->depth], name, t->fds[0], up, RENAME_NOREPLACE);
	} while (r == -EEXIST);
	if (r == -EINVAL ||
	    r == -ENOSYS) /* no such flag here; what it could replace is to go as well */
		r = sys_rename(t->fds[t->depth], name, t->fds[0], up, 0);
	t->left[0] = true;
	return r < 0 ? err_set(t->e, r, "move %s up for removal", name) : 0;
}

/* Return: 1 the tree is now one level deeper; 0 @name is gone; -errno */
static int remove_dir(struct removal *t, const char *name)
{
	int at = t->fds[t->depth], fd, r = sys_unlink(at, name, AT_REMOVEDIR);

	if (r == 0 || r == -ENOENT)
		return 0;
	if (r == -EBUSY)
		return err_text(t->e, r, "%s is a mount point, not removed", name);
	if (r != -ENOTEMPTY && r != -EEXIST)
		return err_set(t->e, r, "remove directory %s", name);
	if (t->depth + 1 == MAX_DEPTH)
		return move_up(t, name);
	fd = sys_open(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return err_set(t->e, fd, "open directory %s", name);
	t->left[t->depth++] = true;
	t->fds[t->depth] = fd;
	t->at[t->depth] = 0;
	t->left[t->depth] = false;
	return 1;
}

/* Reads on in the deepest open directory. Return: 1 it is another one now; 0 at the end; -errno */
static int pass(struct removal *t)
{
	int here = t->depth;
	unsigned char type;
	struct sys_dir d;
	const char *name;
	int r;

	sys_dir_init_at(&d, t->fds[here], t->at[here]);
	while ((r = sys_dir_next(&d, &name, &type)) > 0) {
		if (type == DT_DIR) {
			r = remove_dir(t, name);
		} else {
			r = sys_unlink(t->fds[here], name, 0);
			if (r == -ENOENT)
				r = 0;
			if (r < 0)
				err_set(t->e, r, "remove %s", name);
		}
		if (r > 0)
			t->at[here] = d.next_at;
		if (r != 0)
			return r;
	}
	return r < 0 ? err_set(t->e, r, "read directory") : 0;
}

static int remove_content(int top_fd, struct err *e)
{
	struct removal t = {.fds = {top_fd}, .e = e};
	bool done = false;
	int r = 0;

	while (r >= 0 && !done) {
		r = pass(&t);
		if (r != 0)
			continue;
		t.at[t.depth] = 0;
		if (t.left[t.depth])
			t.left[t.depth] = false;
		else if (t.depth > 0)
			sys_close(t.fds[t.depth--]); /* empty now: the one above removes it */
		else
			done = true;
	}
	while (t.depth > 0)
		sys_close(t.fds[t.depth--]);
	return r;
}

int tree_remove_content(int dir_fd, struct err *e)
{
	auto_close int fd = sys_open(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 ? err_set(e, fd, "open directory") : remove_content(fd, e);
}

int tree_remove(int dir_fd, const char *name, struct err *e)
{
	auto_close int fd = -1;
	int r = sys_unlink(dir_fd, name, 0);

	if (r == 0 || r == -ENOENT)
		return 0;
	if (r != -EISDIR && r != -EPERM) /* EPERM is POSIX's answer for a directory */
		return err_set(e, r, "remove %s", name);
	r = sys_unlink(dir_fd, name, AT_REMOVEDIR);
	if (r == 0 || r == -ENOENT)
		return 0;
	if (r == -EBUSY)
		return err_text(e, r, "%s is a mount point, not removed", name);
	if (r != -ENOTEMPTY && r != -EEXIST)
		return err_set(e, r, "remove %s", name);
	fd = sys_open(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return err_set(e, fd, "open directory %s", name);
	r = remove_content(fd, e);
	if (r < 0) {
		err_wrap(e, "remove %s", name);
		return r;
	}
	r = sys_unlink(dir_fd, name, AT_REMOVEDIR);
	return r < 0 && r != -ENOENT ? err_set(e, r, "remove %s", name) : 0;
}
