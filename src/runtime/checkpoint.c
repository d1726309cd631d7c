/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint and restore by the criu command. What of a container belongs to the host is "external" to
 * criu: given a name when it is written, and a file or descriptor for that name when it is read. The
 * restored process is a brother of criu, hence our child, as that of run is.
 */
#include "runtime/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "file/durable.h"
#include "oci/spec_read.h"
#include "runtime/create.h"
#include "runtime/run.h"
#include "runtime/statedir.h"
#include "runtime/systemd/systemd.h"
#include "sys/fd.h"
#include "sys/mnt.h"
#include "sys/ns.h"
#include "sys/proc.h"

#define MAX_WORDS (OCI_MAX_MOUNTS * 2 + 64)
#define DESCRIPTORS                                                                                \
	"descriptors.json" /* as runc: what standard descriptors were, an array of three */
#define NET_NAME "extRootNetNS"

/** criu's command line */
struct words {
	struct arena *a;
	const char *v[MAX_WORDS + 1];
	size_t n;
	bool full;
};

static void add(struct words *w, const char *word)
{
	if (word && w->n < MAX_WORDS)
		w->v[w->n++] = word;
	else
		w->full = true;
}

static void add_common(struct words *w, const char *verb, const char *log, const char *root,
		       const struct runtime_checkpoint *k)
{
	const char *const words[] = {"criu",	   verb,	 "--images-dir",
				     k->images,	   "--work-dir", k->work ? k->work : k->images,
				     "--log-file", log,		 "-v4",
				     "--root",	   root,	 "--evasive-devices"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		add(w, words[i]);
	add(w, arena_printf(w->a, "--manage-cgroups=%s",
			    k->manage_cgroups ? k->manage_cgroups : "soft"));
	for (size_t i = 0; k->switches[i]; i++)
		add(w, k->switches[i]);
}

static bool is_bind(const struct oci_mount *m)
{
	for (size_t i = 0; i < m->options.n; i++)
		if (str_eq(m->options.v[i], "bind") || str_eq(m->options.v[i], "rbind"))
			return true;
	return m->type && str_eq(m->type, "bind");
}

/* A mount's name is where it is in the container; at restore its file is the spec's source */
static void add_binds(struct words *w, const struct oci_spec *s, const char *bundle, bool restore)
{
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct oci_mount *m = &s->mounts[i];
		bool relative = m->source && *m->source != '/';

		if (!is_bind(m) || !m->source)
			continue;
		add(w, "--external");
		add(w,
		    restore ? arena_printf(w->a, "mnt[%s]:%s%s%s", m->destination,
					   relative ? bundle : "", relative ? "/" : "", m->source)
			    : arena_printf(w->a, "mnt[%s]:%s", m->destination, m->destination));
	}
}

static int run_criu(const struct words *w, const struct runtime_checkpoint *k, const char *log,
		    const int *fds, size_t n_fds, struct err *e)
{
	struct sys_exit x = {0};
	int pidfd = -1, r;
	pid_t pid;

	if (w->full)
		return err_text(e, -E2BIG, "too many mounts for criu");
	pid = sys_spawn(&(struct sys_spawn){.path = k->criu,
					    .argv = w->v,
					    .envp = (const char *const *)environ,
					    .fds = fds,
					    .n_fds = n_fds,
					    .cgroup_fd = -1},
			&pidfd);
	sys_close(pidfd);
	r = pid < 0 ? pid : sys_wait(pid, 0, &x);
	if (r < 0)
		return err_set(e, r, "run %s", k->criu);
	if (x.signaled || x.code)
		return err_text(e, -EIO, "criu failed: see %s/%s", k->work ? k->work : k->images,
				log);
	return 0;
}

