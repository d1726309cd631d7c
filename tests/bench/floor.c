/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor - a container for the least number of system calls: what a runtime needs beyond this is its own.
 *
 *	floor v1|v2 ROOT [--spec] [--seccomp FILE] PROGRAM [ARG...]
 *
 * One static process without configuration, allocation or state: new pid, mount, ipc, uts, net and
 * cgroup namespaces; one cgroup (v1: in each hierarchy that an OCI runtime uses); ROOT bound and
 * pivoted to; /proc /sys /dev with nodes and links, pts, shm; Docker's capabilities; no_new_privs;
 * exec; wait; removal. --spec adds what the default configuration of engines asks for: mqueue, the
 * cgroup mount, masked and read-only paths. --seccomp loads a compiled filter.
 *
 * Exit status: the program's, or 125.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define CGROOT "/sys/fs/cgroup"
#define QUIET  (MS_NOSUID | MS_NOEXEC | MS_NODEV)

static const char *const v1_trees[] = {"systemd", "memory",  "pids",	"cpu",	 "cpuacct",
				       "cpuset",  "devices", "freezer", "blkio", NULL};
static const char *const v2_trees[] = {"", NULL};
static const char *const *trees;
static bool v2, spec;
static char name[32];
static struct sock_filter filter[4096];
static size_t n_filter;

