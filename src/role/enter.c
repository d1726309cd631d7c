/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From root with everything to a role with almost nothing. The order is given by what each step
 * needs: namespaces and mounts want CAP_SYS_ADMIN, the bounding set CAP_SETPCAP, identity
 * CAP_SETUID/SETGID; the filter comes last because it forbids all of these. There is no step that may
 * fail: a role that is less confined than its row says does not run.
 */
#include "role/role.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/mnt.h"
#include "sys/ns.h"
#include "sys/watch.h"

#define EXIT_NOT_CONFINED 70  /* EX_SOFTWARE of sysexits.h */
#define OOM_SCORE_ADJ	  500 /* before any container that asked for nothing else */
#define NAMES_FILE_MAX	  (64 * 1024)
#define LAST_CAP	  63
#define FD_RESOLV_CONF	  (ROLE_FD_ARG + 2)
#define FD_HOSTS	  (ROLE_FD_ARG + 3)
#define FD_STAGING	  (ROLE_FD_ARG + 1)

/* A place to mount on that exists wherever we were executed by way of /proc/self/exe. In the mount
 * namespace of the role alone. */
#define MOUNT_PLACE "/proc"

/* Not stdio: its buffers and locks are not worth a role's memory, and a cut message is no harm. */
static _Noreturn void refuse(const struct role *r, const char *what, int code)
{
	char text[200];
	int n = snprintf(text, sizeof(text), "cleat %s: not started: %s: %s\n", r->name, what,
			 err_name(code));

	if (n > 0)
		sys_write(2, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	sys_exit_now(EXIT_NOT_CONFINED);
}

static void must(const struct role *r, const char *what, int result)
{
	if (result < 0)
		refuse(r, what, result);
}

/* code and static memory of the whole program, mapped in each role whether it uses them or not */
static uint64_t program_bytes(void)
{
	extern const char __executable_start[], _end[]; /* the linker's */

	return (uint64_t)(uintptr_t)_end - (uint64_t)(uintptr_t)__executable_start;
}

static void limit(const struct role *r, const char *what, int resource, uint64_t value)
{
	must(r, what, sys_set_rlimit(resource, value, value));
}

static int copy_name_file(int from_fd, int dir_fd, const char *name)
{
	auto_close int fd = -1;
	char chunk[1024];
	size_t total = 0;
	ssize_t n;

	fd = sys_open(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
	if (fd < 0)
		return fd;
	sys_seek(from_fd, 0, SEEK_SET);
	while ((n = sys_read(from_fd, chunk, sizeof(chunk))) > 0) {
		int r;

		total += (size_t)n;
		if (total > NAMES_FILE_MAX)
			return -EFBIG;
		r = sys_write_all(fd, chunk, (size_t)n);
		if (r < 0)
			return r;
	}
	return n < 0 ? (int)n : 0;
}

static int copy_names(void)
{
	auto_close int etc = -1;
	int r = sys_mkdir(AT_FDCWD, "etc", 0755);

	if (r < 0)
		return r;
	etc = sys_open(AT_FDCWD, "etc", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (etc < 0)
		return etc;
	r = copy_name_file(FD_RESOLV_CONF, etc, "resolv.conf");
	return r < 0 ? r : copy_name_file(FD_HOSTS, etc, "hosts");
}

static void empty_root(const struct role *r)
{
	const unsigned long flags = MS_NODEV | MS_NOSUID | MS_NOEXEC;

	must(r, "mount a root",
	     sys_mount("none", MOUNT_PLACE, "tmpfs", flags, "size=256k,nr_inodes=8,mode=755"));
	must(r, "enter the root", sys_chdir(MOUNT_PLACE));
	if (r->root == ROLE_ROOT_NAMES)
		must(r, "copy resolv.conf and hosts", copy_names());
	must(r, "make the root read-only",
	     sys_mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL));
}

/*
 * The staging directory becomes a mount of its own, nodev above all: the role may make device nodes
 * that a layer holds, but must not be able to open one.
 */
static void staging_root(const struct role *r)
{
	const unsigned long flags =
		MS_NODEV | MS_NOSUID | MS_NOEXEC | (r->root == ROLE_ROOT_TREE ? MS_RDONLY : 0);

	must(r, "bind the staging directory", sys_mount(".", MOUNT_PLACE, NULL, MS_BIND, NULL));
	must(r, "restrict the staging directory",
	     sys_mount(NULL, MOUNT_PLACE, NULL, MS_REMOUNT | MS_BIND | flags, NULL));
	must(r, "enter the staging directory", sys_chdir(MOUNT_PLACE));
}

static bool has_tree(const struct role *r)
{
	return r->root == ROLE_ROOT_STAGING || r->root == ROLE_ROOT_TREE;
}

static void take_root(const struct role *r)
{
	auto_close int fd = -1;

	must(r, "make mounts private", sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (has_tree(r))
		staging_root(r);
	else
		empty_root(r);
	must(r, "change the root", sys_take_root());
	if (!has_tree(r))
		return;
	/* what was handed over lies on the old mount, without nodev */
	fd = sys_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
	must(r, "open the staging directory", fd);
	must(r, "replace the staging directory", sys_dup_to(fd, FD_STAGING));
}

static void bound_caps(const struct role *r, uint64_t keep)
{
	for (unsigned int cap = 0; cap <= LAST_CAP; cap++) {
		int x = keep & ROLE_CAP(cap) ? 0 : sys_drop_bounding(cap);

		if (x == -EINVAL)
			break; /* behind the kernel's last */
		must(r, "cut the bounding set", x);
	}
}

static void drop_identity(const struct role *r)
{
	const uint64_t keep = r->as_root ? r->caps : 0;
	const struct sys_caps caps = {.effective = keep, .permitted = keep};

	must(r, "clear ambient capabilities", sys_ambient_clear());
	bound_caps(r, keep);
	must(r, "drop groups", sys_set_groups(NULL, 0));
	if (!r->as_root) {
		must(r, "change gid", sys_set_gid(ROLE_UID));
		must(r, "change uid", sys_set_uid(ROLE_UID));
		limit(r, "limit processes", RLIMIT_NPROC, 0);
	}
	must(r, "drop capabilities", sys_set_caps(&caps));
	must(r, "forbid new privileges", sys_set_no_new_privs());
	must(r, "forbid tracing", sys_set_dumpable(false));
	/* the kernel forgot it when the identity changed */
	must(r, "die with the starter", sys_set_death_signal(SIGKILL));
	if (sys_poll_one(ROLE_FD_PEER, 0, 0) & POLLHUP)
		refuse(r, "the starter is gone", -EPIPE);
}

static void filter_calls(const struct role *r)
{
	static struct sock_filter prog[SYS_SECCOMP_MAX_PROGRAM];
	int n = sys_seccomp_compile(prog, sizeof(prog) / sizeof(prog[0]), r->calls, r->call_args,
				    r->n_call_args);

	must(r, "compile the system call filter", n);
	must(r, "load the system call filter", sys_seccomp_load(prog, (size_t)n, 0));
}

void role_enter(const struct role *r)
{
	const int spaces = CLONE_NEWNS | CLONE_NEWIPC | (r->keep_net ? 0 : CLONE_NEWNET);

	sys_set_name(r->name);
	must(r, "close descriptors", sys_close_from(ROLE_FD_ARG + (int)r->n_args, NULL, 0));
	must(r, "become a first victim of memory pressure", sys_set_oom_score_adj(OOM_SCORE_ADJ));
	/* unshare takes the working directory along into the new mount namespace, but no descriptor */
	if (has_tree(r))
		must(r, "go to the staging directory", sys_fchdir(FD_STAGING));
	must(r, "leave namespaces", sys_unshare(spaces));
	take_root(r);
	sys_set_umask(r->root == ROLE_ROOT_STAGING ? 0 : 077);
	limit(r, "limit descriptors", RLIMIT_NOFILE, r->max_fds);
	limit(r, "limit core dumps", RLIMIT_CORE, 0);
	limit(r, "limit memory", RLIMIT_AS, (uint64_t)r->max_memory_kib * 1024 + program_bytes());
	drop_identity(r);
	filter_calls(r);
}
