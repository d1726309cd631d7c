/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes (files, directories, links) live in one table and are never reused. The directories' content is a
 * log of changes of names: the tree is what replaying the log gives, and a power cut is a replay without
 * the changes that were not committed. Each change knows whether its directories were synced since.
 */
#include "fake/fake_sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>

#include "sys/fd.h"
#include "sys/proc.h"

#define MAX_NODES   4096
#define MAX_NAMES   4096
#define MAX_CHANGES 16384
#define MAX_FDS	    128
#define FIRST_FD    100
#define ROOT	    0
#define NOWHERE	    (-1)

struct node {
	mode_t mode;
	dev_t dev;
	char *data, *synced; /* content of a file, target of a link */
	size_t len, synced_len;
};

struct name {
	int dir, node;
	char text[256];
};

/* @node leaves (from_dir, from) and appears at (to_dir, to); either may be NOWHERE */
struct change {
	int node, from_dir, to_dir;
	char from[256], to[256];
	bool gone_synced, come_synced; /* from_dir, to_dir was synced since */
};

struct open_file {
	bool used, path_only, locked;
	int node;
	size_t pos;
};

static struct node nodes[MAX_NODES];
static struct name names[MAX_NAMES];
static struct change changes[MAX_CHANGES];
static struct open_file files[MAX_FDS];
static int n_nodes, n_names, n_changes;
static unsigned int calls, fail_at, off_at, random_seed;
static int fail_code;
static char trace[1 << 16];
static size_t trace_len;

static void fatal(const char *what)
{
	fprintf(stderr, "fake_sys: %s\n", what);
	exit(99);
}

/* Return: 0 go on; what the call is to return */
static int enter(const char *what)
{
	int n = snprintf(trace + trace_len, sizeof(trace) - trace_len, "%s ", what);

	if (n > 0 && (size_t)n < sizeof(trace) - trace_len)
		trace_len += (size_t)n;
	calls++;
	if (off_at && calls >= off_at)
		return -EIO;
	return fail_at && calls == fail_at ? fail_code : 0;
}

static void restart(void)
{
	calls = fail_at = off_at = 0;
	trace_len = 0;
	trace[0] = '\0';
}

void fake_fail(unsigned int n, int code)
{
	restart();
	fail_at = n;
	fail_code = code;
}

void fake_power_off(unsigned int n)
{
	restart();
	off_at = n;
}

unsigned int fake_calls(void)
{
	return calls;
}

const char *fake_trace(void)
{
	return trace;
}

unsigned int fake_open_fds(void)
{
	unsigned int n = 0;

	for (int i = 0; i < MAX_FDS; i++)
		n += files[i].used;
	return n;
}

static int new_node(mode_t mode)
{
	if (n_nodes == MAX_NODES)
		fatal("out of nodes");
	nodes[n_nodes] = (struct node){.mode = mode};
	return n_nodes++;
}

void fake_reset(void)
{
	for (int i = 0; i < n_nodes; i++) {
		free(nodes[i].data);
		free(nodes[i].synced);
	}
	n_nodes = n_names = n_changes = 0;
	memset(files, 0, sizeof(files));
	random_seed = 1;
	restart();
	new_node(S_IFDIR | 0755);
}

/* names ------------------------------------------------------------------------------------------ */

static struct name *find(int dir, const char *text)
{
	for (int i = 0; i < n_names; i++) {
		if (names[i].dir == dir && !strcmp(names[i].text, text))
			return &names[i];
	}
	return NULL;
}

static void apply(const struct change *c)
{
	struct name *n = c->from_dir == NOWHERE ? NULL : find(c->from_dir, c->from);

	if (n && n->node == c->node)
		*n = names[--n_names];
	if (c->to_dir == NOWHERE)
		return;
	n = find(c->to_dir, c->to);
	if (!n) {
		if (n_names == MAX_NAMES)
			fatal("out of names");
		n = &names[n_names++];
	}
	n->dir = c->to_dir;
	n->node = c->node;
	snprintf(n->text, sizeof(n->text), "%s", c->to);
}

