/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a bundle to a process that waits to be started. The outside world is changed in this order and
 * undone in the reverse one: state directory, cgroups, process. state.json is written before the
 * cgroups are made and again when the pid is known, so that after a kill at any point `delete
 * --force` finds what there is to remove.
 */
#include "runtime/create.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "runtime/become.h"
#include "runtime/confine/caps.h"
#include "runtime/hooks.h"
#include "runtime/mounts.h"
#include "runtime/namespaces.h"
#include "runtime/netdev.h"
#include "runtime/notify.h"
#include "runtime/rdt.h"
#include "runtime/readiness.h"
#include "runtime/run.h"
#include "runtime/shared_root.h"
#include "runtime/stage.h"
#include "runtime/statedir.h"
#include "runtime/systemd/systemd.h"
#include "runtime/userns.h"
#include "runtime/usher.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/proc.h"
#include "sys/sock.h"
#include "sys/watch.h"

/* what a stage makes itself, if the network is made beside it, so that this begins sooner */
#define NS_OF_STAGE (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC)

static struct filter_program program;

/** what the stage is given and the parent closes after the clone */
struct handover {
	int sync_fd, go_fd, started_fd, console_fd;
	int ns_fds[OCI_NS_COUNT];
};

static void handover_init(struct handover *h)
{
	h->sync_fd = h->go_fd = h->started_fd = h->console_fd = -1;
	ns_fds_init(h->ns_fds);
}

static void handover_close(struct handover *h)
{
	sys_close(h->sync_fd);
	if (h->go_fd != h->sync_fd) {
		sys_close(h->go_fd);
		sys_close(h->started_fd);
	}
	sys_close(h->console_fd);
	ns_fds_close(h->ns_fds);
	handover_init(h);
}

static void warn(struct creation *c)
{
	char *w = c->rt->warning;

	caps_warn(&c->spec.process.caps, c->spec.ns[OCI_NS_USER].set, w);
	/* not recommended by the specification, gone from the kernel, ignored by runc too */
	if (!*w && (c->spec.resources.mem_kernel.set || c->spec.resources.mem_kernel_tcp.set))
		snprintf(w, ERR_MSG_MAX, "kernel memory limits are ignored");
}

static int open_namespaces(struct creation *c, struct handover *h, struct err *e)
{
	for (size_t k = 0; k < OCI_NS_COUNT; k++) {
		if (!c->spec.ns[k].path)
			continue;
		h->ns_fds[k] = ns_open(c->spec.ns[k].path, k, e);
		if (h->ns_fds[k] < 0)
			return h->ns_fds[k];
	}
	return 0;
}

/* Opened for both directions: neither end blocks, and neither sees an end of file before the exec. */
static int open_pipe(int dir_fd, const char *name, struct err *e)
{
	int r = sys_mknod(dir_fd, name, S_IFIFO | 0600, 0);

	if (r == 0)
		r = sys_open(dir_fd, name, O_RDWR, 0);
	return r < 0 ? err_set(e, r, "make the start pipe") : r;
}

static int open_channels(struct creation *c, struct handover *h, struct err *e)
{
	int pair[2], r = sys_socketpair_seqpacket(pair);

	if (r < 0)
		return err_set(e, r, "socket pair");
	c->sync_fd = pair[0];
	h->sync_fd = h->go_fd = h->started_fd = pair[1];
	if (c->by_pipe) {
		h->go_fd = h->started_fd = -1;
		h->go_fd = open_pipe(c->dir_fd, STATEDIR_START, e);
		if (h->go_fd >= 0)
			h->started_fd = open_pipe(c->dir_fd, STATEDIR_STARTED, e);
		if (h->started_fd < 0)
			return h->started_fd;
	}
	return terminal_plan(&c->terminal, c->o->console_socket, c->o->foreground, &c->spec.process,
			     &h->console_fd, e);
}

static int write_maps(struct creation *c, pid_t pid, struct err *e)
{
	int r = userns_write_maps(pid, &c->spec.idmaps, e);

	become_raise(pid, &c->spec.process);
	/* so far, whoever is not root has to be able to look at it */
	if (r == 0 && userns_needs_look())
		r = sys_set_dumpable(false);
	return r;
}

/** what an usher's call-backs get */
struct ushering {
	struct creation *c;
	struct stage *s;
};

static int usher_maps(void *arg, pid_t pid, struct err *e)
{
	return write_maps(((struct ushering *)arg)->c, pid, e);
}

static int usher_place(void *arg, bool born_in_cgroup, struct err *e)
{
	return stage_place(((struct ushering *)arg)->s, born_in_cgroup, e);
}