static void need(bool good, const char *what)
{
	if (good)
		return;
	dprintf(2, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

static const char *cg(const char *tree, const char *tail)
{
	static char path[256];

	snprintf(path, sizeof(path), CGROOT "/%s/%s%s", tree, name, tail);
	return path;
}

static void put(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	need(fd >= 0 && write(fd, text, len) == (ssize_t)len, path);
	close(fd);
}

static void copy_cpuset(const char *file)
{
	char text[256], from[128];
	int fd;
	ssize_t n = -1;

	snprintf(from, sizeof(from), CGROOT "/cpuset%s", file);
	fd = open(from, O_RDONLY | O_CLOEXEC);
	need(fd >= 0 && (n = read(fd, text, sizeof(text))) > 0, from);
	close(fd);
	put(cg("cpuset", file), text, (size_t)n);
}

static void bind_root(const char *root)
{
	need(!mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "propagation");
	need(!mount(root, root, NULL, MS_BIND | MS_REC, NULL) && !chdir(root), root);
}

static void mounts(void)
{
	static const struct {
		const char *path;
		unsigned int minor;
	} mem[] = {{"dev/null", 3},
		   {"dev/zero", 5},
		   {"dev/full", 7},
		   {"dev/random", 8},
		   {"dev/urandom", 9}};

	umask(0);
	need(!mount("proc", "proc", "proc", QUIET, NULL), "proc");
	need(!mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=64m"),
	     "dev");
	for (size_t i = 0; i < sizeof(mem) / sizeof(*mem); i++)
		need(!mknod(mem[i].path, S_IFCHR | 0666, makedev(1, mem[i].minor)), mem[i].path);
	need(!mknod("dev/tty", S_IFCHR | 0666, makedev(5, 0)), "dev/tty");
	need(!symlink("/proc/self/fd", "dev/fd") && !symlink("/proc/self/fd/0", "dev/stdin") &&
		     !symlink("/proc/self/fd/1", "dev/stdout") &&
		     !symlink("/proc/self/fd/2", "dev/stderr") && !symlink("pts/ptmx", "dev/ptmx"),
	     "links");
	need(!mkdir("dev/pts", 0755) && !mkdir("dev/shm", 01777), "dev/pts");
	need(!mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		    "newinstance,ptmxmode=0666,mode=0620,gid=5"),
	     "devpts");
	need(!mount("shm", "dev/shm", "tmpfs", QUIET, "mode=1777,size=65536k"), "shm");
	need(!mount("sysfs", "sys", "sysfs", QUIET | MS_RDONLY, NULL), "sys");
}

static void cgroup_mount(void)
{
	char path[128];

	if (v2) {
		need(!mount("cgroup", "sys/fs/cgroup", "cgroup2", QUIET | MS_RDONLY, NULL),
		     "cgroup2");
		return;
	}
	need(!mount("cgroup", "sys/fs/cgroup", "tmpfs", QUIET, "mode=755"), "cgroup");
	for (const char *const *t = trees; *t; t++) {
		snprintf(path, sizeof(path), "sys/fs/cgroup/%s", *t);
		need(!mkdir(path, 0755) && !mount("cgroup", path, "cgroup", QUIET | MS_RDONLY,
						  strcmp(*t, "systemd") ? *t : "none,name=systemd"),
		     path);
	}
	need(!mount(NULL, "sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | QUIET, NULL),
	     "cgroup ro");
}

static void hide(void)
{
	static const char *const masked[] = {
		"proc/acpi",	   "proc/asound",      "proc/interrupts",
		"proc/kcore",	   "proc/keys",	       "proc/latency_stats",
		"proc/timer_list", "proc/timer_stats", "proc/sched_debug",
		"proc/scsi",	   "sys/firmware",     "sys/devices/virtual/powercap"};
	static const char *const ro[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys",
					 "proc/sysrq-trigger"};
	struct stat st;

	for (size_t i = 0; i < sizeof(ro) / sizeof(*ro); i++)
		if (!mount(ro[i], ro[i], NULL, MS_BIND | MS_REC, NULL))
			need(!mount(NULL, ro[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | QUIET,
				    NULL),
			     ro[i]);
	for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++) {
		if (stat(masked[i], &st))
			continue;
		need(!(S_ISDIR(st.st_mode) ? mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, "size=0")
					   : mount("dev/null", masked[i], NULL, MS_BIND, NULL)),
		     masked[i]);
	}
}

static void drop(void)
{
	const uint32_t keep = 0xa80425fb; /* Docker's 14 capabilities */
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {{keep, keep, 0}, {0, 0, 0}};
	struct sock_fprog p = {.len = (unsigned short)n_filter, .filter = filter};

	for (unsigned long c = 0; c <= 40; c++)
		if (c > 31 || !(keep >> c & 1))
			prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	need(!syscall(SYS_capset, &h, d), "capset");
	need(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	need(!n_filter || !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p), "seccomp");
}

static void inside(const char *root, char **argv)
{
	static char *const env[] = {(char *)"PATH=/bin", NULL};

	if (!v2)
		for (const char *const *t = trees; *t; t++)
			put(cg(*t, "/cgroup.procs"), "0", 1);
	need(!unshare(CLONE_NEWCGROUP), "cgroup namespace");
	bind_root(root);
	mounts();
	if (spec) {
		need(!mkdir("dev/mqueue", 01777) &&
			     !mount("mqueue", "dev/mqueue", "mqueue", QUIET, NULL),
		     "mqueue");
		cgroup_mount();
		hide();
	}
	need(!syscall(SYS_pivot_root, ".", ".") && !umount2(".", MNT_DETACH) && !chdir("/"),
	     "pivot_root");
	need(!sethostname("floor", 5), "hostname");
	drop();
	execve(argv[0], argv, env);
	need(false, argv[0]);
}

static void make_cgroups(void)
{
	for (const char *const *t = trees; *t; t++)
		need(!mkdir(cg(*t, ""), 0755), *t);
	if (!v2) {
		copy_cpuset("/cpuset.cpus");
		copy_cpuset("/cpuset.mems");
	}
}

static void remove_cgroups(void)
{
	for (const char *const *t = trees; *t; t++)
		for (int i = 0; rmdir(cg(*t, "")) && errno == EBUSY && i < 10000; i++)
			usleep(100);
}

static void load_filter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, filter, sizeof(filter));

	need(n > 0, path);
	close(fd);
	n_filter = (size_t)n / sizeof(*filter);
}

int main(int argc, char **argv)
{
	struct clone_args a = {.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |
					CLONE_NEWNET,
			       .exit_signal = SIGCHLD};
	int i = 3, fd = -1, status;
	pid_t pid;

	errno = EINVAL;
	need(argc > 3, "usage: floor v1|v2 ROOT [--spec] [--seccomp FILE] PROGRAM [ARG...]");
	v2 = !strcmp(argv[1], "v2");
	trees = v2 ? v2_trees : v1_trees;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--spec"))
			spec = true;
		else
			load_filter(argv[++i]);
	}
	snprintf(name, sizeof(name), "floor.%d", (int)getpid());
	make_cgroups();
	if (v2) {
		fd = open(cg("", ""), O_PATH | O_DIRECTORY | O_CLOEXEC);
		need(fd >= 0, "cgroup");
		a.flags |= CLONE_INTO_CGROUP;
		a.cgroup = (uint64_t)fd;
	}
	pid = (pid_t)syscall(SYS_clone3, &a, sizeof(a));
	need(pid >= 0, "clone3");
	if (pid == 0)
		inside(argv[2], argv + i);
	need(waitpid(pid, &status, 0) == pid, "wait");
	remove_cgroups();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
