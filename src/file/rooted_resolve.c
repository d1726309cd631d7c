/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer is text: what is done with it goes through rooted_open() and its kin again, so a tree that
 * changes meanwhile gives a wrong place inside it and never one outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/str.h"
#include "file/rooted.h"
#include "sys/fd.h"

#define MAX_LINKS 40

static char target[PATH_MAX], joined[PATH_MAX];

/* Return: length of what the link at @path says, in target; 0 it is none, or not there; -errno */
static int read_link(int root_fd, const char *path)
{
	auto_close int fd = rooted_open(root_fd, path, O_PATH | O_NOFOLLOW, 0, NULL);
	int r = fd < 0 ? fd : sys_readlink(fd, "", target, sizeof(target));

	return r == -ENOENT || r == -ENOTDIR || r == -EINVAL ? 0 : r;
}

int rooted_resolve(int root_fd, const char *path, char *ret, size_t cap, struct err *e)
{
	static char rest[PATH_MAX];
	size_t len = 0, links = 0;
	const char *p = rest;

	if (!cap || str_copy(rest, sizeof(rest), path) < 0)
		return err_set(e, -ENAMETOOLONG, "path in a root");
	while (*(p += strspn(p, "/"))) {
		size_t n = strcspn(p, "/"), before = len;
		int r;

		if (n == 2 && !memcmp(p, "..", 2)) {
			while (len && ret[--len] != '/')
				;
			ret[len] = '\0';
		}
		if (*p == '.' && (n == 1 || (n == 2 && p[1] == '.'))) {
			p += n;
			continue;
		}
		if (n + 2 > cap - len)
			return err_set(e, -ENAMETOOLONG, "path in a root");
		ret[len++] = '/';
		memcpy(ret + len, p, n);
		ret[len += n] = '\0';
		p += n;
		r = read_link(root_fd, ret);
		if (r < 0)
			return err_set(e, r, "resolve %s in its root", path);
		if (r == 0)
			continue;
		if (++links > MAX_LINKS)
			return err_set(e, -ELOOP, "resolve %s in its root", path);
		if (str_printf(joined, sizeof(joined), "%s%s", target, p) < 0)
			return err_set(e, -ENAMETOOLONG, "path in a root");
		memcpy(rest, joined, sizeof(rest));
		p = rest;
		len = *target == '/' ? 0 : before;
		ret[len] = '\0';
	}
	if (!len)
		str_copy(ret, cap, "/");
	return 0;
}
