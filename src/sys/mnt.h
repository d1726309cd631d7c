/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/mount.h>
#include <stdint.h>

/*
 * Mounts: the calls as they are. Which of the old and the new interface to use is decided by the
 * caller on -ENOSYS (runtime/bind.c). Use this header for MS_*, never <sys/mount.h> beside it.
 */

int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
	      const char *data);
int sys_umount(const char *target, int flags); /* flags: 2 = MNT_DETACH, 8 = UMOUNT_NOFOLLOW */
int sys_pivot_root(const char *new_root, const char *put_old);

/** sys_open_tree() - Linux 5.2. @flags: OPEN_TREE_CLONE, AT_RECURSIVE, AT_EMPTY_PATH, ...; O_CLOEXEC is added */
int sys_open_tree(int dir_fd, const char *path, unsigned int flags);

/** sys_move_mount() - attach the tree @from_fd on what @to_fd refers to. Linux 5.2 */
int sys_move_mount(int from_fd, int to_fd);

/** sys_mount_setattr() - on the mount that @fd is the root of. Linux 5.12. @flags: 0 or AT_RECURSIVE */
int sys_mount_setattr(int fd, unsigned int flags, uint64_t set, uint64_t clear,
		      uint64_t propagation);

/** sys_mount_idmap() - show the ids of the detached mount @fd as @userns_fd maps them. Linux 5.12. -EINVAL:
 *  the file system cannot; -EPERM: it is mapped already, or the file system is not ours. @flags as above */
int sys_mount_idmap(int fd, unsigned int flags, int userns_fd);

/** sys_fsmount_new() - a detached file system with the option @key=@value unless NULL, left out where
 *  the kernel does not know it. Linux 5.2 */
int sys_fsmount_new(const char *type, const char *key, const char *value, unsigned int attr_flags);

int sys_chroot(const char *path);

/**
 * sys_take_root() - make the mount point that is the working directory this mount namespace's root
 *
 * pivot_root and lazy unmount of the old root. In an initramfs, which cannot be pivoted away from,
 * the mount is moved over the root instead. The namespace's mounts must be private.
 */
int sys_take_root(void);
