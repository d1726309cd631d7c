/* SPDX-License-Identifier: Apache-2.0 */
/* A container's life after create: start, state, kill, delete, list. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/create.h"
#include "runtime/hooks.h"
#include "runtime/rdt.h"
#include "runtime/readiness.h"
#include "runtime/runtime.h"
#include "runtime/shared_root.h"
#include "runtime/stage.h"
#include "runtime/statedir.h"
#include "runtime/systemd/systemd.h"
#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/proc.h"
#include "sys/watch.h"

#define WAIT_MS	 5000
#define FETCH_MS 100

int runtime_create(struct runtime *rt, const struct runtime_create *o, struct err *e)
{
	struct creation c;
	int r = creation_begin(&c, rt, o, true, e);

	if (r == 0)
		creation_end(&c);
	return r;
}

/* "started" ends when the container's program runs, or says why it does not. */
static int wait_started(int fd, const struct found *f, struct err *e)
{
	struct stage_msg m;
	int r = stage_wait(fd, &m);

	if (r < 0)
		return err_set(e, r, "start %s", f->state.id);
	if (r == 0)
		return 0;
	return stage_failure(&m, e);
}

/* Of two starts at once, one removes the name; the other touches nothing. Return: fd of the pipe */
static int claim(struct found *f, struct err *e)
{
	auto_close int fd =
		sys_open(f->dir_fd, STATEDIR_START, O_WRONLY | O_NONBLOCK | O_NOFOLLOW, 0);
	int r = fd < 0 ? fd : sys_unlink(f->dir_fd, STATEDIR_START, 0);

	if (r == -ENOENT)
		return err_text(e, r, "start %s: somebody else starts it", f->state.id);
	return r < 0 ? err_set(e, r, "start %s", f->state.id) : take_fd(&fd);
}

