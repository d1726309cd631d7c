/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a layer's tree is, apart from the content of its files: names, kinds, owners, modes, sizes, times,
 * targets, extended attributes. Each object gets a hash with that of its directory's path in it; the sum is
 * all of them together, whatever order a directory is read in. It finds damage, not malice: who could
 * change the tree could change the sum. Content is what the pack role hashes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "file/tree.h"
#include "store/layer.h"
#include "sys/fd.h"

/* nothing here is larger (src/unpack/name.h), or it is cut, always in the same place */
static char names[16 * 1024 + 512], value[64 * 1024];

struct sum {
	struct digest total;
	struct digest path[TREE_MAX_DEPTH + 1]; /* of the directory at each depth */
};

static void add(struct sum *s, struct sha256 *h)
{
	struct digest d;

	sha256_final(h, &d);
	for (size_t i = 0; i < sizeof(d.b); i++)
		s->total.b[i] ^= d.b[i];
}

static void begin(struct sha256 *h, const struct digest *dir, const char *name)
{
	sha256_init(h);
	sha256_update(h, dir, sizeof(*dir));
	sha256_update(h, name, strlen(name) + 1);
}

static bool counts(const char *xattr)
{
	return str_eq(xattr, "security.capability") || str_starts(xattr, "user.") ||
	       str_starts(xattr, "trusted.overlay.");
}

static int add_xattrs(struct sum *s, int dir_fd, const char *name, const struct digest *dir)
{
	auto_close int fd = sys_open(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	ssize_t len = fd < 0 ? fd : sys_listxattr(fd, names, sizeof(names)), n;
	struct sha256 h;

	for (const char *p = names; len > 0 && p < names + len; p += strlen(p) + 1) {
		if (!counts(p))
			continue;
		n = sys_getxattr(fd, p, value, sizeof(value));
		if (n < 0)
			return (int)n;
		begin(&h, dir, name);
		sha256_update(&h, p, strlen(p) + 1);
		sha256_update(&h, value, (size_t)n);
		add(s, &h);
	}
	return len < 0 && len != -EOPNOTSUPP ? (int)len : 0;
}

static int visit(int dir_fd, const char *name, const struct stat *st, int depth, void *data)
{
	struct sum *s = data;
	const struct digest *dir = &s->path[depth];
	bool is_dir = S_ISDIR(st->st_mode);
	const uint64_t what[] = {st->st_mode, (uint64_t)st->st_uid << 32 | st->st_gid, st->st_rdev,
				 is_dir ? 0 : (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec};
	struct sha256 h;
	int r = 0;

	begin(&h, dir, name);
	if (is_dir) {
		struct sha256 of_path = h;

		sha256_final(&of_path, &s->path[depth + 1]);
	}
	sha256_update(&h, what, sizeof(what));
	if (S_ISLNK(st->st_mode)) {
		r = sys_readlink(dir_fd, name, value, sizeof(value));
		if (r > 0)
			sha256_update(&h, value, (size_t)r);
	}
	add(s, &h);
	if (r >= 0 && (is_dir || S_ISREG(st->st_mode)))
		r = add_xattrs(s, dir_fd, name, dir);
	return r < 0 ? r : 0;
}

int layer_sum(int layer_fd, struct digest *ret_sum, struct err *e)
{
	static struct sum s; /* too large for the stack */
	struct stat st;
	int r = sys_statat(layer_fd, LAYER_TREE, &st, AT_SYMLINK_NOFOLLOW);

	s = (struct sum){0};
	if (r == 0)
		r = visit(layer_fd, LAYER_TREE, &st, 0, &s);
	s.path[0] = s.path[1];
	if (r == 0)
		r = tree_each(layer_fd, LAYER_TREE, visit, &s);
	if (r < 0)
		return err_set(e, r, "store: look through a layer");
	*ret_sum = s.total;
	return 0;
}
