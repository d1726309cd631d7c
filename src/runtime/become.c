/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last steps into the container's program. The texts of what is not found or not executable are
 * those that Docker, containerd and podman look for to choose between 126 and 127.
 */
#include "runtime/become.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "file/procfs.h"
#include "file/rooted.h"
#include "runtime/confine/caps.h"
#include "runtime/environ.h"
#include "runtime/stage.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/sched.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/*
 * CVE-2024-21626: a working directory like /proc/self/fd/7 must not lead out of the root. Magic links
 * are never followed by rooted_*, and no descriptor of the host is open any more.
 */
static int enter_cwd(const char *cwd, struct err *e)
{
	auto_close int root = sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	auto_close int fd = root < 0 ? root : rooted_mkdirs(root, cwd, 0755, 0, 0, e);
	int r = fd < 0 ? fd : sys_fchdir(fd);

	return r < 0 ? err_set(e, r, "working directory %s", cwd) : 0;
}

static int not_found(const char *name, int code, struct err *e)
{
	if (code == -EISDIR)
		return err_text(e, code, "exec: \"%s\": is a directory: permission denied", name);
	if (code == -EACCES)
		return err_text(e, code, "exec: \"%s\": permission denied", name);
	if (!strchr(name, '/'))
		return err_text(e, code, "exec: \"%s\": executable file not found in $PATH", name);
	return err_text(e, code, "exec: \"%s\": stat %s: no such file or directory", name, name);
}

static int check_executable(const char *path)
{
	struct stat st;
	int r = sys_statat(AT_FDCWD, path, &st, 0);

	if (r < 0)
		return r == -ENOTDIR || r == -ELOOP || r == -ENAMETOOLONG ? -ENOENT : r;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) && st.st_mode & 0111 ? 0 : -EACCES;
}

static const char *env_of(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; *env; env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

static int find_executable(struct become *b, struct err *e)
{
	static char path[PATH_MAX];
	const char *name = b->process->args.v[0], *env = env_of(b->env, "PATH");
	struct span rest = span_of(env ? env : DEFAULT_PATH);
	int worst = -ENOENT, r;
	bool more = true;

	if (strchr(name, '/')) {
		r = check_executable(name);
		b->path = name;
		return r < 0 ? not_found(name, r, e) : 0;
	}
	while (more && *name) {
		struct span dir = span_cut(rest, ':', &rest, &more);

		if (str_printf(path, sizeof(path), "%.*s/%s", (int)dir.len, dir.len ? dir.p : "",
			       name) < 0)
			continue;
		if (!dir.len) /* an empty element is the working directory */
			str_printf(path, sizeof(path), "./%s", name);
		r = check_executable(path);
		if (r == 0) {
			b->path = path;
			return 0;
		}
		if (r == -EACCES)
			worst = r;
	}
	return not_found(name, worst, e);
}

static int set_rlimits(const struct oci_process *p, struct err *e)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct oci_rlimit *l = &p->rlimits[i];
		int r = sys_set_rlimit(l->resource, l->soft, l->hard);

		if (r < 0)
			return err_set(e, r, "set %s", oci_rlimit_name(l->resource));
	}
	return 0;
}

void become_raise(pid_t pid, const struct oci_process *p)
{
	for (size_t i = 0; i < p->n_rlimits; i++)
		sys_raise_rlimit(pid, p->rlimits[i].resource, p->rlimits[i].hard);
}

static int set_scheduler(const struct oci_scheduler *s, struct err *e)
{
	struct sys_sched a = {.policy = s->policy,
			      .flags = s->flags,
			      .nice = s->nice,
			      .priority = s->priority,
			      .runtime_ns = s->runtime,
			      .deadline_ns = s->deadline,
			      .period_ns = s->period};
	int r = s->set ? sys_set_sched(&a) : 0;

	/* the kernel admits a deadline task only where it may use every processor */
	if (r == -EPERM && s->policy == OCI_SCHED_DEADLINE)
		return err_set(e, r,
			       "process scheduler can't be used together with AllowedCPUs "
			       "(cpu.cpus): SCHED_DEADLINE");
	return r < 0 ? err_set(e, r, "process.scheduler %s", oci_sched_policy_names[s->policy]) : 0;
}

static int set_priorities(const struct oci_process *p, struct err *e)
{
	int r = set_scheduler(&p->scheduler, e);

	if (r == 0 && p->io_priority.set) {
		r = sys_set_io_priority((int)p->io_priority.v);
		if (r < 0)
			err_set(e, r, "process.ioPriority");
	}
	return r;
}

int become_placed(const char *list, struct err *e)
{
	uint64_t mask[OCI_MAX_CPUS / 64];
	int r;

	if (list)
		oci_cpus_parse(list, mask);
	else
		memset(mask, 0xff, sizeof(mask));
	r = sys_set_cpus(mask, ARRAY_LEN(mask));
	return r < 0 && list ? err_set(e, r, "run on processors %.64s", list) : 0;
}

