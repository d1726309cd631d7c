/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AppArmor profile and SELinux label of the program. They are set as "on exec", so they do not hinder
 * the last steps of the runtime. The procfs is opened before the container's root is entered, the files,
 * which nobody but their process may write, after: hooks that run in between keep the runtime's label.
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
	auto_close int fd = -1;

	*ret = LABEL_INIT;
	ret->apparmor = !str_empty(p->apparmor) && has_apparmor();
	ret->selinux = !str_empty(p->selinux) && label_has_selinux();
	if (!str_empty(p->apparmor) && !ret->apparmor && !str_eq(p->apparmor, "unconfined"))
		return err_text(e, -EOPNOTSUPP,
				"process.apparmorProfile \"%.64s\": AppArmor is not enabled on "
				"this machine",
				p->apparmor);
	if (!str_empty(p->selinux) && !ret->selinux)
		return err_text(e, -EOPNOTSUPP,
				"process.selinuxLabel \"%.64s\": SELinux is not enabled on this "
				"machine",
				p->selinux);
	if (!ret->apparmor && !ret->selinux)
		return 0;
	fd = procfs_open(&ret->procfs, "self/attr/exec", O_WRONLY);
	return fd < 0 ? err_set(e, fd, "labels of the process") : 0;
}

int label_keys(const struct oci_process *p, struct label *l, struct err *e)
{
	int r = l->selinux ? procfs_write(&l->procfs, "self/attr/keycreate", p->selinux,
					  strlen(p->selinux))
			   : 0;

	return r < 0 ? err_set(e, r, "SELinux label \"%.64s\"", p->selinux) : 0;
}

int label_apply(const struct oci_process *p, struct label *l, struct err *e)
{
	char text[512];
	int r = 0;

	if (l->apparmor) {
		r = str_printf(text, sizeof(text), "exec %s", p->apparmor);
		if (r >= 0)
			r = procfs_write(&l->procfs, "self/attr/apparmor/exec", text, strlen(text));
		if (r == -ENOENT) /* no such file: Linux < 5.8; or no such profile, once more */
			r = procfs_write(&l->procfs, "self/attr/exec", text, strlen(text));
		if (r < 0)
			return err_set(e, r, "AppArmor profile \"%.64s\"", p->apparmor);
	}
	if (l->selinux)
		r = procfs_write(&l->procfs, "self/attr/exec", p->selinux, strlen(p->selinux));
	if (l->procfs >= 0)
		sys_close(take_fd(&l->procfs));
	return r < 0 ? err_set(e, r, "SELinux label \"%.64s\"", p->selinux) : 0;
}

int label_file(int fd, const char *label, struct err *e)
{
	int r = str_empty(label) ? 0 : sys_setxattr(fd, "security.selinux", label, strlen(label));

	return r < 0 && r != -EOPNOTSUPP ? err_set(e, r, "SELinux label \"%.64s\"", label) : 0;
}

int label_mount(char *data, size_t cap, const char *label, struct err *e)
{
	size_t len = strlen(data);
	int r = str_empty(label) ? 0
				 : str_printf(data + len, cap - len, "%scontext=\"%s\"",
					      len ? "," : "", label);

	return r < 0 ? err_text(e, -E2BIG, "mount options are too long") : 0;
}
