/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the store, its lock, and staging (stage.h). The lock is a flock on a file that stays: the
 * kernel drops it with the process, so a crash never leaves a lock behind, and the pid in the file
 * only informs.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/hex.h"
#include "base/num.h"
#include "file/durable.h"
#include "file/tree.h"
#include "store/stage.h"
#include "sys/fd.h"
#include "sys/proc.h"

#define LOCK_NAME "lock"
#define ROOT_MODE 0700

/* mkdir, and when it was missing, sync of the directory above */
static int make_dir(char *path, mode_t mode, struct err *e)
{
	auto_close int fd = -1;
	char *slash = strrchr(path, '/');
	int r = sys_mkdir(AT_FDCWD, path, mode);

	if (r == -EEXIST || (r == -EROFS && mode != ROOT_MODE))
		return 0;
	if (r < 0)
		return err_set(e, r, "store: make directory %s", path);
	*slash = '\0';
	fd = sys_open(AT_FDCWD, slash == path ? "/" : path, O_RDONLY | O_DIRECTORY, 0);
	r = fd < 0 ? fd : sys_fsync(fd);
	*slash = '/';
	return r < 0 ? err_set(e, r, "store: sync the directory above %s", path) : 0;
}

/* the directories above the root are the administrator's: made when missing, never changed */
static int make_root(const char *root_path, struct err *e)
{
	char path[sizeof(((struct store *)0)->root_path)];
	int r = str_copy(path, sizeof(path), root_path);

	if (r < 0 || path[0] != '/')
		return err_text(e, r < 0 ? r : -EINVAL,
				"store %s: the path must be absolute and at most %zu bytes long",
				root_path, sizeof(path) - 1);
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		r = make_dir(path, 0755, e);
		*p = '/';
		if (r < 0)
			return r;
	}
	return make_dir(path, ROOT_MODE, e);
}

static int make_dirs(int root_fd, struct err *e)
{
	bool made = false;
	int r;

	for (int d = 0; d < LAYOUT_DIR_COUNT; d++) {
		r = sys_mkdir(root_fd, layout_dir((enum layout_dir)d), 0700);
		if (r < 0 && r != -EEXIST)
			return err_set(e, r, "store: make directory %s",
				       layout_dir((enum layout_dir)d));
		made |= r == 0;
	}
	r = made ? sys_fsync(root_fd) : 0;
	return r < 0 ? err_set(e, r, "store: sync the root directory") : 0;
}

static int busy(int lock_fd, struct err *e)
{
	char text[24];
	ssize_t n = sys_pread(lock_fd, text, sizeof(text), 0);
	struct span rest, pid;
	uint32_t value;
	bool found;

	pid = span_cut((struct span){text, n > 0 ? (size_t)n : 0}, '\n', &rest, &found);
	if (num_u32(pid, INT32_MAX, &value) < 0)
		return err_text(e, -EBUSY, "the store is in use by another process");
	return err_text(e, rest.len ? -EAGAIN : -EBUSY, "the store is in use by process %u", value);
}

/* a second line behind the pid */
void store_lock_briefly(struct store *s)
{
	(void)sys_write(s->lock_fd, "brief\n", 6);
}

static int take_lock(int root_fd, struct err *e)
{
	auto_close int fd = -1;
	char text[24];
	int r;

	fd = sys_open(root_fd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, fd, "store: open the lock");
	r = sys_flock(fd, LOCK_EX | LOCK_NB);
	if (r == -EWOULDBLOCK)
		return busy(fd, e);
	if (r < 0)
		return err_set(e, r, "store: lock");
	/* for busy() of others only; a full disk must not keep an engine from starting */
	r = str_printf(text, sizeof(text), "%d\n", (int)sys_getpid());
	if (sys_truncate(fd, 0) == 0 && r > 0)
		(void)sys_write(fd, text, (size_t)r);
	return take_fd(&fd);
}

