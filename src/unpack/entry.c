/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role runs as root with a umask of 0, so that most objects of an image are right as created:
 * only what differs costs a further system call.
 *
 * Extended attributes: user.* (not overlayfs's own) and security.capability. Others are ignored, as
 * they belong to the machine that packed the layer: labels, ACLs, trusted.*.
 */
#include "unpack/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "file/space.h"
#include "sys/fd.h"
#include "unpack/split.h"

#define PERM_BITS  0777
#define MODE_BITS  07777
#define CAPABILITY "security.capability"
#define NO_ID	   UINT32_MAX /* chown(2): leave as it is */

struct object {
	struct unpack_tree *t;
	struct archive *archive;
	struct archive_entry *entry;
	const struct unpack_name *n;
	int dir_fd;	  /* where @name is */
	const char *name; /* "." for the root */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool is_new; /* has mode & PERM_BITS and root's ids (but see parent_sgid) */
	struct err *e;
};

static int check_id(int64_t id, const char *what, struct err *e)
{
	return id >= 0 && id < NO_ID
		       ? 0
		       : err_text(e, -EBADMSG, "%s %lld is out of range", what, (long long)id);
}

/*
 * Never through a symbolic link (containerd CVE-2021-32760): a file is open, a directory is opened
 * as such, and a node was made under this name a moment ago by us, the only process in the tree.
 */
static int set_mode(struct object *o, int fd)
{
	auto_close int own_fd = -1;

	if (archive_entry_filetype(o->entry) == AE_IFDIR && fd < 0) {
		own_fd = sys_open(o->dir_fd, o->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
		if (own_fd < 0)
			return own_fd;
		fd = own_fd;
	}
	return fd >= 0 ? sys_fchmod(fd, o->mode) : sys_chmod(o->dir_fd, o->name, o->mode, 0);
}

static int set_owner_and_mode(struct object *o, int fd)
{
	bool chown = !o->is_new || o->uid != 0 || o->gid != 0 || o->t->parent_sgid;
	int r;

	if (chown) {
		r = sys_chown(o->dir_fd, o->name, o->uid, o->gid, AT_SYMLINK_NOFOLLOW);
		if (r < 0)
			return err_set(o->e, r, "set its owner to %u:%u", o->uid, o->gid);
	}
	if (archive_entry_filetype(o->entry) == AE_IFLNK)
		return 0;
	if (!chown && !(o->mode & ~PERM_BITS))
		return 0;
	r = set_mode(o, fd);
	return r < 0 ? err_set(o->e, r, "set its mode to %04o", o->mode) : 0;
}

static int set_times(struct object *o)
{
	struct timespec ts[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
	int r;

	if (!archive_entry_mtime_is_set(o->entry))
		return 0;
	ts[1].tv_sec = archive_entry_mtime(o->entry);
	ts[1].tv_nsec = archive_entry_mtime_nsec(o->entry);
	if (ts[1].tv_nsec < 0 || ts[1].tv_nsec > 999999999)
		ts[1].tv_nsec = 0;
	r = sys_utimens(o->dir_fd, o->name, ts, AT_SYMLINK_NOFOLLOW);
	return r < 0 ? err_set(o->e, r, "set its time") : 0;
}

/* Return: 1 set it; 0 leave it out */
static int wanted_xattr(const struct object *o, const char *name)
{
	if (str_eq(name, CAPABILITY))
		return archive_entry_filetype(o->entry) == AE_IFREG;
	return str_starts(name, "user.") && !str_starts(name, "user.overlay.");
}

static int set_xattr(struct object *o, int fd, const char *name, const void *value, size_t size)
{
	char quoted[UNPACK_QUOTE_CAP];
	int r;

	if (size > UNPACK_MAX_XATTR_SIZE || strlen(name) > UNPACK_COMPONENT_MAX)
		return err_text(o->e, -E2BIG,
				"extended attribute %s has %zu bytes, at most %d are allowed",
				unpack_quote(quoted, name), size, UNPACK_MAX_XATTR_SIZE);
	r = sys_setxattr(fd, name, value, size);
	/* tmpfs before Linux 6.6 has no user.*: a program that misses one must cope, as with Docker
	 */
	if (r == -EOPNOTSUPP && !str_eq(name, CAPABILITY))
		return 0;
	if (r == -ENOSPC) /* with much space left, too */
		return err_set(
			o->e, r,
			"set its extended attribute %s of %zu bytes (ext4 has one block for all "
			"attributes of a file)",
			unpack_quote(quoted, name), size);
	return r < 0 ? err_set(o->e, r, "set its extended attribute %s", unpack_quote(quoted, name))
		     : 0;
}

/* of files and directories; on anything else the kernel allows no user.* */
static int set_xattrs(struct object *o, int fd)
{
	auto_close int own_fd = -1;
	const char *name;
	const void *value;
	unsigned int n = 0;
	size_t size;
	int r;

	if (archive_entry_xattr_reset(o->entry) == 0)
		return 0;
	while (archive_entry_xattr_next(o->entry, &name, &value, &size) == ARCHIVE_OK) {
		if (!name || !wanted_xattr(o, name))
			continue;
		if (++n > UNPACK_MAX_XATTRS)
			return err_text(o->e, -E2BIG, "it has more than %d extended attributes",
					UNPACK_MAX_XATTRS);
		if (fd < 0) {
			own_fd = sys_open(o->dir_fd, o->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
					  0);
			if (own_fd < 0)
				return err_set(o->e, own_fd, "open it for its extended attributes");
			fd = own_fd;
		}
		r = set_xattr(o, fd, name, value, size);
		if (r < 0)
			return r;
	}
	return 0;
}

static int set_attributes(struct object *o, int fd)
{
	mode_t type = archive_entry_filetype(o->entry);
	int r = set_owner_and_mode(o, fd);

	if (r == 0 && (type == AE_IFREG || type == AE_IFDIR))
		r = set_xattrs(o, fd);
	return r == 0 ? set_times(o) : r;
}

static int archive_failed(struct object *o)
{
	const char *text = archive_error_string(o->archive);

	return err_text(o->e, archive_errno(o->archive) == ENOMEM ? -ENOMEM : -EBADMSG,
			"read its content: %s", text ? text : "damaged");
}

static int write_content(struct object *o, int fd, uint64_t size, uint64_t *bytes)
{
	uint64_t at = 0;

	for (;;) {
		const void *data;
		la_int64_t offset;
		size_t len;
		int r = archive_read_data_block(o->archive, &data, &len, &offset);

		if (r == ARCHIVE_EOF)
			break;
		if (r != ARCHIVE_OK)
			return archive_failed(o);
		if (offset < 0 || (uint64_t)offset > size || len > size - (uint64_t)offset)
			return err_text(o->e, -EBADMSG, "its content goes beyond its size");
		if (len == 0)
			continue;
		if (o->t->split)
			split_content(o->t->split, o->n->text,
				      (uint64_t)archive_filter_bytes(o->archive, 0),
				      (uint64_t)offset, len);
		if ((uint64_t)offset != at && sys_seek(fd, (off_t)offset, SEEK_SET) < 0)
			return err_text(o->e, -EIO, "seek to %lld", (long long)offset);
		r = sys_write_all(fd, data, len);
		if (r < 0)
			return err_set(o->e, r, "write at %llu of its %llu bytes",
				       (unsigned long long)offset, (unsigned long long)size);
		at = (uint64_t)offset + len;
		*bytes += len;
		if (*bytes / SPACE_STEP_BYTES != (*bytes - len) / SPACE_STEP_BYTES) {
			r = unpack_tree_room(o->t, o->e);
			if (r < 0)
				return r;
		}
	}
	if (at < size) { /* ends in a hole */
		int r = sys_truncate(fd, (off_t)size);

		if (r < 0)
			return err_set(o->e, r, "set its size to %llu", (unsigned long long)size);
	}
	return 0;
}

static int make_file(struct object *o, uint64_t max_size, uint64_t *bytes)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
	la_int64_t size = archive_entry_size(o->entry);
	auto_close int fd = -1;
	int r;

	if (size < 0 || (uint64_t)size > max_size)
		return err_text(o->e, -EFBIG,
				"its size of %lld bytes is more than the allowed %llu "
				"(CONFIG_UNPACK_MAX_MIB)",
				(long long)size, (unsigned long long)max_size);
	fd = sys_open(o->dir_fd, o->name, flags, o->mode & PERM_BITS);
	if (fd == -EEXIST) {
		r = unpack_tree_clear(o->t, o->n, false, o->e);
		if (r < 0)
			return r;
		fd = sys_open(o->dir_fd, o->name, flags, o->mode & PERM_BITS);
	}
	if (fd < 0)
		return err_set(o->e, fd, "create it");
	r = write_content(o, fd, (uint64_t)size, bytes);
	return r < 0 ? r : set_attributes(o, fd);
}

/* what an earlier entry or a layer below has put there goes: this entry says all of it */
static int drop_xattrs(struct object *o)
{
	static char names[UNPACK_MAX_XATTRS * (UNPACK_COMPONENT_MAX + 1)];
	auto_close int fd = sys_open(o->dir_fd, o->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	ssize_t len = fd < 0 ? fd : sys_listxattr(fd, names, sizeof(names));
	int r = len < 0 && len != -EOPNOTSUPP ? (int)len : 0;

	for (char *p = names; r == 0 && len > 0 && p < names + len; p += strlen(p) + 1)
		if (str_starts(p, "user."))
			r = sys_removexattr(fd, p);
	return r < 0 ? err_set(o->e, r, "remove its old extended attributes") : 0;
}

static int make_dir(struct object *o)
{
	int there = 0, r = sys_mkdir(o->dir_fd, o->name, o->mode & PERM_BITS);

	if (r == -EEXIST) {
		there = unpack_tree_clear(o->t, o->n, true, o->e);
		if (there < 0)
			return there;
		o->is_new = there != 1;
		r = o->is_new ? sys_mkdir(o->dir_fd, o->name, o->mode & PERM_BITS) : 0;
	}
	if (r < 0)
		return err_set(o->e, r, "make the directory");
	if (there == 1)
		r = drop_xattrs(o);
	else if (there == 2)
		r = unpack_tree_hide_new(o->t, o->n, o->e);
	return r < 0 ? r : set_attributes(o, -1);
}

static int make_symlink(struct object *o)
{
	const char *target = archive_entry_symlink(o->entry);
	int r;

	if (str_empty(target))
		return err_text(o->e, -EBADMSG, "a symbolic link without a target");
	r = sys_symlink(target, o->dir_fd, o->name);
	if (r == -EEXIST) {
		r = unpack_tree_clear(o->t, o->n, false, o->e);
		if (r == 0)
			r = sys_symlink(target, o->dir_fd, o->name);
		else
			return r;
	}
	return r < 0 ? err_set(o->e, r, "make the symbolic link") : set_attributes(o, -1);
}

static int make_node(struct object *o)
{
	mode_t type = archive_entry_filetype(o->entry);
	dev_t dev = type == AE_IFIFO ? 0 : archive_entry_rdev(o->entry);
	int r;

	r = sys_mknod(o->dir_fd, o->name, type | (o->mode & PERM_BITS), dev);
	if (r == -EEXIST) {
		r = unpack_tree_clear(o->t, o->n, false, o->e);
		if (r < 0)
			return r;
		r = sys_mknod(o->dir_fd, o->name, type | (o->mode & PERM_BITS), dev);
	}
	if (r < 0)
		return err_set(o->e, r, "make the device or pipe (%u:%u)", major(dev), minor(dev));
	return set_attributes(o, -1);
}

static int make_hard_link(struct object *o, const char *target)
{
	/* not on the stack of every entry, and nothing here is called again before it is done */
	static struct unpack_name name;
	int r = unpack_name_parse(target, &name, o->e);

	if (r < 0) {
		err_wrap(o->e, "the target of the hard link");
		return r;
	}
	/* its content, if the archive has any, and its attributes are those of the target */
	return unpack_tree_link(o->t, o->n, &name, o->e);
}

/* "." may set the attributes of the tree's root and nothing else (umoci CVE-2021-29136) */
static int apply_root(struct object *o)
{
	int r;

	if (archive_entry_filetype(o->entry) != AE_IFDIR || archive_entry_hardlink(o->entry))
		return err_text(o->e, -EBADMSG, "the layer's root is not a directory");
	r = unpack_tree_fini(o->t, o->e); /* or leaving it later would set its old time */
	if (r < 0)
		return r;
	o->dir_fd = o->t->root_fd;
	o->name = ".";
	o->is_new = false;
	return set_attributes(o, o->t->root_fd);
}

int unpack_entry(struct unpack_tree *t, struct archive *a, struct archive_entry *entry,
		 const struct unpack_name *n, uint64_t max_size, uint64_t *bytes, struct err *e)
{
	struct object o = {.t = t, .archive = a, .entry = entry, .n = n, .is_new = true, .e = e};
	const char *hard_link = archive_entry_hardlink(entry);
	int r;

	r = check_id(archive_entry_uid(entry), "owner", e);
	if (r == 0)
		r = check_id(archive_entry_gid(entry), "group", e);
	if (r < 0)
		return r;
	o.uid = (uid_t)archive_entry_uid(entry);
	o.gid = (gid_t)archive_entry_gid(entry);
	o.mode = archive_entry_mode(entry) & MODE_BITS;
	if (n->len == 0)
		return apply_root(&o);
	r = unpack_tree_enter(t, n, e);
	if (r < 0)
		return r;
	o.dir_fd = t->parent_fd;
	o.name = n->text + n->base;
	t->parent_changed = true;
	if (hard_link)
		return make_hard_link(&o, hard_link);
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return make_file(&o, max_size, bytes);
	case AE_IFDIR:
		return make_dir(&o);
	case AE_IFLNK:
		return make_symlink(&o);
	case AE_IFCHR:
	case AE_IFBLK:
	case AE_IFIFO:
		return make_node(&o);
	case AE_IFSOCK: /* made by whoever listens */
		return 0;
	default:
		return err_text(e, -EBADMSG, "its type is unknown");
	}
}