static void change(int node, int from_dir, const char *from, int to_dir, const char *to)
{
	struct change *c;

	if (n_changes == MAX_CHANGES)
		fatal("out of changes");
	c = &changes[n_changes++];
	*c = (struct change){.node = node, .from_dir = from_dir, .to_dir = to_dir};
	snprintf(c->from, sizeof(c->from), "%s", from);
	snprintf(c->to, sizeof(c->to), "%s", to);
	apply(c);
}

static bool is_empty(int dir)
{
	for (int i = 0; i < n_names; i++) {
		if (names[i].dir == dir)
			return false;
	}
	return true;
}

static struct open_file *file_of(int fd)
{
	int i = fd - FIRST_FD;

	return i >= 0 && i < MAX_FDS && files[i].used ? &files[i] : NULL;
}

/* the directory and last component of @path. Return: directory's node; -errno */
static int parent(int dir_fd, const char *path, char last[static 256])
{
	struct open_file *f = file_of(dir_fd);
	int dir = *path == '/' ? ROOT : f ? f->node : -EBADF;

	if (dir_fd == AT_FDCWD && *path != '/')
		fatal("relative path without a directory");
	while (*path == '/')
		path++;
	while (dir >= 0) {
		size_t n = strcspn(path, "/");
		struct name *name;

		if (!S_ISDIR(nodes[dir].mode))
			return -ENOTDIR;
		if (n > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(last, path, n);
		last[n] = '\0';
		path += n;
		while (*path == '/')
			path++;
		if (*path == '\0')
			return dir;
		name = find(dir, last);
		if (!name)
			return -ENOENT;
		if (S_ISLNK(nodes[name->node].mode))
			fatal("a symbolic link in the middle of a path is not supported");
		dir = name->node;
	}
	return dir;
}

/* Return: node; -errno */
static int lookup(int dir_fd, const char *path)
{
	char last[256];
	int dir = parent(dir_fd, path, last);
	struct name *n;

	if (dir < 0 || last[0] == '\0' || !strcmp(last, "."))
		return dir;
	n = find(dir, last);
	return n ? n->node : -ENOENT;
}

/* power ------------------------------------------------------------------------------------------ */

static void set_content(char **data, size_t *len, const char *from, size_t n)
{
	char *copy = malloc(n + 1);

	if (!copy)
		fatal("out of memory");
	if (n)
		memcpy(copy, from, n);
	copy[n] = '\0';
	free(*data);
	*data = copy;
	*len = n;
}

void fake_power_on(enum fake_loss loss)
{
	bool all_names = loss == FAKE_KEEP_ALL || loss == FAKE_LOSE_CONTENT;
	bool all_content = loss == FAKE_KEEP_ALL || loss == FAKE_KEEP_SYNCED_NAMES;
	int kept = 0;

	n_names = 0;
	for (int i = 0; i < n_changes; i++) {
		/* half a rename: the old name is known to be gone, the new one is not known */
		if (!all_names && !changes[i].come_synced && changes[i].to_dir != NOWHERE)
			changes[i].to_dir = NOWHERE;
		else if (all_names || changes[i].come_synced)
			changes[i].gone_synced = true;
		if (!changes[i].gone_synced)
			continue;
		changes[i].come_synced = true;
		apply(&changes[i]);
		changes[kept++] = changes[i];
	}
	n_changes = kept;
	for (int i = 0; i < n_nodes; i++) {
		struct node *n = &nodes[i];

		/* a link's target is part of its name's transaction */
		if (!S_ISREG(n->mode))
			continue;
		if (all_content)
			set_content(&n->synced, &n->synced_len, n->data ? n->data : "", n->len);
		else
			set_content(&n->data, &n->len, n->synced ? n->synced : "", n->synced_len);
	}
	memset(files, 0, sizeof(files));
	restart();
}

bool fake_corrupt(const char *path)
{
	int node = lookup(AT_FDCWD, path);

	if (node < 0 || !nodes[node].len)
		return false;
	nodes[node].data[nodes[node].len / 2] ^= 1;
	return true;
}

int fake_count(const char *path)
{
	int node = lookup(AT_FDCWD, path), n = 0;

	if (node < 0)
		return -1;
	for (int i = 0; i < n_names; i++)
		n += names[i].dir == node;
	return n;
}

/* sys/fd.h --------------------------------------------------------------------------------------- */

static int new_fd(int node, int flags)
{
	for (int i = 0; i < MAX_FDS; i++) {
		if (files[i].used)
			continue;
		files[i] =
			(struct open_file){.used = true, .node = node, .path_only = flags & O_PATH};
		return FIRST_FD + i;
	}
	return -EMFILE;
}

void sys_close(int fd)
{
	struct open_file *f = file_of(fd);

	if (f)
		f->used = false;
	else if (fd >= 0)
		fatal("close of a descriptor that is not open");
}

void sys_close_ptr(int *fd)
{
	if (*fd >= 0)
		sys_close(*fd);
}

int sys_open(int dir_fd, const char *path, int flags, mode_t mode)
{
	char last[256];
	int r = enter("open"), dir, node;

	if (r < 0)
		return r;
	dir = parent(dir_fd, path, last);
	if (dir < 0)
		return dir;
	node = lookup(dir_fd, path);
	if (node == -ENOENT && (flags & O_CREAT)) {
		node = new_node(S_IFREG | mode);
		change(node, NOWHERE, "", dir, last);
	} else if (node >= 0 && (flags & O_CREAT) && (flags & O_EXCL)) {
		return -EEXIST;
	}
	if (node < 0)
		return node;
	if (S_ISLNK(nodes[node].mode))
		return flags & O_NOFOLLOW ? -ELOOP : -ENOSYS;
	if ((flags & O_DIRECTORY) && !S_ISDIR(nodes[node].mode))
		return -ENOTDIR;
	if (flags & O_TRUNC)
		nodes[node].len = 0;
	return new_fd(node, flags);
}

int sys_openat2(int dir_fd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	(void)resolve; /* a link in the middle ends the test, ".." is not used */
	return sys_open(dir_fd, path, flags, mode);
}

ssize_t sys_pread(int fd, void *buf, size_t len, off_t at)
{
	struct open_file *f = file_of(fd);
	int r = enter("read");
	struct node *n;

	if (r < 0)
		return r;
	if (!f || f->path_only)
		return -EBADF;
	n = &nodes[f->node];
	if (S_ISDIR(n->mode))
		return -EISDIR;
	if ((size_t)at >= n->len)
		return 0;
	if (len > n->len - (size_t)at)
		len = n->len - (size_t)at;
	memcpy(buf, n->data + at, len);
	return (ssize_t)len;
}

ssize_t sys_read(int fd, void *buf, size_t len)
{
	struct open_file *f = file_of(fd);
	ssize_t n = sys_pread(fd, buf, len, f ? (off_t)f->pos : 0);

	if (n > 0)
		f->pos += (size_t)n;
	return n;
}

ssize_t sys_read_full(int fd, void *buf, size_t cap)
{
	return sys_read(fd, buf, cap);
}

ssize_t sys_write(int fd, const void *data, size_t len)
{
	struct open_file *f = file_of(fd);
	int r = enter("write");
	struct node *n;
	char *grown;

	if (!f || f->path_only)
		return -EBADF;
	n = &nodes[f->node];
	if (r == -ENOSPC && len > 1) { /* a full disk takes a part and then nothing */
		fail_at = calls + 1;
		len /= 2;
	} else if (r < 0) {
		return r;
	}
	if (f->pos + len > n->len) {
		grown = realloc(n->data, f->pos + len + 1);
		if (!grown)
			fatal("out of memory");
		memset(grown + n->len, 0, f->pos + len + 1 - n->len);
		n->data = grown;
		n->len = f->pos + len;
	}
	memcpy(n->data + f->pos, data, len);
	f->pos += len;
	return (ssize_t)len;
}

int sys_write_all(int fd, const void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = sys_write(fd, (const char *)data + done, len - done);

		if (n < 0)
			return (int)n;
		done += (size_t)n;
	}
	return 0;
}