/* temporary names of durable_write() that a power cut left; objects never start with a dot */
static int sweep_temporary(int root_fd, enum layout_dir d, struct err *e)
{
	auto_close int fd =
		sys_open(root_fd, layout_dir(d), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	struct sys_dir dir;
	unsigned char type;
	const char *name;
	int r;

	if (fd < 0)
		return err_set(e, fd, "store: open %s", layout_dir(d));
	sys_dir_init(&dir, fd);
	while ((r = sys_dir_next(&dir, &name, &type)) > 0) {
		if (name[0] == '.')
			(void)sys_unlink(fd, name, 0);
	}
	return r < 0 ? err_set(e, r, "store: read %s", layout_dir(d)) : 0;
}

/* What was being built when the power went. By rename: taking it apart may take long. */
static int trash_staging(struct store *s, struct err *e)
{
	auto_close int fd = store_dir(s, LAYOUT_STAGING, e);
	struct sys_dir dir;
	unsigned char type;
	const char *name;
	int r;

	if (fd < 0)
		return fd;
	sys_dir_init(&dir, fd);
	while ((r = sys_dir_next(&dir, &name, &type)) > 0) {
		r = stage_drop(s, LAYOUT_STAGING, name, e);
		if (r < 0)
			return r;
		sys_dir_init(&dir, fd); /* the directory has changed */
	}
	return r < 0 ? err_set(e, r, "store: read staging") : 0;
}

static int sweep(struct store *s, struct err *e)
{
	auto_close int fd = -1;
	int r = trash_staging(s, e);

	if (r == 0)
		r = sweep_temporary(s->root_fd, LAYOUT_REFS, e);
	if (r == 0)
		r = sweep_temporary(s->root_fd, LAYOUT_GENERATIONS, e);
	s->trashed = true;
	if (r < 0 || s->defer)
		return r;
	fd = store_trash(s, e);
	return fd < 0 ? fd : store_sweep(fd, e);
}

int store_open(struct store *s, const char *root_path, struct err *e)
{
	auto_close int root_fd = -1, lock_fd = -1;
	int r;

	r = make_root(root_path, e);
	if (r < 0)
		return r;
	root_fd = sys_open(AT_FDCWD, root_path, O_RDONLY | O_DIRECTORY, 0);
	if (root_fd < 0)
		return err_set(e, root_fd, "open the store %s", root_path);
	lock_fd = take_lock(root_fd, e);
	if (lock_fd < 0) {
		err_wrap(e, "%s", root_path);
		return lock_fd;
	}
	str_copy(s->root_path, sizeof(s->root_path),
		 root_path); /* make_root() checked the length */
	s->root_fd = root_fd;
	r = make_dirs(root_fd, e);
	if (r == 0)
		r = sweep(s, e);
	if (r < 0) {
		s->root_fd = -1;
		return r;
	}
	take_fd(&root_fd);
	s->lock_fd = take_fd(&lock_fd);
	return 0;
}

void store_close(struct store *s)
{
	sys_close(s->lock_fd);
	sys_close(s->root_fd);
	s->lock_fd = s->root_fd = -1;
}

int store_dir(const struct store *s, enum layout_dir d, struct err *e)
{
	int fd = sys_open(s->root_fd, layout_dir(d), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	return fd < 0 ? err_set(e, fd, "store: open %s", layout_dir(d)) : fd;
}

bool store_is_bad(const struct store *s, const struct digest *d)
{
	for (size_t i = 0; i < s->n_bad; i++)
		if (digest_eq(&s->bad[i], d))
			return true;
	return false;
}

void store_not_bad(struct store *s, const struct digest *d)
{
	for (size_t i = 0; i < s->n_bad; i++)
		if (digest_eq(&s->bad[i], d))
			s->bad[i--] = s->bad[--s->n_bad];
}

bool store_replace(struct store *s, const struct digest *d)
{
	if (s->n_bad == STORE_MAX_BAD)
		return false;
	s->bad[s->n_bad++] = *d;
	return true;
}

bool store_is_dir(const struct store *s, const char *path)
{
	struct stat st;

	return sys_statat(s->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

int store_each(const struct store *s, enum layout_dir d, store_each_fn *fn, void *data,
	       struct err *e)
{
	auto_close int fd = store_dir(s, d, e);
	struct sys_dir dir;
	unsigned char type;
	const char *name;
	int r;

	if (fd < 0)
		return fd;
	sys_dir_init(&dir, fd);
	while ((r = sys_dir_next(&dir, &name, &type)) > 0) {
		if (name[0] == '.')
			continue;
		r = fn(name, data);
		if (r != 0)
			return r;
	}
	return r < 0 ? err_set(e, r, "store: read %s", layout_dir(d)) : 0;
}

static int random_name(char dst[static STAGE_NAME_CAP], struct err *e)
{
	uint8_t id[12];
	int r = sys_random(id, sizeof(id));

	if (r < 0)
		return err_set(e, r, "store: random name");
	hex_encode(dst, id, sizeof(id));
	return 0;
}

int stage_begin(struct store *s, char ret_name[static STAGE_NAME_CAP], struct err *e)
{
	char path[LAYOUT_PATH_CAP];
	int r = random_name(ret_name, e);

	if (r < 0)
		return r;
	layout_path(path, LAYOUT_STAGING, ret_name, NULL);
	r = sys_mkdir(s->root_fd, path, 0700);
	if (r < 0)
		return err_set(e, r, "store: make %s", path);
	r = sys_open(s->root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (r < 0) {
		err_set(e, r, "store: open %s", path);
		stage_abort(s, ret_name);
	}
	return r;
}

int stage_commit(struct store *s, const char *staged_name, enum layout_dir d, const char *name,
		 struct err *e)
{
	auto_close int from_fd = store_dir(s, LAYOUT_STAGING, e);
	auto_close int to_fd = -1;

	if (from_fd < 0)
		return from_fd;
	to_fd = store_dir(s, d, e);
	if (to_fd < 0)
		return to_fd;
	return durable_rename(from_fd, staged_name, to_fd, name, e);
}

void stage_abort(struct store *s, const char *staged_name)
{
	(void)stage_drop(s, LAYOUT_STAGING, staged_name, NULL);
}

static int discard(struct store *s, enum layout_dir d, const char *name, bool durable,
		   struct err *e)
{
	char trashed[STAGE_NAME_CAP];
	auto_close int from_fd = store_dir(s, d, e);
	auto_close int to_fd = -1;
	int r;

	if (from_fd < 0)
		return from_fd;
	to_fd = store_trash(s, e);
	if (to_fd < 0)
		return to_fd;
	r = random_name(trashed, e);
	if (r < 0)
		return r;
	r = durable ? durable_rename(from_fd, name, to_fd, trashed, e)
		    : sys_rename(from_fd, name, to_fd, trashed, 0);
	if (r < 0)
		return durable ? r : err_set(e, r, "store: remove %s/%s", layout_dir(d), name);
	s->trashed = true;
	return s->defer ? 0 : tree_remove(to_fd, trashed, e);
}

int stage_discard(struct store *s, enum layout_dir d, const char *name, struct err *e)
{
	return discard(s, d, name, true, e);
}

int stage_drop(struct store *s, enum layout_dir d, const char *name, struct err *e)
{
	return discard(s, d, name, false, e);
}

int store_trash(const struct store *s, struct err *e)
{
	return store_dir(s, LAYOUT_TRASH, e);
}

int store_sweep(int trash_fd, struct err *e)
{
	int r = tree_remove_content(trash_fd, e);

	return r < 0 ? err_wrap(e, "store: empty trash") : 0;
}

int stage_file(int dir_fd, const char *name, struct span content, struct err *e)
{
	auto_close int fd = sys_open(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return err_set(e, fd, "store: create %s", name);
	r = sys_write_all(fd, content.p, content.len);
	if (r < 0)
		return err_set(e, r, "store: write %s (%zu bytes)", name, content.len);
	r = sys_fsync(fd);
	return r < 0 ? err_set(e, r, "store: sync %s", name) : 0;
}
