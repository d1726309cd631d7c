/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bind mounts by descriptor. On Linux 5.12 and newer the copy gets its attributes before anybody can
 * see it, then is moved into place. On older kernels it is remounted after: through the descriptor
 * of the copy (5.2), or through a second look-up that is compared with the source (4.19), because a
 * container that shares the tree may have exchanged the path meanwhile (CVE-2021-30465).
 */
#include "runtime/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "file/rooted.h"
#include "sys/fd.h"
#include "sys/mnt.h"

/* statfs f_flags and MS_* have the same bits for these */
#define KEPT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)

struct fd_path fd_path(int fd)
{
	struct fd_path f;

	snprintf(f.p, sizeof(f.p), "/proc/self/fd/%d", fd);
	return f;
}

static unsigned long ms_of(uint64_t attr)
{
	unsigned long ms = 0;

	ms |= attr & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0;
	ms |= attr & MOUNT_ATTR_NOSUID ? MS_NOSUID : 0;
	ms |= attr & MOUNT_ATTR_NODEV ? MS_NODEV : 0;
	ms |= attr & MOUNT_ATTR_NOEXEC ? MS_NOEXEC : 0;
	ms |= (attr & MOUNT_ATTR__ATIME) == MOUNT_ATTR_NOATIME ? MS_NOATIME : 0;
	ms |= attr & MOUNT_ATTR_NODIRATIME ? MS_NODIRATIME : 0;
	return ms;
}

static unsigned long ms_atime(uint64_t attr)
{
	return attr == MOUNT_ATTR_NOATIME	? MS_NOATIME
	       : attr == MOUNT_ATTR_STRICTATIME ? MS_STRICTATIME
						: MS_RELATIME;
}

static int set_old(int fd, const struct mount_opts *o, struct err *e)
{
	struct fd_path path = fd_path(fd);
	unsigned long flags, kept;
	struct statfs fs;
	int r = 0;

	if (o->rec_set || o->rec_clear)
		return err_text(e, -EOPNOTSUPP, "recursive mount options need Linux 5.12");
	if (o->attr_set & MOUNT_ATTR_NOSYMFOLLOW)
		return err_text(e, -EOPNOTSUPP, "mount option nosymfollow needs Linux 5.14");
	if (o->attr_set || o->attr_clear || o->attr_unnamed) {
		r = sys_statfs(fd, &fs);
		if (r < 0)
			return err_set(e, r, "statfs of a mount");
		kept = (unsigned long)fs.f_flags & KEPT_FLAGS & ~ms_of(o->attr_clear);
		flags = MS_REMOUNT | MS_BIND | ms_of(o->attr_set);
		if (o->attr_clear & MOUNT_ATTR__ATIME) { /* a value, not flags: one of three */
			kept &= ~(unsigned long)MS_NOATIME;
			flags = (flags & ~(unsigned long)MS_NOATIME) |
				ms_atime(o->attr_set & MOUNT_ATTR__ATIME);
		}
		r = sys_mount(NULL, path.p, NULL, flags | (kept & ~ms_of(o->attr_unnamed)), NULL);
		if (r == -EPERM)
			r = sys_mount(NULL, path.p, NULL, flags | kept, NULL);
	}
	if (r < 0)
		return err_set(e, r, "remount");
	if (o->propagation)
		r = sys_mount(NULL, path.p, NULL,
			      o->propagation | (o->propagation_rec ? MS_REC : 0), NULL);
	return r < 0 ? err_set(e, r, "set propagation") : 0;
}

/* What a user namespace has locked stays, if only nobody has asked for the opposite. */
static int set_attr(int fd, const struct mount_opts *o, uint64_t propagation)
{
	uint64_t more = o->attr_unnamed;
	int r;

	do {
		r = sys_mount_setattr(fd, 0, o->attr_set, o->attr_clear | more, propagation);
		if (r == -EINVAL && more & MOUNT_ATTR_NOSYMFOLLOW) /* Linux 5.14 */
			more &= ~(uint64_t)MOUNT_ATTR_NOSYMFOLLOW;
		else if (r == -EPERM &&
			 more & ~(uint64_t)MOUNT_ATTR_NOSYMFOLLOW) /* which is never locked */
			more &= MOUNT_ATTR_NOSYMFOLLOW;
		else
			return r;
	} while (true);
}

int bind_set(int fd, const struct mount_opts *o, struct err *e)
{
	bool one_call = !o->propagation_rec;
	int r = 0;

	if (o->rec_set || o->rec_clear)
		r = sys_mount_setattr(fd, AT_RECURSIVE, o->rec_set, o->rec_clear, 0);
	if (r == 0 &&
	    (o->attr_set || o->attr_clear || o->attr_unnamed || (o->propagation && one_call)))
		r = set_attr(fd, o, one_call ? o->propagation : 0);
	if (r == 0 && o->propagation && !one_call)
		r = sys_mount_setattr(fd, AT_RECURSIVE, 0, 0, o->propagation);
	if (r == -ENOSYS)
		return set_old(fd, o, e);
	return r < 0 ? err_set(e, r, "set mount options") : 0;
}

static int attach_old(int src_fd, bool rec, const struct mount_opts *opts, int dst_fd, int root_fd,
		      const char *dst_path, struct err *e)
{
	struct fd_path from = fd_path(src_fd), to = fd_path(dst_fd);
	struct stat want, have;
	auto_close int fd = -1;
	int r;

	r = sys_stat(dst_fd, &have);
	if (r == 0 && S_ISLNK(have.st_mode))
		return err_text(e, -EOPNOTSUPP, "a mount on a link needs Linux 5.2");
	if (r == 0)
		r = sys_mount(from.p, to.p, NULL, MS_BIND | (rec ? MS_REC : 0), NULL);
	if (r < 0)
		return err_set(e, r, "bind mount");
	if (!opts)
		return 0;
	fd = rooted_open(root_fd, dst_path, O_PATH, 0, e);
	if (fd < 0)
		return fd;
	r = sys_stat(src_fd, &want);
	if (r == 0)
		r = sys_stat(fd, &have);
	if (r < 0)
		return err_set(e, r, "stat");
	if (want.st_dev != have.st_dev || want.st_ino != have.st_ino)
		return err_text(e, -EAGAIN, "the destination was exchanged while it was mounted");
	return set_old(fd, opts, e);
}

int bind_attach_tree(int tree_fd, const struct mount_opts *opts, int dst_fd, struct err *e)
{
	/* what is not attached yet cannot be remounted: old kernels get the options after */
	bool late = opts && bind_set(tree_fd, opts, NULL) < 0;
	int r = sys_move_mount(tree_fd, dst_fd);

	if (r == -ENOSYS)
		return r;
	if (r < 0)
		return err_set(e, r, "attach mount");
	return late ? bind_set(tree_fd, opts, e) : 0;
}

int bind_attach(int src_fd, bool rec, const struct mount_opts *opts, int dst_fd, int root_fd,
		const char *dst_path, struct err *e)
{
	auto_close int tree = sys_open_tree(
		src_fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | (rec ? AT_RECURSIVE : 0));
	int r = tree;

	if (r >= 0)
		r = bind_attach_tree(tree, opts, dst_fd, e);
	else if (r != -ENOSYS)
		return err_set(e, r, "clone mount");
	return r == -ENOSYS ? attach_old(src_fd, rec, opts, dst_fd, root_fd, dst_path, e) : r;
}