off_t sys_seek(int fd, off_t at, int whence)
{
	struct open_file *f = file_of(fd);

	if (!f || whence != SEEK_SET)
		return -EBADF;
	f->pos = (size_t)at;
	return at;
}

int sys_truncate(int fd, off_t len)
{
	struct open_file *f = file_of(fd);
	int r = enter("truncate");

	if (r == 0 && f && (size_t)len < nodes[f->node].len)
		nodes[f->node].len = (size_t)len;
	return r < 0 ? r : f ? 0 : -EBADF;
}

static void sync_content(struct node *n)
{
	if (S_ISREG(n->mode))
		set_content(&n->synced, &n->synced_len, n->data ? n->data : "", n->len);
}

int sys_fsync(int fd)
{
	struct open_file *f = file_of(fd);
	bool dir = f && S_ISDIR(nodes[f->node].mode);
	int r = enter(dir ? "fsync-dir" : "fsync");

	if (r < 0)
		return r;
	if (!f || f->path_only)
		return -EBADF;
	sync_content(&nodes[f->node]);
	for (int i = 0; dir && i < n_changes; i++) {
		changes[i].gone_synced |= changes[i].from_dir == f->node;
		changes[i].come_synced |= changes[i].to_dir == f->node;
	}
	return 0;
}

