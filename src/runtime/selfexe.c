/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/selfexe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/mnt.h"
#include "sys/ns.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* A read-only mount, wherever it is: the file cannot be opened for writing through this reference. */
static bool is_protected(int fd)
{
	struct statfs fs;

	return (sys_statfs(fd, &fs) == 0 && fs.f_flags & ST_RDONLY) || sys_get_seals(fd) == SEALS;
}

static int read_only_mount(int exe)
{
	auto_close int tree = sys_open_tree(exe, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	int r;

	if (tree < 0)
		return tree;
	r = sys_mount_setattr(tree, 0, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE);
	return r < 0 ? r : take_fd(&tree);
}

static int sealed_copy(void)
{
	static char block[16 * 1024];
	auto_close int copy = sys_memfd("cleat", MFD_ALLOW_SEALING);
	auto_close int from = sys_open(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0);
	ssize_t n = 1;
	int r = 0;

	if (copy < 0 || from < 0)
		return copy < 0 ? copy : from;
	while (n > 0 && r == 0) {
		n = sys_read(from, block, sizeof(block));
		if (n > 0)
			r = sys_write_all(copy, block, (size_t)n);
	}
	if (r == 0 && n == 0)
		r = sys_add_seals(copy, SEALS);
	return r < 0 ? r : n < 0 ? (int)n : take_fd(&copy);
}

int selfexe_protect(char *const *argv, struct err *e)
{
	/* not O_PATH: such a descriptor does not tell its seals */
	auto_close int exe = sys_open(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0);
	auto_close int again = -1;
	int r;

	if (exe < 0)
		return err_set(e, exe, "open /proc/self/exe");
	if (is_protected(exe))
		return 0;
	again = read_only_mount(exe);
	if (again < 0)
		again = sealed_copy();
	if (again < 0)
		return err_set(e, again, "protect our own program from containers");
	if (!is_protected(again))
		return err_text(e, -EPERM,
				"protect our own program from containers: it is still writable");
	r = sys_exec_fd(again, argv, environ);
	return err_set(e, r, "execute our own program again");
}
