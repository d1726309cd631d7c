/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's root file system, mounted in the monitor's own mount namespace: it goes away with
 * the monitor and the container, whatever becomes of either. Layers are opened first and named by
 * descriptor, so that neither ':' nor ',' in a path can change the options, and 128 of them fit the
 * one page that mount(2) takes.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"
#include "monitor/monitor_state.h"
#include "sys/fd.h"
#include "sys/mem.h"
#include "sys/mnt.h"
#include "sys/proc.h"

#define ROOTFS	     "rootfs"
#define OPTIONS_SIZE 4096 /* a page, whatever its size */

static int put_path(struct buf *b, const char *key, const char *path, int *ret_fd, struct err *e)
{
	*ret_fd = sys_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	if (*ret_fd < 0)
		return err_set(e, *ret_fd, "open %s", path);
	buf_printf(b, "%s/proc/self/fd/%d", key, *ret_fd);
	return 0;
}

static int put_layers(struct buf *b, const struct monitor_mount *mnt, int *fds, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < mnt->n_lower; i++)
		r = put_path(b, i ? ":" : "lowerdir=", mnt->lower[i], &fds[i], e);
	if (r == 0 && mnt->upper)
		r = put_path(b, ",upperdir=", mnt->upper, &fds[mnt->n_lower], e);
	if (r == 0 && mnt->work)
		r = put_path(b, ",workdir=", mnt->work, &fds[mnt->n_lower + 1], e);
	if (r == 0 && mnt->options)
		buf_printf(b, ",%s", mnt->options);
	return r;
}

static int mount_layers(const char *target, const struct monitor_mount *mnt, struct err *e)
{
	static _Alignas(4096) char mem[OPTIONS_SIZE];
	int fds[MONITOR_MAX_LOWER + 2], r;
	struct buf b;

	for (size_t i = 0; i < MONITOR_MAX_LOWER + 2; i++)
		fds[i] = -1;
	buf_init(&b, mem, sizeof(mem));
	r = put_layers(&b, mnt, fds, e);
	if (r == 0 && !buf_ok(&b))
		r = err_text(e, -E2BIG,
			     "the overlay of %zu layers needs more than %d bytes of options",
			     mnt->n_lower, OPTIONS_SIZE);
	if (r == 0) {
		r = sys_mount("overlay", target, "overlay", mnt->upper ? 0 : MS_RDONLY, b.p);
		if (r < 0)
			err_set(e, r, "mount overlay of %zu layers on %s", mnt->n_lower, target);
	}
	for (size_t i = 0; i < MONITOR_MAX_LOWER + 2; i++)
		sys_close(fds[i]);
	sys_release(mem, sizeof(mem));
	return r;
}

/* overlayfs wants two layers or a writable one: a single layer that is only read is bound instead */
static int bind_layer(const char *target, const char *layer, struct err *e)
{
	int r = sys_mount(layer, target, NULL, MS_BIND, NULL);

	if (r == 0)
		r = sys_mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
	return r < 0 ? err_set(e, r, "bind %s to %s", layer, target) : 0;
}

int monitor_overlay(int run_fd, const char *run_dir, const struct monitor_mount *mnt, struct err *e)
{
	char target[512];
	int fd, r = sys_mkdir(run_fd, ROOTFS, 0700);

	if (r < 0 && r != -EEXIST)
		return err_set(e, r, "make %s/" ROOTFS, run_dir);
	if (str_printf(target, sizeof(target), "%s/" ROOTFS, run_dir) < 0)
		return err_set(e, -ENAMETOOLONG, "%s/" ROOTFS, run_dir);
	r = mnt->n_lower == 1 && !mnt->upper ? bind_layer(target, mnt->lower[0], e)
					     : mount_layers(target, mnt, e);
	if (r < 0)
		return r;
	fd = sys_open(run_fd, ROOTFS, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	return fd < 0 ? err_set(e, fd, "open %s", target) : fd;
}