int sys_syncfs(int fd)
{
	int r = enter("syncfs");

	if (r < 0 || !file_of(fd))
		return r < 0 ? r : -EBADF;
	for (int i = 0; i < n_nodes; i++)
		sync_content(&nodes[i]);
	for (int i = 0; i < n_changes; i++)
		changes[i].gone_synced = changes[i].come_synced = true;
	return 0;
}

static void fill_stat(int node, struct stat *ret)
{
	*ret = (struct stat){.st_mode = nodes[node].mode,
			     .st_size = (off_t)nodes[node].len,
			     .st_rdev = nodes[node].dev,
			     .st_ino = (ino_t)node + 1,
			     .st_nlink = 1};
}

int sys_stat(int fd, struct stat *ret)
{
	struct open_file *f = file_of(fd);
	int r = enter("stat");

	if (r < 0 || !f)
		return r < 0 ? r : -EBADF;
	fill_stat(f->node, ret);
	return 0;
}

int sys_statat(int dir_fd, const char *path, struct stat *ret, int flags)
{
	int r = enter("stat"), node;

	if (r < 0)
		return r;
	node = lookup(dir_fd, path);
	if (node < 0)
		return node;
	if (S_ISLNK(nodes[node].mode) && !(flags & AT_SYMLINK_NOFOLLOW))
		return -ENOSYS;
	fill_stat(node, ret);
	return 0;
}

int sys_statfs(int fd, struct statfs *ret)
{
	(void)fd;
	*ret = (struct statfs){.f_bsize = 4096, .f_blocks = 25600, .f_bavail = 12800};
	return enter("statfs");
}

static int make(const char *what, int dir_fd, const char *path, mode_t mode)
{
	char last[256];
	int r = enter(what), dir, node;

	if (r < 0)
		return r;
	dir = parent(dir_fd, path, last);
	if (dir < 0)
		return dir;
	if (last[0] == '\0' || find(dir, last))
		return -EEXIST;
	node = new_node(mode);
	change(node, NOWHERE, "", dir, last);
	return node;
}

int sys_mkdir(int dir_fd, const char *path, mode_t mode)
{
	int r = make("mkdir", dir_fd, path, S_IFDIR | mode);

	return r < 0 ? r : 0;
}

