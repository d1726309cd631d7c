/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AppArmor profile and SELinux label of the program. They are set as "on exec", so they do not hinder
 * the last steps of the runtime. The files are opened before the container's root is entered and
 * written after: hooks that run in between keep the runtime's label.
 */
#include "runtime/confine/label.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>

#include "base/str.h"
#include "file/procfs.h"
#include "sys/fd.h"

static bool has_apparmor(void)
{
	auto_close int fd =
		sys_open(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", O_RDONLY, 0);
	char c;

	return fd >= 0 && sys_read(fd, &c, 1) == 1 && c == 'Y';
}

bool label_has_selinux(void)
{
	auto_close int fd = sys_open(AT_FDCWD, "/sys/fs/selinux", O_PATH | O_DIRECTORY, 0);
	struct statfs fs;

	return fd >= 0 && sys_statfs(fd, &fs) == 0 && fs.f_type == SELINUX_MAGIC;
}

int label_open(const struct oci_process *p, struct label *ret, struct err *e)
{
	auto_close int procfs = -1;

	*ret = LABEL_INIT;
	if (!str_empty(p->apparmor)) {
		if (has_apparmor()) {
			ret->apparmor_fd =
				procfs_open(&procfs, "self/attr/apparmor/exec", O_WRONLY);
			if (ret->apparmor_fd == -ENOENT) /* Linux < 5.8 */
				ret->apparmor_fd = procfs_open(&procfs, "self/attr/exec", O_WRONLY);
			if (ret->apparmor_fd < 0)
				return err_set(e, ret->apparmor_fd, "process.apparmorProfile");
		} else if (!str_eq(p->apparmor, "unconfined")) {
			return err_text(e, -EOPNOTSUPP,
					"process.apparmorProfile \"%.64s\": AppArmor is not "
					"enabled on this machine",
					p->apparmor);
		}
	}
	if (str_empty(p->selinux))
		return 0;
	if (!label_has_selinux())
		return err_text(e, -EOPNOTSUPP,
				"process.selinuxLabel \"%.64s\": SELinux is not enabled on this "
				"machine",
				p->selinux);
	ret->selinux_fd = procfs_open(&procfs, "self/attr/exec", O_WRONLY);
	return ret->selinux_fd < 0 ? err_set(e, ret->selinux_fd, "process.selinuxLabel") : 0;
}

/* One write: the kernel takes no label in parts. */
static int write_label(int *fd, const char *text)
{
	ssize_t n = sys_write(*fd, text, strlen(text));

	sys_close(take_fd(fd));
	return n < 0 ? (int)n : 0;
}

int label_apply(const struct oci_process *p, struct label *l, struct err *e)
{
	char text[512];
	int r = 0;

	if (l->apparmor_fd >= 0) {
		r = str_printf(text, sizeof(text), "exec %s", p->apparmor);
		if (r >= 0)
			r = write_label(&l->apparmor_fd, text);
		if (r < 0)
			return err_set(e, r, "AppArmor profile \"%.64s\"", p->apparmor);
	}
	if (l->selinux_fd >= 0)
		r = write_label(&l->selinux_fd, p->selinux);
	return r < 0 ? err_set(e, r, "SELinux label \"%.64s\"", p->selinux) : 0;
}
