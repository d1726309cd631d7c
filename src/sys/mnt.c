/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/mnt.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/ret.h"

int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
	      const char *data)
{
	return SYS_RET(syscall(SYS_mount, source, target, type, flags, data));
}

int sys_umount(const char *target, int flags)
{
	return SYS_RET(syscall(SYS_umount2, target, flags));
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return SYS_RET(syscall(SYS_pivot_root, new_root, put_old));
}

int sys_open_tree(int dir_fd, const char *path, unsigned int flags)
{
	return SYS_RET(syscall(SYS_open_tree, dir_fd, path, flags | OPEN_TREE_CLOEXEC));
}

int sys_move_mount(int from_fd, int to_fd)
{
	return SYS_RET(syscall(SYS_move_mount, from_fd, "", to_fd, "",
			       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

int sys_mount_setattr(int fd, unsigned int flags, uint64_t set, uint64_t clear,
		      uint64_t propagation)
{
	struct mount_attr attr = {.attr_set = set, .attr_clr = clear, .propagation = propagation};

	return SYS_RET(
		syscall(SYS_mount_setattr, fd, "", flags | AT_EMPTY_PATH, &attr, sizeof(attr)));
}

int sys_mount_idmap(int fd, unsigned int flags, int userns_fd)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns_fd};

	return SYS_RET(
		syscall(SYS_mount_setattr, fd, "", flags | AT_EMPTY_PATH, &attr, sizeof(attr)));
}

int sys_fsmount_new(const char *type, const char *key, const char *value, unsigned int attr_flags)
{
	auto_close int fs = SYS_RET(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
	int r;

	if (fs < 0)
		return fs;
	if (key)
		syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0);
	r = SYS_RET(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	if (r < 0)
		return r;
	return SYS_RET(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attr_flags));
}

int sys_chroot(const char *path)
{
	return SYS_RET(chroot(path));
}

int sys_take_root(void)
{
	int r = sys_pivot_root(".", ".");

	if (r == 0)
		r = sys_umount(".",
			       2 /* MNT_DETACH */); /* the old root lies on top of the new one */
	else if (r == -EINVAL)
		r = sys_mount(".", "/", NULL, MS_MOVE, NULL);
	if (r == 0)
		r = sys_chroot(".");
	return r < 0 ? r : sys_chdir("/");
}