static int note_descriptors(pid_t pid, const char *images, struct err *e)
{
	auto_close int dir = sys_open(AT_FDCWD, images, O_PATH | O_DIRECTORY, 0);
	char path[48], target[512], text[2048];
	struct buf b;
	auto_close int fd = -1;
	int r = dir;

	buf_init(&b, text, sizeof(text));
	for (int i = 0; i < 3 && r >= 0; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, i);
		r = sys_readlink(AT_FDCWD, path, target, sizeof(target));
		if (r == -ENOENT)
			r = *target = 0;
		buf_putc(&b, i ? ',' : '[');
		buf_json(&b, target);
	}
	buf_putc(&b, ']');
	if (r >= 0)
		r = fd =
			sys_open(dir, DESCRIPTORS, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	if (r >= 0)
		r = buf_ok(&b) ? sys_write_all(fd, b.p, b.len) : -ENAMETOOLONG;
	return r < 0 ? err_set(e, r, "note descriptors in %s", images) : 0;
}

static int dump(struct runtime *rt, const struct found *f, const struct oci_spec *spec,
		const struct runtime_checkpoint *k, struct err *e)
{
	static struct words w;
	const int fds[] = {-1, 2, 2};
	char path[48];
	struct stat st;
	int r;

	if (spec->process.terminal)
		return err_text(e, -EOPNOTSUPP,
				"checkpoint of a container with a terminal is not supported");
	w = (struct words){.a = &rt->arena};
	add_common(&w, "dump", "dump.log", f->state.rootfs, k);
	add(&w, "--tree");
	add(&w, arena_printf(w.a, "%d", (int)f->state.pid));
	if (k->leave_running)
		add(&w, "--leave-running");
	add_binds(&w, spec, f->state.bundle, false);
	if (spec->ns[OCI_NS_NET].path) {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)f->state.pid);
		r = sys_statat(AT_FDCWD, path, &st, 0);
		if (r < 0)
			return err_set(e, r, "look at %s", path);
		add(&w, "--external");
		add(&w, arena_printf(w.a, "net[%" PRIu64 "]:" NET_NAME, (uint64_t)st.st_ino));
	}
	r = note_descriptors(f->state.pid, k->images, e);
	return r < 0 ? r : run_criu(&w, k, "dump.log", fds, ARRAY_LEN(fds), e);
}

int runtime_checkpoint(struct runtime *rt, const char *id, const struct runtime_checkpoint *k,
		       struct err *e)
{
	static struct oci_spec spec;
	struct found f;
	int r = statedir_find(rt, id, &f, e);

	if (r < 0)
		return r;
	if (f.status != OCI_RUNNING && f.status != OCI_PAUSED)
		r = err_text(e, -EINVAL, "cannot checkpoint container %s: it is %s", id,
			     oci_status_name(f.status));
	if (r == 0)
		r = statedir_load_config(rt, f.dir_fd, &spec, e);
	if (r == 0) {
		r = sys_mkdir(AT_FDCWD, k->images, 0700);
		r = r < 0 && r != -EEXIST ? err_set(e, r, "make %s", k->images) : 0;
	}
	if (r == 0)
		r = dump(rt, &f, &spec, k, e);
	sys_close(f.dir_fd);
	return r < 0 || k->leave_running ? r : runtime_delete(rt, id, true, e);
}

/* Standard descriptors that were pipes become ours. */
static int add_pipes(struct words *w, const char *images, struct err *e)
{
	static char text[2048], pool[16384];
	auto_close int dir = sys_open(AT_FDCWD, images, O_PATH | O_DIRECTORY, 0);
	ssize_t n = dir < 0 ? dir : file_read(dir, DESCRIPTORS, text, sizeof(text), e);
	struct oci_strs list;
	struct json_doc doc;
	struct json root;
	int r;

	if (n < 0)
		return e->code ? e->code : err_set(e, (int)n, "read %s/" DESCRIPTORS, images);
	r = json_parse(&doc, DESCRIPTORS, (struct span){text, (size_t)n}, pool, sizeof(pool),
		       "CONFIG_OCI_CONFIG_KIB", w->a, e);
	if (r < 0)
		return r;
	root = json_root(&doc);
	list = oci_json_strs(&root, 3);
	for (size_t i = 0; i < list.n; i++) {
		if (!str_starts(list.v[i], "pipe:"))
			continue;
		add(w, "--inherit-fd");
		add(w, arena_printf(w->a, "fd[%zu]:%s", i, list.v[i]));
	}
	return json_done(&doc);
}

