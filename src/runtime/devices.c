/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev: nodes, links, and the terminal. The directory is resolved inside the root once; nodes are made
 * relative to its descriptor, where mknodat and O_NOFOLLOW never follow a link of the last name
 * (CVE-2026-47766, CVE-2026-88264). What exists already must be the very device, or it is an error:
 * an image that ships /dev/null as a link must not decide what masks /proc (CVE-2025-31133).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "file/rooted.h"
#include "runtime/bind.h"
#include "runtime/mounts.h"
#include "runtime/place.h"
#include "runtime/rootfs.h"
#include "runtime/source.h"
#include "runtime/terminal.h"
#include "sys/fd.h"
#include "sys/mnt.h"
#include "sys/sock.h"

static const struct oci_device defaults[] = {
	{.type = 'c', .path = (char *)"/dev/null", .major = 1, .minor = 3, .mode = 0666},
	{.type = 'c', .path = (char *)"/dev/zero", .major = 1, .minor = 5, .mode = 0666},
	{.type = 'c', .path = (char *)"/dev/full", .major = 1, .minor = 7, .mode = 0666},
	{.type = 'c', .path = (char *)"/dev/random", .major = 1, .minor = 8, .mode = 0666},
	{.type = 'c', .path = (char *)"/dev/urandom", .major = 1, .minor = 9, .mode = 0666},
	{.type = 'c', .path = (char *)"/dev/tty", .major = 5, .minor = 0, .mode = 0666},
};

static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},	     {"core", "/proc/kcore"},
};

mode_t rootfs_device_type(const struct oci_device *d)
{
	return d->type == 'b' ? S_IFBLK : d->type == 'p' ? S_IFIFO : S_IFCHR;
}

static int check_existing(int dir_fd, const char *name, const struct oci_device *d, struct err *e)
{
	struct stat st;
	int r = sys_statat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW);

	if (r < 0)
		return err_set(e, r, "stat %s", d->path);
	if ((st.st_mode & S_IFMT) == rootfs_device_type(d) &&
	    (d->type == 'p' || st.st_rdev == makedev(d->major, d->minor)))
		return 0;
	return err_text(e, -EEXIST,
			"%s exists in the root and is something else than device %c %u:%u", d->path,
			d->type, d->major, d->minor);
}

/* The host's node, after a check that it is one. */
static int open_host_node(const struct oci_device *d, struct err *e)
{
	auto_close int src = sys_open(AT_FDCWD, d->path, O_PATH | O_NOFOLLOW, 0);
	struct stat st;
	int ret = src < 0 ? src : sys_stat(src, &st);

	if (ret < 0)
		return err_set(e, ret, "host's %s", d->path);
	if ((st.st_mode & S_IFMT) != rootfs_device_type(d) ||
	    st.st_rdev != makedev(d->major, d->minor))
		return err_text(e, -EPERM, "may not make %s, and the host's is another device",
				d->path);
	return take_fd(&src);
}

/*
 * Where mknod is forbidden (user namespaces), the runtime makes those of the document for us; the host's
 * node is bound for the usual ones, and where the runtime may not either.
 */
static int bind_node(struct rootfs *r, int dir_fd, const char *name, const struct oci_device *d,
		     struct err *e)
{
	size_t k = 0, n = r->sources == SOURCES_ALL ? r->spec->n_devices : 0;
	auto_close int tree = -ENOSYS;
	auto_close int src = -1;
	auto_close int file = -1;
	auto_close int dst = -1;

	while (k < n && d != &r->spec->devices[k])
		k++;
	if (k < n)
		tree = source_ask(r->sync_fd, SOURCE_DEVICE(k), e);
	if (tree == -ENOSYS)
		src = open_host_node(d, e);
	if (tree < 0 && src < 0)
		return tree == -ENOSYS ? src : tree;
	file = sys_open(dir_fd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0666);
	dst = file < 0 ? file : sys_open(dir_fd, name, O_PATH | O_NOFOLLOW, 0);
	if (dst < 0)
		return err_set(e, dst, "make %s", d->path);
	return tree >= 0 ? bind_attach_tree(tree, NULL, dst, e)
			 : bind_attach(src, false, NULL, dst, r->root_fd, d->path, e);
}

static int make_node(struct rootfs *r, int dir_fd, const char *name, const struct oci_device *d,
		     struct err *e)
{
	int ret = r->in_userns ? -EPERM
			       : sys_mknod(dir_fd, name, rootfs_device_type(d) | d->mode,
					   makedev(d->major, d->minor));

	if (ret == -EPERM)
		return bind_node(r, dir_fd, name, d, e);
	if (ret == -EEXIST)
		return check_existing(dir_fd, name, d, e);
	if (ret == 0 && (d->uid || d->gid))
		ret = sys_chown(dir_fd, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW);
	return ret < 0 ? err_set(e, ret, "make %s", d->path) : 0;
}