static int go(struct found *f, int start_fd, struct err *e)
{
	auto_close int started =
		sys_open(f->dir_fd, STATEDIR_STARTED, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
	int r = started;

	sys_signal_ignore(SIGPIPE);
	if (r >= 0)
		r = (int)sys_write(start_fd, "x", 1);
	if (r < 0)
		return err_set(e, r, "start %s", f->state.id);
	sys_set_nonblock(started, 0);
	r = wait_started(started, f, e);
	sys_unlink(f->dir_fd, STATEDIR_STARTED, 0);
	return r;
}

/*
 * The pid may be reused between the look at its start time and the signal. With a pidfd the look
 * happens after the reference is taken, so what was looked at is what is signalled.
 */
static int signal_first(const struct oci_state *s, int sig)
{
	auto_close int fd = sys_pidfd_open(s->pid);
	uint64_t ticks;
	int r;

	if (fd == -ESRCH)
		return fd;
	r = sys_proc_start_time(s->pid, &ticks);
	if (r < 0 || ticks != s->start_ticks)
		return r < 0 ? r : -ESRCH;
	return sys_signal_process(s->pid, fd, sig);
}

/* Gone is gone for everybody: the parent may still have to ask for its exit status. */
static int kill_and_wait(const struct oci_state *s, struct err *e)
{
	int r = 0;

	if (s->own_pid_ns) {
		r = signal_first(s, SIGKILL);
		cgroup_thaw(&s->cgroups, NULL); /* v1: what is frozen does not die */
	}
	if (s->cgroups.n && (!s->own_pid_ns || s->pid == 0)) {
		r = cgroup_signal_all(&s->cgroups, SIGKILL, e);
		if (r < 0 && r != -ESRCH)
			return r;
	} else if (!s->own_pid_ns) {
		r = signal_first(s, SIGKILL);
	}
	if (r < 0 && r != -ESRCH)
		return err_set(e, r, "kill container %s", s->id);
	for (unsigned int waited = 0; s->pid && waited < WAIT_MS; waited += 2) {
		if (statedir_alive(s) == 0)
			return 0;
		if (waited ==
		    FETCH_MS) /* v1: somebody may have frozen it in a cgroup that is not ours */
			cgroup_fetch(&s->cgroups, s->pid);
		sys_sleep_ms(2);
	}
	return s->pid ? err_text(e, -EBUSY, "container %s survives SIGKILL", s->id) : 0;
}

int runtime_start(struct runtime *rt, const char *id, const char *notify_socket, struct err *e)
{
	static struct oci_spec spec;
	auto_close int start_fd = -1;
	auto_close int ready_fd = -1;
	struct found f;
	int r = statedir_find(rt, id, &f, e);

	if (r < 0)
		return r;
	if (f.status != OCI_CREATED)
		r = err_text(e, -EINVAL, "cannot start container %s: it is %s", id,
			     oci_status_name(f.status));
	if (r == 0)
		r = statedir_load_config(rt, f.dir_fd, &spec, e);
	if (r == 0 && notify_socket) {
		ready_fd = readiness_listen(f.dir_fd);
		if (ready_fd < 0 && ready_fd != -ENOENT)
			r = err_set(e, ready_fd, "socket for NOTIFY_SOCKET");
	}
	if (r == 0)
		r = start_fd = claim(&f, e);
	if (r >= 0) {
		r = go(&f, start_fd, e);
		if (r == 0)
			r = hooks_run(&spec, OCI_HOOK_POSTSTART, &f.state, OCI_RUNNING, e);
		/* as runc and the specification: what did not start well is stopped when we return */
		if (r < 0)
			kill_and_wait(&f.state, NULL);
		else if (ready_fd >= 0 && readiness_pass(ready_fd, notify_socket, f.state.pid) < 0)
			str_copy(rt->warning, sizeof(rt->warning), READINESS_LOST);
	}
	sys_close(f.dir_fd);
	return r;
}

static int look_at_owner(struct runtime *rt, struct found *f)
{
	struct stat st;
	int r = sys_stat(f->dir_fd, &st);

	if (r < 0)
		return r;
	f->state.owner = st.st_uid ? arena_printf(&rt->arena, "#%u", (unsigned int)st.st_uid)
				   : arena_strdup(&rt->arena, "root");
	return f->state.owner ? 0 : -ENOMEM;
}

int runtime_state(struct runtime *rt, const char *id, struct buf *b, struct err *e)
{
	struct found f;
	int r = statedir_find(rt, id, &f, e);

	if (r < 0)
		return r;
	r = look_at_owner(rt, &f);
	if (r < 0)
		err_set(e, r, "state of %s", id);
	oci_state_print(b, &f.state, f.status);
	sys_close(f.dir_fd);
	if (r == 0 && !buf_ok(b))
		r = err_text(e, -EFBIG, "the state is too long");
	return r;
}

int runtime_kill(struct runtime *rt, const char *id, int sig, bool all, struct err *e)
{
	struct found f;
	int r = statedir_find(rt, id, &f, e);

	if (r < 0)
		return r;
	/* as runc: without a pid namespace of its own only this ends the others too */
	if (all || (sig == SIGKILL && !f.state.own_pid_ns && f.state.cgroups.n))
		r = cgroup_signal_all(&f.state.cgroups, sig, e);
	else if (f.status == OCI_STOPPED || f.status == OCI_CREATING)
		r = -ESRCH;
	else
		r = signal_first(&f.state, sig);
	if (r == 0 && sig == SIGKILL && f.status == OCI_PAUSED)
		cgroup_thaw(&f.state.cgroups, NULL);
	sys_close(f.dir_fd);
	if (r == -ESRCH) /* the words that containerd looks for */
		return all ? 0 : err_text(e, r, "container not running");
	return r < 0 && !e->code ? err_set(e, r, "signal container %s", id) : r;
}

static int destroy(struct runtime *rt, struct found *f, struct err *e)
{
	static struct oci_spec spec;
	struct err hook = {0};
	int r, config = statedir_load_config(rt, f->dir_fd, &spec, &hook);

	/* without a pid namespace of its own, others may have outlived the first process */
	if (f->status != OCI_STOPPED || !f->state.own_pid_ns) {
		r = kill_and_wait(&f->state, e);
		if (r < 0)
			return r;
	}
	r = systemd_stop(&f->state.unit, e);
	if (r == 0)
		r = cgroup_remove(&f->state.cgroups, e);
	if (r == 0 && config == 0) {
		rdt_remove(&spec.rdt, f->state.id);
		r = shared_root_undo(f->dir_fd, &spec, e);
	}
	if (r == 0)
		r = statedir_remove(rt, f->state.id, e);
	/* the container is gone whatever they answer: the specification wants a warning */
	if (r == 0 && config == 0)
		config = hooks_run(&spec, OCI_HOOK_POSTSTOP, &f->state, OCI_STOPPED, &hook);
	if (r == 0 && config < 0 && config != -ENOENT)
		memcpy(rt->warning, hook.msg, sizeof(rt->warning));
	return r;
}

int runtime_delete(struct runtime *rt, const char *id, bool force, struct err *e)
{
	struct found f;
	int r = statedir_find(rt, id, &f, e);

	if (r == -ENOENT && force && statedir_unborn(rt, id)) { /* a create that got nowhere */
		*e = (struct err){0};
		return statedir_remove(rt, id, e);
	}
	if (r == -EBADMSG && force)
		return statedir_remove(rt, id, e);
	if (r < 0)
		return r;
	if ((f.status == OCI_RUNNING || f.status == OCI_PAUSED) && !force)
		r = err_text(e, -EBUSY, "cannot delete container %s: it is %s", id,
			     oci_status_name(f.status));
	else
		r = destroy(rt, &f, e);
	sys_close(f.dir_fd);
	return r;
}

/* The next name in alphabetical order; reading the directory again for each needs no memory that grows. Return: 1; 0; -errno */
static int next_name(int fd, char last[OCI_ID_MAX + 1])
{
	char best[OCI_ID_MAX + 1] = "";
	unsigned char type;
	struct sys_dir d;
	const char *name;
	int r;

	if (sys_seek(fd, 0, SEEK_SET) < 0)
		return -EIO;
	sys_dir_init(&d, fd);
	while ((r = sys_dir_next(&d, &name, &type)) == 1)
		if (*name != '.' && strcmp(name, last) > 0 && (!*best || strcmp(name, best) < 0))
			str_copy(best, sizeof(best), name);
	str_copy(last, sizeof(best), best);
	return r < 0 ? r : *best != '\0';
}

int runtime_list(struct runtime *rt, runtime_list_fn *fn, void *data, struct err *e)
{
	auto_close int fd = sys_open(rt->root_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	char name[OCI_ID_MAX + 1] = "";
	int r = fd;

	while (r >= 0 && (r = next_name(fd, name)) == 1) {
		struct err ignored = {0};
		struct found f;

		arena_reset(&rt->arena);
		if (statedir_find(rt, name, &f, &ignored) < 0)
			continue;
		if (look_at_owner(rt, &f) == 0)
			fn(data, &f.state, f.status);
		sys_close(f.dir_fd);
	}
	return r < 0 ? err_set(e, r, "read %s", rt->root) : 0;
}
