/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages from the kernel's hand-over to the engine's start. What a stage cannot do is said on
 * the console and the boot goes on: a machine that still answers is worth more than a clean stop.
 * The one exception is the data partition, without which the engine would start from nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/buf.h"
#include "base/str.h"
#include "init/init.h"
#include "sys/boot.h"
#include "sys/fd.h"
#include "sys/mnt.h"
#include "sys/ns.h"
#include "sys/watch.h"

static const char *setting(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value ? value : fallback;
}

void init_settings_load(struct init_settings *s)
{
	*s = (struct init_settings){
		.data = setting("cleat_data", CONFIG_INIT_DATA_DEVICE),
		.data_fs = setting("cleat_data_fs", CONFIG_INIT_DATA_FSTYPE),
		.hostname = setting("cleat_hostname", "cleat"),
		.interface = setting("cleat_if", "eth0"),
		.ip = setting("cleat_ip", ""),
		.gateway = setting("cleat_gw", ""),
		.dns = setting("cleat_dns", ""),
		.console = setting("cleat_console", CONFIG_INIT_CONSOLE),
	};
}

static const struct early_mount {
	const char *source, *target, *fstype;
	unsigned long flags;
	const char *options;
} early_mounts[] = {
	{"proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755"},
	{"devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,gid=5,ptmxmode=0666"},
	{"tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"},
	{"tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"},
	{"tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"},
	{"cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
};

void init_mount_early(void)
{
	for (size_t i = 0; i < ARRAY_LEN(early_mounts); i++) {
		const struct early_mount *m = &early_mounts[i];
		int r;

		sys_mkdir(AT_FDCWD, m->target, 0755); /* sysfs makes its own; -EEXIST is usual */
		r = sys_mount(m->source, m->target, m->fstype, m->flags, m->options);
		if (r < 0 && r != -EBUSY) /* busy: the kernel or an earlier stage has mounted it */
			init_say("mount %s on %s: %s", m->fstype, m->target, err_name(r));
	}
}

/*
 * An initramfs is the one file system that pivot_root cannot leave (EINVAL), so containers could only be
 * locked in by chroot. Bound onto itself and moved over the root it is a mount like any other, without
 * a byte copied.
 */
void init_leave_initramfs(void)
{
	static const char dir[] = "/.root";
	auto_close int fd = sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	struct statfs fs;
	int r;

	if (fd < 0 || sys_statfs(fd, &fs) < 0 ||
	    (fs.f_type != RAMFS_MAGIC && fs.f_type != TMPFS_MAGIC))
		return;
	r = sys_mkdir(AT_FDCWD, dir, 0755);
	if (r == 0 || r == -EEXIST)
		r = sys_mount("/", dir, NULL, MS_BIND, NULL);
	if (r == 0)
		r = sys_chdir(dir);
	if (r == 0)
		r = sys_mount(".", "/", NULL, MS_MOVE, NULL);
	if (r == 0)
		r = sys_chroot(".");
	if (r == 0)
		r = sys_chdir("/");
	if (r < 0)
		init_say("leave the initramfs: %s; containers will not start", err_name(r));
	sys_unlink(AT_FDCWD, dir, AT_REMOVEDIR);
}

/* Each controller on its own: one that the kernel lacks must not take the others with it. */
void init_cgroups(void)
{
	static const char *const controllers[] = {"+cpu", "+cpuset", "+memory", "+pids", "+io"};
	char names[64];
	struct buf on;

	buf_init(&on, names, sizeof(names));
	for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
		auto_close int fd =
			sys_open(AT_FDCWD, "/sys/fs/cgroup/cgroup.subtree_control", O_WRONLY, 0);

		if (fd >= 0 && sys_write_all(fd, controllers[i], span_of(controllers[i]).len) == 0)
			buf_printf(&on, " %s", controllers[i] + 1);
	}
	init_say("cgroup v2 controllers:%s",
		 on.len ? names : " none; limits of containers will be refused");
}

void init_hostname(const struct init_settings *s)
{
	int r = sys_set_hostname(s->hostname);

	if (r < 0)
		init_say("hostname %s: %s", s->hostname, err_name(r));
}

static int make_data_dir(struct err *e)
{
	static const char *const parts[] = {"/var", "/var/lib", INIT_DATA_PATH};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		r = sys_mkdir(AT_FDCWD, parts[i], 0755);
		if (r < 0 && r != -EEXIST)
			return err_set(e, r, "mkdir %s", parts[i]);
	}
	return 0;
}

static bool wait_for_device(const char *path)
{
	struct stat st;

	for (int i = 0; i < CONFIG_INIT_DATA_WAIT_S * 50; i++) {
		if (sys_statat(AT_FDCWD, path, &st, 0) == 0 && S_ISBLK(st.st_mode))
			return true;
		sys_sleep_ms(20);
	}
	return false;
}

int init_data(const struct init_settings *s, struct err *e)
{
	int r = make_data_dir(e);

	if (r < 0)
		return r;
	if (str_empty(s->data)) {
		r = sys_mount("tmpfs", INIT_DATA_PATH, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0711");
		if (r < 0)
			return err_set(e, r, "mount a tmpfs on " INIT_DATA_PATH);
		init_say("no data partition is set (cleat_data=): images and volumes are in memory "
			 "and will be lost at power-off");
		return 0;
	}
	if (!wait_for_device(s->data))
		return err_text(
			e, -ENODEV,
			"data partition %s did not appear within %d s: check cleat_data= and the "
			"modules in /etc/cleat/modules",
			s->data, CONFIG_INIT_DATA_WAIT_S);
	r = sys_mount(s->data, INIT_DATA_PATH, s->data_fs, MS_NOSUID | MS_NODEV | MS_NOATIME, NULL);
	if (r < 0)
		return err_set(e, r, "mount %s (%s) on " INIT_DATA_PATH, s->data, s->data_fs);
	init_say("data: %s (%s)", s->data, s->data_fs);
	return 0;
}

static void write_resolv_conf(const char *dns)
{
	auto_close int fd = -1;
	char text[128];
	int len = str_printf(text, sizeof(text), "nameserver %s\n", dns);

	sys_mkdir(AT_FDCWD, "/etc", 0755);
	fd = sys_open(AT_FDCWD, "/etc/resolv.conf", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (len < 0 || fd < 0 || sys_write_all(fd, text, (size_t)len) < 0)
		init_say("/etc/resolv.conf could not be written: names will not resolve");
}

/* The words are parsed by a process of their own; PID 1 only waits for it. */
void init_address(const struct init_settings *s)
{
	const char *argv[] = {"cleat", "@host", s->interface, s->ip, s->gateway, NULL};
	const int fds[] = {-1, 2, 2};
	const struct sys_spawn spawn = {
		.path = "/proc/self/exe", .argv = argv, .fds = fds, .n_fds = 3, .cgroup_fd = -1};
	auto_close int pidfd = -1;
	struct sys_exit x = {0};
	pid_t pid;

	if (!str_empty(s->dns))
		write_resolv_conf(s->dns);
	pid = sys_spawn(&spawn, &pidfd);
	if (pid < 0)
		init_say("network set-up did not start: %s", err_name((int)pid));
	else if (sys_wait(pid, 0, &x) < 0 || sys_exit_code(x) != 0)
		init_say("network: %s is not configured", s->interface);
	else if (!str_empty(s->ip))
		init_say("network: %s %s", s->interface, s->ip);
}