int sys_symlink(const char *target, int dir_fd, const char *path)
{
	int r = make("symlink", dir_fd, path, S_IFLNK | 0777);

	if (r < 0)
		return r;
	set_content(&nodes[r].data, &nodes[r].len, target, strlen(target));
	return 0;
}

int sys_mknod(int dir_fd, const char *path, mode_t mode, dev_t dev)
{
	int r = make("mknod", dir_fd, path, mode);

	if (r < 0)
		return r;
	nodes[r].dev = dev;
	return 0;
}

int sys_link(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	int r = enter("link"), node, dir;
	char last[256];

	(void)flags;
	if (r < 0)
		return r;
	node = lookup(from_fd, from);
	dir = parent(to_fd, to, last);
	if (node < 0 || dir < 0)
		return node < 0 ? node : dir;
	if (find(dir, last))
		return -EEXIST;
	change(node, NOWHERE, "", dir, last);
	return 0;
}

int sys_readlink(int dir_fd, const char *path, char *ret_target, size_t cap)
{
	int r = enter("readlink"), node;

	if (r < 0)
		return r;
	node = lookup(dir_fd, path);
	if (node < 0)
		return node;
	if (!S_ISLNK(nodes[node].mode))
		return -EINVAL;
	if (nodes[node].len >= cap)
		return -ENAMETOOLONG;
	memcpy(ret_target, nodes[node].data, nodes[node].len + 1);
	return (int)nodes[node].len;
}