static pid_t clone_by_usher(struct creation *c, struct stage *s, struct err *e)
{
	struct ushering arg = {c, s};
	struct usher u = {.spec = &c->spec,
			  .ns_fds = s->ns_fds,
			  .flags = ns_clone_flags(&c->spec),
			  .keep_groups = c->spec.process.keep_groups,
			  .cgroup_fd = cgroup_birth_fd(&c->cgroup),
			  .place = usher_place,
			  .maps = usher_maps,
			  .arg = &arg};
	pid_t pid = usher_clone(&u, e);

	if (pid > 0)
		c->pidfd = sys_pidfd_open(pid);
	return pid;
}

/* A pid namespace is entered by children only: ours changes for the clone and back. */
static pid_t clone_stage(struct creation *c, struct stage *s, struct err *e)
{
	uint64_t flags = ns_clone_flags(&c->spec), later = s->net_comes ? CLONE_NEWNET : 0;
	struct sys_clone how = {.flags = flags & ~(later | s->unshare),
				.cgroup_fd = cgroup_birth_fd(&c->cgroup)};
	int pid_ns = s->ns_fds[OCI_NS_PID];
	auto_close int own = pid_ns < 0 ? -1 : sys_open(AT_FDCWD, "/proc/self/ns/pid", O_RDONLY, 0);
	pid_t pid;
	int r = 0;

	if (pid_ns >= 0)
		r = own < 0 ? own : sys_setns(pid_ns, CLONE_NEWPID);
	if (r < 0)
		return err_set(e, r, "join pid namespace %s", c->spec.ns[OCI_NS_PID].path);
	pid = sys_clone(&how, &c->pidfd, &s->born_in_cgroup);
	if (pid != 0 && pid_ns >= 0)
		sys_setns(own, CLONE_NEWPID);
	return pid < 0 ? err_set(e, pid, "new namespaces") : pid;
}

/* In a user namespace that of System V and POSIX IPC is made by its root, whose the message queues are then. */
static int later(const struct creation *c)
{
	int flags = c->beside						     ? NS_OF_STAGE
		    : c->spec.ns[OCI_NS_USER].set && !usher_needed(&c->spec) ? CLONE_NEWIPC
									     : 0;

	return (int)ns_clone_flags(&c->spec) & flags;
}

static int spawn(struct creation *c, struct handover *h, struct err *e)
{
	struct stage s = {.spec = &c->spec,
			  .cgroup = &c->cgroup,
			  .ushered = usher_needed(&c->spec),
			  .rootfs = c->state.rootfs,
			  .bundle = c->state.bundle,
			  .root_at = c->root_at,
			  .sources = c->sources,
			  .sync_fd = h->sync_fd,
			  .go_fd = h->go_fd,
			  .started_fd = h->started_fd,
			  .console_fd = h->console_fd,
			  .filter = &program,
			  .preserve_fds = c->o->listen_fds + c->o->preserve_fds,
			  .no_pivot = c->o->no_pivot,
			  .net_comes = c->net_beside,
			  .unshare = later(c),
			  .label = LABEL_INIT,
			  .state = &c->state};
	pid_t pid;

	memcpy(s.ns_fds, h->ns_fds, sizeof(s.ns_fds));
	pid = s.ushered ? clone_by_usher(c, &s, e) : clone_stage(c, &s, e);
	if (pid == 0) {
		sys_close(c->sync_fd);
		stage_main(&s);
	}
	handover_close(h);
	if (pid < 0)
		return pid;
	c->state.pid = pid;
	return 0;
}

/*
 * A stage that is gone has said why: that message is read next. It is killed all the same, so that
 * nobody waits for a stage that waits for us; its pid is ours until we have asked for its status.
 */
static int told(struct creation *c, int r, struct err *e)
{
	if (r == -EPIPE) {
		sys_kill(c->state.pid, SIGKILL);
		c->killed = true;
	}
	return r < 0 && r != -EPIPE ? err_set(e, r, "talk to the container's process") : 0;
}

static int tell(struct creation *c, const void *data, size_t len, struct err *e)
{
	return told(c, sys_send_fds(c->sync_fd, data, len, NULL, 0), e);
}

static int acknowledge(struct creation *c, struct err *e)
{
	struct stage_ack ack = {.pid = c->state.pid};

	return tell(c, &ack, sizeof(ack), e);
}

/* run: the stage need not wait for us when it is ready, so it is told to go on before. */
static int go_early(struct creation *c, struct err *e)
{
	int r = statedir_pid_file(c->o->pid_file, c->state.pid, e);

	return r < 0 ? r : tell(c, "x", 1, e);
}