/* criu wants the root to be a mount: one that nobody else sees, in a namespace of our own */
static int mount_root(const char *path, struct err *e)
{
	int r = sys_unshare(CLONE_NEWNS);

	if (r == 0)
		r = sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	if (r == 0)
		r = sys_mount(path, path, NULL, MS_BIND | MS_REC, NULL);
	return r < 0 ? err_set(e, r, "mount %s", path) : 0;
}

static int read_pid(struct creation *c, struct err *e)
{
	char text[16];
	ssize_t n = file_read(c->dir_fd, "restored.pid", text, sizeof(text), e);
	uint32_t pid;
	int r;

	if (n < 0)
		return (int)n;
	r = num_u32(span_trim((struct span){text, (size_t)n}), INT32_MAX, &pid);
	if (r == 0)
		r = sys_proc_start_time((pid_t)pid, &c->state.start_ticks);
	if (r < 0)
		return err_set(e, r, "pid of the restored process");
	c->state.pid = (pid_t)pid;
	c->pidfd = sys_pidfd_open((pid_t)pid);
	return sys_unlink(c->dir_fd, "restored.pid", 0);
}

static int bring_back(struct creation *c, const struct runtime_checkpoint *k, struct err *e)
{
	static struct words w;
	const char *net = c->spec.ns[OCI_NS_NET].path;
	auto_close int net_fd = net ? sys_open(AT_FDCWD, net, O_RDONLY, 0) : -1;
	int fds[] = {0, 1, 2, net_fd}, r;

	if (net && net_fd < 0)
		return err_set(e, net_fd, "namespace %s", net);
	w = (struct words){.a = &c->rt->arena};
	add_common(&w, "restore", "restore.log", c->state.rootfs, k);
	add(&w, "--restore-detached");
	add(&w, "--restore-sibling");
	add(&w, "--pidfile");
	/* criu changes its working directory, and its descriptors are not ours */
	add(&w, arena_printf(w.a, "/proc/%d/fd/%d/restored.pid", (int)sys_getpid(), c->dir_fd));
	add_binds(&w, &c->spec, c->state.bundle, true);
	if (net) {
		add(&w, "--inherit-fd");
		add(&w, "fd[3]:" NET_NAME);
	}
	r = add_pipes(&w, k->images, e);
	if (r == 0)
		r = mount_root(c->state.rootfs, e);
	if (r == 0)
		r = run_criu(&w, k, "restore.log", fds, net ? 4 : 3, e);
	return r < 0 ? r : read_pid(c, e);
}

int runtime_restore(struct runtime *rt, const struct runtime_create *o,
		    const struct runtime_checkpoint *k, int *ret_status, struct err *e)
{
	static struct creation c;
	int r;

	if (o->foreground)
		sys_signals_block_all();
	r = creation_load(&c, rt, o, e);
	if (r < 0)
		return r;
	if (c.spec.hooks[OCI_HOOK_PRESTART].n || c.spec.hooks[OCI_HOOK_CREATE_RUNTIME].n)
		return err_text(e, -EOPNOTSUPP,
				"restore with prestart or createRuntime hooks is not supported");
	r = creation_reserve(&c, e);
	if (r == 0)
		r = statedir_save_config(c.dir_fd, c.config, e);
	if (r == 0)
		r = creation_make_cgroups(&c, e);
	if (r == 0)
		r = bring_back(&c, k, e);
	systemd_release(&c.holder);
	if (r == 0)
		r = statedir_save(c.dir_fd, &c.state, e);
	if (r == 0)
		r = statedir_pid_file(o->pid_file, c.state.pid, e);
	if (r < 0) {
		creation_abort(&c);
		return r;
	}
	return run_to_end(&c, false, ret_status, e);
}