int sys_rename(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	char from_last[256], to_last[256];
	int r = enter("rename"), from_dir, to_dir;
	struct name *old, *n;

	if (r < 0)
		return r;
	from_dir = parent(from_fd, from, from_last);
	to_dir = parent(to_fd, to, to_last);
	if (from_dir < 0 || to_dir < 0)
		return from_dir < 0 ? from_dir : to_dir;
	n = find(from_dir, from_last);
	if (!n)
		return -ENOENT;
	old = find(to_dir, to_last);
	if (old && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (old && S_ISDIR(nodes[old->node].mode) && !is_empty(old->node))
		return -ENOTEMPTY;
	change(n->node, from_dir, from_last, to_dir, to_last);
	return 0;
}

int sys_unlink(int dir_fd, const char *path, int flags)
{
	int r = enter(flags & AT_REMOVEDIR ? "rmdir" : "unlink"), dir;
	char last[256];
	struct name *n;

	if (r < 0)
		return r;
	dir = parent(dir_fd, path, last);
	if (dir < 0)
		return dir;
	n = find(dir, last);
	if (!n)
		return -ENOENT;
	if (S_ISDIR(nodes[n->node].mode) != !!(flags & AT_REMOVEDIR))
		return flags & AT_REMOVEDIR ? -ENOTDIR : -EISDIR;
	if (S_ISDIR(nodes[n->node].mode) && !is_empty(n->node))
		return -ENOTEMPTY;
	change(n->node, dir, last, NOWHERE, "");
	return 0;
}

int sys_fchmod(int fd, mode_t mode)
{
	struct open_file *f = file_of(fd);
	int r = enter("chmod");

	if (r == 0 && f)
		nodes[f->node].mode = (nodes[f->node].mode & S_IFMT) | mode;
	return r < 0 ? r : f ? 0 : -EBADF;
}

int sys_chmod(int dir_fd, const char *path, mode_t mode, int flags)
{
	int r = enter("chmod"), node;

	(void)flags;
	if (r < 0)
		return r;
	node = lookup(dir_fd, path);
	if (node < 0)
		return node;
	nodes[node].mode = (nodes[node].mode & S_IFMT) | mode;
	return 0;
}

int sys_utimens(int dir_fd, const char *path, const struct timespec ts[2], int flags)
{
	int r = enter("utimens"), node;

	(void)ts, (void)flags;
	node = r < 0 ? r : lookup(dir_fd, path);
	return node < 0 ? node : 0;
}

int sys_chown(int dir_fd, const char *path, uid_t uid, gid_t gid, int flags)
{
	(void)dir_fd, (void)path, (void)uid, (void)gid, (void)flags;
	return enter("chown");
}

ssize_t sys_listxattr(int fd, char *buf, size_t cap)
{
	(void)buf, (void)cap;
	int r = enter("listxattr");

	return r < 0 ? r : file_of(fd) ? 0 : -EBADF;
}

ssize_t sys_getxattr(int fd, const char *name, void *buf, size_t cap)
{
	(void)name, (void)buf, (void)cap;
	int r = enter("getxattr");

	return r < 0 ? r : file_of(fd) ? -ENODATA : -EBADF;
}

int sys_removexattr(int fd, const char *name)
{
	(void)name;
	int r = enter("removexattr");

	return r < 0 ? r : file_of(fd) ? 0 : -EBADF;
}

int sys_setxattr(int fd, const char *name, const void *value, size_t len)
{
	(void)name, (void)value, (void)len;
	int r = enter("setxattr");

	return r < 0 ? r : file_of(fd) ? 0 : -EBADF;
}

int sys_flock(int fd, int operation)
{
	struct open_file *f = file_of(fd);
	int r = enter("flock");

	if (r < 0 || !f)
		return r < 0 ? r : -EBADF;
	for (int i = 0; i < MAX_FDS; i++) {
		if (files[i].used && files[i].locked && files[i].node == f->node && &files[i] != f)
			return -EWOULDBLOCK;
	}
	f->locked = operation & LOCK_EX;
	return 0;
}

/* one name a call, so that a removal in between is seen, as with small directories on a real one */
void sys_dir_init(struct sys_dir *d, int fd)
{
	d->fd = fd;
	d->next_at = 0;
	d->pos = d->len = 0;
}

/* a position is worth nothing here once something was removed, as on file systems that count entries */
void sys_dir_init_at(struct sys_dir *d, int fd, off_t at)
{
	struct open_file *f = file_of(fd);

	sys_dir_init(d, fd);
	if (!f || at <= 0 || at > n_names || names[at - 1].dir != f->node)
		return;
	d->pos = 1;
	d->next_at = at;
	snprintf(d->mem, sizeof(d->mem), "%s", names[at - 1].text);
}

int sys_dir_next(struct sys_dir *d, const char **ret_name, unsigned char *ret_type)
{
	struct open_file *f = file_of(d->fd);
	const struct name *next = NULL;
	int r = enter("getdents");

	if (r < 0 || !f)
		return r < 0 ? r : -EBADF;
	/* in order of names, from the last one on: nothing comes twice whatever was removed meanwhile */
	for (int i = 0; i < n_names; i++) {
		if (names[i].dir == f->node && (d->pos == 0 || strcmp(names[i].text, d->mem) > 0) &&
		    (!next || strcmp(names[i].text, next->text) < 0))
			next = &names[i];
	}
	if (!next)
		return 0;
	d->pos = 1;
	d->next_at = next - names + 1;
	snprintf(d->mem, sizeof(d->mem), "%s", next->text);
	*ret_name = d->mem;
	*ret_type = S_ISDIR(nodes[next->node].mode)   ? DT_DIR
		    : S_ISLNK(nodes[next->node].mode) ? DT_LNK
						      : DT_REG;
	return 1;
}

/* sys/proc.h --------------------------------------------------------------------------------------- */

pid_t sys_getpid(void)
{
	return 4711;
}

void sys_realtime(int64_t *ret_s, uint32_t *ret_ns)
{
	*ret_s = 1700000000;
	*ret_ns = 0;
}

/* the same in every run, so that the n-th call of a run is the n-th call of the next */
int sys_random(void *buf, size_t len)
{
	int r = enter("random");

	for (size_t i = 0; i < len; i++)
		((unsigned char *)buf)[i] =
			(unsigned char)(random_seed = random_seed * 1103515245 + 12345) >> 3;
	random_seed++;
	return r;
}