static int answer(struct creation *c, const struct stage_msg *m, struct err *e)
{
	struct notify_from from = {c->sync_fd, c->pidfd, c->state.pid, m->code};
	bool last = m->kind == STAGE_NOTIFY || c->agent_fd < 0;
	int r = 0;

	if (m->kind == STAGE_NOTIFY)
		r = notify_forward(c->agent_fd, &from, &c->spec.seccomp, &c->state, OCI_CREATING,
				   e);
	else
		r = hooks_run(&c->spec, OCI_HOOK_PRESTART, &c->state, OCI_CREATED, e);
	if (r == 0 && m->kind == STAGE_MOUNTED)
		r = hooks_run(&c->spec, OCI_HOOK_CREATE_RUNTIME, &c->state, OCI_CREATED, e);
	if (r == 0)
		r = acknowledge(c, e);
	return r == 0 && last && !c->by_pipe ? go_early(c, e) : r;
}

static int was_killed(struct creation *c, struct err *e)
{
	struct sys_exit x = {0};
	int r = sys_wait(c->state.pid, 0, &x);

	if (r > 0)
		c->state.pid = 0; /* not ours any more */
	return err_text(e, -EIO, "the container's first process was killed while it was set up%s",
			x.signaled && x.code == SIGSYS
				? ": its seccomp profile forbids write, read or execve"
				: "");
}

/*
 * What takes long is done here while the stage mounts, on another processor if there is one. A stage whose mounts
 * ask for a device or a network before is given all of it at its birth.
 */
static void divide(struct creation *c)
{
	const struct oci_ns *net = &c->spec.ns[OCI_NS_NET];

	c->sources = sources_of(&c->spec);
	c->beside = c->sources == SOURCES_NONE && !c->spec.ns[OCI_NS_USER].set &&
		    !usher_needed(&c->spec) && mounts_plain(&c->spec);
	c->net_beside = c->beside && net->set && !net->path && !c->spec.n_netdevs;
	c->cgroup.late = c->beside;
}

static int send_network(struct creation *c, struct err *e)
{
	struct stage_ack ack = {.pid = c->state.pid};
	auto_close int net = ns_make_net(e);

	return net < 0 ? net : told(c, sys_send_fds(c->sync_fd, &ack, sizeof(ack), &net, 1), e);
}

/* What belongs to the stage but is not its to take. It waits for the word to go before it executes anything. */
static int equip(struct creation *c, struct err *e)
{
	int r = c->net_beside ? send_network(c, e) : 0;

	if (r == 0) {
		r = sys_proc_start_time(c->state.pid, &c->state.start_ticks);
		if (r < 0)
			err_set(e, r, "look at the container's process");
	}
	/* run writes it when the program runs: until then others see "creating" and keep off */
	if (r == 0 && c->by_pipe)
		r = statedir_save(c->dir_fd, &c->state, e);
	if (r == 0)
		r = statedir_save_config(c->dir_fd, c->config, e);
	if (r == 0)
		r = cgroup_limit_late(&c->cgroup, &c->spec.resources, e);
	if (r == 0 && c->spec.n_netdevs)
		r = netdev_move(&c->spec, c->state.pid, e);
	return r == 0 && c->spec.rdt.set ? rdt_apply(&c->spec.rdt, c->o->id, c->state.pid, e) : r;
}

static int settle(struct creation *c, struct err *e)
{
	const struct source_server server = {&c->spec, c->state.bundle, c->state.rootfs,
					     c->state.pid, c->sync_fd};
	struct stage_msg m = {0};
	bool held = false;
	int r = equip(c, e);

	/* an usher has had the maps before the stage was there */
	if (r == 0 && c->spec.ns[OCI_NS_USER].set && !usher_needed(&c->spec)) {
		r = write_maps(c, c->state.pid, e);
		if (r == 0)
			r = acknowledge(c, e);
	}
	if (r == 0 && !c->by_pipe && !stage_asks(&c->spec) && c->agent_fd < 0 &&
	    c->sources == SOURCES_NONE && !c->holder) {
		r = go_early(c, e);
		/* whatever it says, it is read when its end is closed, by its exec or exit: we sleep once */
		if (r == 0)
			sys_poll_one(c->sync_fd, 0, -1);
	}
	while (r == 0 && m.kind != STAGE_READY) {
		r = stage_wait(c->sync_fd, &m);
		/* whatever it says, it is in its cgroup, or not to be */
		held = c->holder > 0;
		systemd_release(&c->holder);
		if (r == 0)
			return was_killed(c, e);
		if (r < 0)
			return err_set(e, r, "talk to the container's process");
		r = 0;
		if (m.kind == STAGE_FAILED)
			return stage_failure(&m, e);
		if (m.kind == STAGE_SOURCE)
			r = told(c, source_answer(&server, m.code), e);
		else if (m.kind == STAGE_MOUNTED || m.kind == STAGE_NOTIFY)
			r = answer(c, &m, e);
		else if (m.kind == STAGE_READY && held && !c->by_pipe)
			r = go_early(c, e);
	}
	/* it was ready before it was killed */
	return r == 0 && c->killed ? was_killed(c, e) : r;
}