int become_victim(const struct oci_process *p, struct err *e)
{
	auto_close int procfs = -1;
	char text[16];
	int n, r;

	if (!p->oom_score_adj.set)
		return 0;
	n = snprintf(text, sizeof(text), "%d", (int)p->oom_score_adj.v);
	r = procfs_write(&procfs, "self/oom_score_adj", text, (size_t)n);
	return r < 0 ? err_set(e, r, "set oom_score_adj %s", text) : 0;
}

int become_terminal(int pts_fd, const struct oci_process *p, struct err *e)
{
	int r = sys_ioctl(pts_fd, TIOCSCTTY, NULL);

	for (int fd = 0; fd < 3 && r >= 0; fd++)
		r = sys_dup_to(pts_fd, fd);
	if (r >= 0 && p->uid)
		r = sys_chown(pts_fd, "", p->uid, (gid_t)-1, AT_EMPTY_PATH);
	return r < 0 ? err_set(e, r, "take the terminal") : 0;
}

static bool is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* @null: opened once for all three; -1 not yet */
static int replace_null(int fd, const struct stat *host, int *null)
{
	struct stat st;
	int r;

	if (*null < 0)
		*null = sys_open(AT_FDCWD, "/dev/null", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
				 0);
	r = *null < 0 ? *null : sys_stat(*null, &st);
	/* there may be none, or none that may be opened */
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EACCES || r == -ENXIO)
		return 0;
	if (r < 0 || !is_null(&st) || st.st_dev == host->st_dev)
		return r;
	r = sys_dup_to(*null, fd);
	return r < 0 ? r : 0;
}

/*
 * As in runc. A pipe of stdio belongs to root; programs that open /dev/stdout again need to own it. The
 * host's null device becomes the container's own, whose mode and owner are its to change; a checkpoint
 * knows no files of the host either.
 */
static int settle_stdio(const struct oci_process *p, struct err *e)
{
	auto_close int null = -1;
	struct stat st;

	for (int fd = 0; fd < 3; fd++) {
		int r = sys_stat(fd, &st);

		if (r == -EBADF)
			continue;
		if (r == 0 && is_null(&st))
			r = replace_null(fd, &st, &null);
		else if (r == 0 && p->uid && S_ISFIFO(st.st_mode) && st.st_uid != p->uid)
			sys_chown(fd, "", p->uid, (gid_t)-1, AT_EMPTY_PATH);
		if (r < 0)
			return err_set(e, r, "standard descriptor %d", fd);
	}
	return 0;
}

int become_prepare(struct become *b, struct err *e)
{
	const struct oci_process *p = b->process;
	int r;

	b->env = environ_make(p);
	r = enter_cwd(p->cwd, e);
	if (r == 0)
		r = find_executable(b, e);
	if (r == 0)
		r = set_rlimits(p, e);
	if (r == 0)
		r = set_priorities(p, e);
	if (r == 0)
		r = settle_stdio(p, e);
	if (r < 0)
		return r;
	if (b->personality.set) {
		r = sys_set_personality((unsigned long)b->personality.v);
		if (r < 0)
			return err_set(e, r, "set personality");
	}
	sys_set_umask(p->umask.set ? (mode_t)p->umask.v : 0022);
	return 0;
}

static int load_filter(struct become *b, struct err *e)
{
	auto_close int listener = -1;
	int r = filter_load(b->filter, &listener, e);

	return r == 0 && listener >= 0 ? stage_notify(b->sync_fd, listener, b->filter->sent, e) : r;
}

/*
 * Without no_new_privs a filter needs CAP_SYS_ADMIN, so it is loaded before that is given up; with it,
 * as the last thing, so that a profile need allow no more than write, read and execve. In both cases before the
 * container counts as created: hooks of its start run under the filter.
 */
int become_user(struct become *b, struct err *e)
{
	bool nnp = b->process->no_new_privs;
	int r = nnp ? sys_set_no_new_privs() : 0;

	if (r < 0)
		return err_set(e, r, "set no_new_privs");
	if (!nnp)
		r = load_filter(b, e);
	if (r == 0)
		r = caps_become(b->process, e);
	/* a change of ids may set it again; it stays off until the exec */
	if (r == 0)
		r = sys_set_dumpable(false);
	if (r == 0 && nnp)
		r = load_filter(b, e);
	return r;
}

int become_exec(struct become *b, struct err *e)
{
	const struct oci_process *p = b->process;
	int r = sys_exec(b->path, p->args.v, b->env);

	if (r == -ENOENT)
		return err_text(e, r,
				"exec %s: no such file or directory (or its interpreter or loader)",
				p->args.v[0]);
	if (r == -ENOEXEC)
		return err_text(e, r,
				"exec: \"%s\": exec format error: no program for this machine (%s)",
				p->args.v[0],
#if defined(__x86_64__)
				"x86-64"
#elif defined(__aarch64__)
				"aarch64"
#elif defined(__arm__)
				"arm"
#else
				"riscv64"
#endif
		);
	return err_set(e, r, "exec: \"%s\"", p->args.v[0]);
}