static int make_device(struct rootfs *r, const struct oci_device *d, struct err *e)
{
	char name[NAME_MAX + 1];
	auto_close int parent = -1;

	/* of the container's own devpts, whoever asks for the host's (Docker does, for a privileged one); as runc */
	if (str_eq(d->path, "/dev/ptmx"))
		return 0;
	parent = place_parent(r->root_fd, d->path, name, e);

	return parent < 0 ? parent : make_node(r, parent, name, d, e);
}

static int open_null(struct rootfs *r, int dev_fd, struct err *e)
{
	struct stat st;
	int ret;

	r->null_fd = sys_open(dev_fd, "null", O_PATH | O_NOFOLLOW, 0);
	ret = r->null_fd < 0 ? r->null_fd : sys_stat(r->null_fd, &st);
	if (ret < 0)
		return err_set(e, ret, "open /dev/null of the container");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_text(e, -EINVAL, "/dev/null of the container is no null device");
	return 0;
}

int rootfs_devices(struct rootfs *r, struct err *e)
{
	auto_close int dev = -1;
	int ret = 0;

	if (mounts_bind_on_dev(r->spec))
		return 0;
	dev = rooted_mkdirs(r->root_fd, "/dev", 0755, 0, 0, e);
	if (dev < 0)
		return dev;
	for (size_t i = 0; i < ARRAY_LEN(defaults) && ret == 0; i++)
		ret = make_node(r, dev, defaults[i].path + strlen("/dev/"), &defaults[i], e);
	for (size_t i = 0; i < ARRAY_LEN(links) && ret == 0; i++) {
		struct stat st;

		/* many kernels have no /proc/kcore; then the link would lead nowhere */
		if (str_eq(links[i].name, "core") &&
		    sys_statat(AT_FDCWD, "/proc/kcore", &st, 0) < 0)
			continue;
		ret = sys_symlink(links[i].target, dev, links[i].name);
		ret = ret == -EEXIST ? 0
		      : ret < 0	     ? err_set(e, ret, "link /dev/%s", links[i].name)
				     : 0;
	}
	if (ret == 0)
		ret = open_null(r, dev, e);
	for (size_t i = 0; i < r->spec->n_devices && ret == 0; i++)
		ret = make_device(r, &r->spec->devices[i], e);
	return ret;
}

int rootfs_devices_seal(struct rootfs *r, struct err *e)
{
	auto_close int dev = -1;

	if (!r->dev_ro)
		return 0;
	dev = rooted_open(r->root_fd, "/dev", O_PATH | O_DIRECTORY, 0, e);
	return dev < 0 ? dev : bind_set(dev, &mount_opts_read_only, e);
}

/* The pair comes from the container's own devpts; its slave from the master's descriptor, never by a path (CVE-2025-52565). */
static int open_pair(struct rootfs *r, int *ret_master, struct err *e)
{
	auto_close int master = rooted_open(r->root_fd, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0, e);

	if (master < 0)
		return master;
	r->pts_fd = terminal_slave(master, &r->spec->process, e);
	if (r->pts_fd < 0)
		return r->pts_fd;
	*ret_master = take_fd(&master);
	return 0;
}

static int console_node(struct rootfs *r, struct err *e)
{
	auto_close int dev = rooted_open(r->root_fd, "/dev", O_PATH | O_DIRECTORY, 0, e);
	auto_close int file = -1;
	auto_close int node = -1;
	struct stat st;
	int ret;

	if (dev < 0)
		return dev;
	file = sys_open(dev, "console", O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0600);
	node = file < 0 && file != -EEXIST ? file
					   : sys_open(dev, "console", O_PATH | O_NOFOLLOW, 0);
	ret = node < 0 ? node : sys_stat(node, &st);
	if (ret < 0)
		return err_set(e, ret, "make /dev/console");
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return err_text(e, -EEXIST, "/dev/console in the root is neither file nor device");
	return bind_attach(r->pts_fd, false, NULL, node, r->root_fd, "/dev/console", e);
}

int rootfs_console(struct rootfs *r, int socket_fd, struct err *e)
{
	static const char name[] = "/dev/ptmx";
	auto_close int master = -1;
	int ret = open_pair(r, &master, e);

	if (ret == 0)
		ret = sys_send_fds(socket_fd, name, strlen(name), &master, 1);
	if (ret < 0)
		return err_wrap(e, "terminal")
			       ? e->code
			       : err_set(e, ret, "send the terminal to the console socket");
	return mounts_bind_on_dev(r->spec) ? 0 : console_node(r, e);
}