int creation_reserve(struct creation *c, struct err *e)
{
	int r = statedir_make(c->rt, c->o->id, e);

	if (r < 0)
		return r;
	c->dir_fd = r;
	return statedir_save(c->dir_fd, &c->state, e);
}

static int make(struct creation *c, struct handover *h, struct err *e)
{
	int r = creation_reserve(c, e);

	if (r == 0 && c->o->notify_socket)
		r = readiness_offer(c, e);
	if (r == 0)
		r = filter_check(&c->spec.seccomp, &program, e);
	if (r == 0)
		r = notify_connect(&c->spec.seccomp, &program, &c->agent_fd, e);
	if (r == 0)
		r = open_namespaces(c, h, e);
	divide(c);
	if (r == 0 && shared_root(&c->spec))
		r = shared_root_make(c->dir_fd, &c->rt->arena, &c->root_at, e);
	if (r == 0)
		r = open_channels(c, h, e);
	if (r == 0)
		r = creation_make_cgroups(c, e);
	if (r == 0)
		r = cgroup_delegate(&c->cgroup, &c->spec, e);
	runtime_say(c->rt, "nsexec container setup");
	if (r == 0)
		r = spawn(c, h, e);
	if (r == 0) {
		runtime_say(c->rt, "child process in init()");
		r = settle(c, e);
	}
	if (r == 0)
		r = run_send_pidfd(c->o->pidfd_socket, "standard", c->state.pid, c->pidfd, e);
	if (r < 0)
		return r;
	runtime_say(c->rt, "init: closing the pipe to signal completion");
	return c->by_pipe ? statedir_pid_file(c->o->pid_file, c->state.pid, e) : 0;
}

int creation_begin(struct creation *c, struct runtime *rt, const struct runtime_create *o,
		   bool by_pipe, struct err *e)
{
	struct handover h;
	int r = creation_load(c, rt, o, e);

	if (r < 0)
		return r;
	c->by_pipe = by_pipe;
	handover_init(&h);
	warn(c);
	/* inherited by the stage: nobody in the container may look at us through /proc (CVE-2016-9962) */
	if (!userns_needs_look() || !c->spec.ns[OCI_NS_USER].set || c->spec.ns[OCI_NS_USER].path)
		r = sys_set_dumpable(false);
	r = r < 0 ? err_set(e, r, "become closed to /proc") : make(c, &h, e);
	handover_close(&h);
	if (r < 0)
		creation_abort(c);
	return r;
}

void creation_abort(struct creation *c)
{
	struct sys_exit ignored;

	sys_close(take_fd(&c->sync_fd));
	if (c->state.pid > 0) {
		sys_kill(c->state.pid, SIGKILL);
		sys_wait(c->state.pid, 0, &ignored);
	}
	if (c->cgroup.n && c->cgroup.h[0].fd >= 0) {
		/* hooks of the container may have left processes */
		if (!c->state.own_pid_ns)
			cgroup_signal_all(&c->state.cgroups, SIGKILL, NULL);
		cgroup_remove(&c->state.cgroups, NULL);
	}
	systemd_release(&c->holder);
	if (c->cgroup.unit)
		systemd_stop(c->cgroup.unit, NULL);
	rdt_remove(&c->spec.rdt, c->o->id);
	if (c->dir_fd >= 0 && shared_root_undo(c->dir_fd, &c->spec, NULL) == 0)
		statedir_remove(c->rt, c->o->id, NULL);
	creation_end(c);
}

void creation_end(struct creation *c)
{
	cgroup_close(&c->cgroup);
	sys_close(take_fd(&c->sync_fd));
	sys_close(take_fd(&c->pidfd));
	sys_close(take_fd(&c->ready_fd));
	terminal_fini(&c->terminal);
	sys_close(take_fd(&c->agent_fd));
	sys_close(take_fd(&c->dir_fd));
}
