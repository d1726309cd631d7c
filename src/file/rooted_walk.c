/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path resolution in user space. Invariant: `done` is a path below the root without links and "..",
 * and `fd` is what it led to when each of its components was opened with O_NOFOLLOW. ".." is never
 * given to the kernel: `done` is cut and walked again from the root, so a directory that is moved
 * meanwhile cannot lead outside.
 */
#include "file/rooted_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/str.h"
#include "sys/fd.h"

#define MAX_LINKS 40 /* the kernel's limit */

struct walk {
	int root_fd, fd;
	int n_links;
	char done[PATH_MAX]; /* "a/b" */
	char todo[PATH_MAX];
	char target[PATH_MAX];
};

static void enter(struct walk *w, int fd)
{
	sys_close(w->fd);
	w->fd = fd;
}

static int open_dir(int at_fd, const char *name)
{
	return sys_open(at_fd, name, O_PATH | O_NOFOLLOW | O_DIRECTORY, 0);
}

static int go_to_root(struct walk *w)
{
	int fd = open_dir(w->root_fd, ".");

	if (fd < 0)
		return fd;
	w->done[0] = '\0';
	enter(w, fd);
	return 0;
}

/* ".." : one component less, from the root again; at the root it stays there */
static int go_up(struct walk *w)
{
	char name[NAME_MAX + 1], *at = w->done, *cut = strrchr(w->done, '/');
	int fd;

	*(cut ? cut : w->done) = '\0';
	fd = open_dir(w->root_fd, ".");
	while (fd >= 0 && *at) {
		size_t len = strcspn(at, "/");
		int next = str_copy_n(name, sizeof(name), at, len);

		next = next < 0 ? next : open_dir(fd, name);
		sys_close(fd);
		fd = next;
		at += len + (at[len] == '/');
	}
	if (fd < 0)
		return fd == -ENOTDIR || fd == -ELOOP ? -EAGAIN : fd; /* changed under our feet */
	enter(w, fd);
	return 0;
}

static int go_down(struct walk *w, const char *name, int fd)
{
	size_t len = strlen(w->done);

	if (str_printf(w->done + len, sizeof(w->done) - len, "%s%s", len ? "/" : "", name) < 0) {
		sys_close(fd);
		return -ENAMETOOLONG;
	}
	enter(w, fd);
	return 0;
}

/* /proc's magic links have targets that are no paths ("pipe:[7]") or absolute; its ordinary links
 * ("self", "mounts", "net") are relative. */
static bool magic(int link_fd, const char *target)
{
	struct statfs fs;

	return sys_statfs(link_fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC &&
	       (target[0] == '/' || strchr(target, ':'));
}

/* Puts the target of a link in front of what is left to do. */
static int follow(struct walk *w, int link_fd, const char *rest)
{
	size_t len;
	int n;

	if (++w->n_links > MAX_LINKS)
		return -ELOOP;
	n = sys_readlink(link_fd, "", w->target, sizeof(w->target));
	if (n < 0)
		return n;
	if (n == 0)
		return -ENOENT;
	if (magic(link_fd, w->target))
		return -ELOOP;
	len = strlen(rest);
	if ((size_t)n + 1 + len >= sizeof(w->target))
		return -ENAMETOOLONG;
	if (*rest)
		w->target[n++] = '/';
	memcpy(w->target + n, rest, len + 1);
	memcpy(w->todo, w->target, (size_t)n + len + 1);
	return w->todo[0] == '/' ? go_to_root(w) : 0;
}

struct step {
	char name[NAME_MAX + 1];
	const char *rest; /* what follows, with its leading slashes gone */
	bool last;	  /* nothing but slashes follows */
	bool slash;	  /* something or slashes follow */
};

static int next_step(const struct walk *w, struct step *s)
{
	const char *at = w->todo + strspn(w->todo, "/");
	size_t len = strcspn(at, "/");

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	str_copy_n(s->name, sizeof(s->name), at, len);
	s->slash = at[len] == '/';
	s->rest = at + len + strspn(at + len, "/");
	s->last = !*s->rest;
	return 0;
}

/* Return: fd of the result; -EINPROGRESS the walk goes on; -errno */
static int take_step(struct walk *w, const struct step *s, int flags, mode_t mode)
{
	bool nofollow = s->last && !s->slash &&
			(flags & O_NOFOLLOW || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL));
	int open_flags = flags | O_NOFOLLOW | (s->slash ? O_DIRECTORY : 0);
	auto_close int fd = sys_open(w->fd, s->name, O_PATH | O_NOFOLLOW, 0);
	struct stat st;
	int r;

	if (fd == -ENOENT && s->last && !s->slash && flags & O_CREAT)
		return sys_open(w->fd, s->name, open_flags, mode);
	if (fd < 0)
		return fd;
	r = sys_stat(fd, &st);
	if (r < 0)
		return r;
	if (S_ISLNK(st.st_mode) && !nofollow) {
		r = follow(w, fd, s->slash && s->last ? "/" : s->rest);
		return r < 0 ? r : -EINPROGRESS;
	}
	if (s->last)
		return sys_open(w->fd, s->name, open_flags, mode);
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	r = go_down(w, s->name, take_fd(&fd));
	if (r < 0)
		return r;
	memmove(w->todo, s->rest, strlen(s->rest) + 1);
	return -EINPROGRESS;
}

static int walk(struct walk *w, int flags, mode_t mode)
{
	struct step s;
	int r = go_to_root(w);

	while (r == 0) {
		r = next_step(w, &s);
		if (r < 0)
			break;
		if (!s.name[0])
			return flags & O_CREAT ? -EISDIR : sys_open(w->fd, ".", flags, 0);
		if (str_eq(s.name, "..") || str_eq(s.name, ".")) {
			r = s.name[1] ? go_up(w) : 0;
			memmove(w->todo, s.rest, strlen(s.rest) + 1);
			continue;
		}
		r = take_step(w, &s, flags, mode);
		if (r != -EINPROGRESS)
			break;
		r = 0;
	}
	return r;
}

int rooted_walk(int root_fd, const char *path, int flags, mode_t mode)
{
	static struct walk w;
	int fd;

	if (!*path)
		return -ENOENT;
	w.root_fd = root_fd;
	w.fd = -1;
	w.n_links = 0;
	if (str_copy(w.todo, sizeof(w.todo), path) < 0)
		return -ENAMETOOLONG;
	fd = walk(&w, flags, mode);
	enter(&w, -1);
	return fd;
}
