/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One more process in a running container. The process is cloned outside, joins cgroup and namespaces,
 * and becomes what it is told. It is not dumpable and holds no descriptor of the host but its socket,
 * so a process of the container that looks at it through /proc or ptrace gets nothing
 * (CVE-2016-9962). Paths are resolved by the kernel after the namespaces were joined, so "/" is
 * the container's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "file/durable.h"
#include "runtime/become.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/confine/caps.h"
#include "runtime/confine/label.h"
#include "runtime/exec_process.h"
#include "runtime/namespaces.h"
#include "runtime/notify.h"
#include "runtime/rdt.h"
#include "runtime/run.h"
#include "runtime/runtime.h"
#include "runtime/stage.h"
#include "runtime/statedir.h"
#include "runtime/systemd/systemd.h"
#include "runtime/terminal.h"
#include "runtime/usher.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/proc.h"
#include "sys/sock.h"

static struct filter_program program;

/** struct joining - an exec on its way */
struct joining {
	const struct runtime_exec *o;
	struct oci_spec spec;
	struct oci_process process;
	struct oci_state state;
	struct cgroup cgroup;
	int ns_fds[OCI_NS_COUNT];
	int sync_fd, stage_fd, console_fd, agent_fd, pidfd;
	struct label label;
	struct terminal terminal;
	pid_t pid;
};

static int open_terminal(struct joining *j, struct err *e)
{
	auto_close int master =
		sys_open(AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW, 0);
	auto_close int slave = terminal_slave(master, &j->process, e);
	int r = slave;

	if (r < 0)
		return r;
	r = sys_send_fds(j->console_fd, "/dev/ptmx", 9, &master, 1);
	if (r < 0)
		return err_set(e, r, "set up a terminal");
	return become_terminal(slave, &j->process, e);
}

/* Spec: process.execCPUAffinity: "initial" until it is in the cgroup, "final" from then on. */
static int enter_cgroup(struct joining *j, bool born, struct err *e)
{
	const struct oci_process *p = &j->process;
	int r = p->cpus_initial ? become_placed(p->cpus_initial, e) : 0;

	if (r == 0)
		r = cgroup_enter(&j->cgroup, born, e);
	if (r == -EBUSY && !j->o->n_cgroups && j->cgroup.n == 1) {
		*e = (struct err){0};
		r = cgroup_enter_as(j->state.pid, e);
	} else if (r < 0 && j->o->n_cgroups) {
		r = cgroup_sub_failed(r, j->cgroup.h[0].path, span_of(j->o->cgroups[0]), e);
	}
	if (r == 0 && (p->cpus_final || !p->cpus_initial))
		r = become_placed(p->cpus_final, e);
	cgroup_close(&j->cgroup);
	return r;
}

/* What needs the caller's rights, before any namespace is entered. */
static int place(void *arg, bool born, struct err *e)
{
	struct joining *j = arg;
	int r = enter_cgroup(j, born, e);

	if (j->spec.ns[OCI_NS_USER].set)
		become_raise(0, &j->process);
	if (r == 0)
		r = become_victim(&j->process, e);
	if (r == 0 && j->spec.rdt.set)
		r = rdt_join(&j->spec.rdt, j->state.id, 0, e); /* 0 is who writes it */
	return r == 0 ? label_open(&j->process, &j->label, e) : r;
}

static void joined_main(struct joining *j, bool born, bool ushered) __attribute__((noreturn));
static void joined_main(struct joining *j, bool born, bool ushered)
{
	struct become b = {.process = &j->process,
			   .filter = &program,
			   .personality = j->spec.personality,
			   .sync_fd = j->stage_fd};
	struct err e = {0};
	int r;

	sys_signals_reset();
	r = sys_setsid();
	if (r >= 0 && !ushered)
		r = place(j, born, &e);
	if (r >= 0 && !ushered)
		r = ns_join(j->ns_fds, false, j->process.keep_groups, &e);
	if (r >= 0)
		r = label_keys(&j->process, &j->label, &e);
	if (r == 0)
		r = stage_keyring(&j->state, false, j->spec.ns[OCI_NS_USER].set, &e);
	if (r == 0 && j->process.terminal)
		r = open_terminal(j, &e);
	if (r == 0)
		r = label_apply(&j->process, &j->label, &e);
	if (r == 0)
		r = sys_close_from(3 + (int)j->o->preserve_fds, &j->stage_fd, 1);
	if (r == 0)
		r = become_prepare(&b, &e);
	if (r == 0)
		r = become_user(&b, &e);
	if (r == 0)
		r = become_exec(&b, &e);
	if (!e.code)
		err_set(&e, r, "set up the process");
	stage_report(j->stage_fd, &e);
	sys_exit_now(1);
}

static int open_namespaces(struct joining *j, struct err *e)
{
	uint64_t ticks;
	int r;

	for (size_t k = 0; k < OCI_NS_COUNT; k++) {
		if (!j->spec.ns[k].set)
			continue;
		j->ns_fds[k] = ns_open_of(j->state.pid, k, e);
		if (j->ns_fds[k] < 0)
			return j->ns_fds[k];
	}
	/* looked at after they were opened: they are of the process that we know */
	r = sys_proc_start_time(j->state.pid, &ticks);
	if (r < 0 || ticks != j->state.start_ticks)
		return err_text(e, -ESRCH, "container %s has ended", j->state.id);
	return 0;
}

static int prepare(struct runtime *rt, struct joining *j, struct err *e)
{
	auto_close int dir = statedir_open(rt, j->o->id, e);
	int pair[2], r, status;

	r = dir < 0 ? dir : statedir_load(rt, dir, &j->state, e);
	if (r < 0)
		return r;
	status = statedir_status(dir, &j->state, e);
	if (status < 0)
		return status;
	/* a process that joins a frozen cgroup stops, and we with it, until somebody resumes it */
	if (status == OCI_PAUSED && !j->o->ignore_paused)
		return err_text(e, -EBUSY,
				"cannot exec in a paused container (use --ignore-paused to "
				"override)");
	if (status != OCI_RUNNING && status != OCI_CREATED && status != OCI_PAUSED)
		return err_text(e, -EINVAL, "cannot exec in a %s container: %s",
				oci_status_name((enum oci_status)status), j->o->id);
	r = statedir_load_config(rt, dir, &j->spec, e);
	if (r == 0)
		r = exec_process(rt, j->o, &j->spec.process, &j->process, e);
	if (r < 0)
		return r;
	caps_warn(&j->process.caps, j->spec.ns[OCI_NS_USER].set, rt->warning);
	r = filter_compile(&j->spec.seccomp, &program, e);
	if (r == 0)
		r = notify_connect(&j->spec.seccomp, &program, &j->agent_fd, e);
	if (r == 0)
		r = open_namespaces(j, e);
	if (r == 0)
		r = j->o->n_cgroups ? cgroup_reopen(&j->cgroup, &j->state.cgroups, &rt->arena, e)
				    : cgroup_open(&j->cgroup, &j->state.cgroups, e);
	/* of the machine's systemd we may enter like any other */
	if (j->state.unit.name && !str_eq(j->state.unit.socket, SYSTEMD_SOCKET))
		j->cgroup.unit = &j->state.unit;
	if (r == 0)
		r = cgroup_sub(&j->cgroup, j->o->cgroups, j->o->n_cgroups, e);
	if (r == 0)
		r = terminal_plan(&j->terminal, j->o->console_socket, !j->o->detach, &j->process,
				  &j->console_fd, e);
	if (r >= 0)
		r = sys_socketpair_seqpacket(pair);
	if (r < 0)
		return e->code ? e->code : err_set(e, r, "socket pair");
	j->sync_fd = pair[0];
	j->stage_fd = pair[1];
	return 0;
}

static void parted(struct joining *j)
{
	sys_close(take_fd(&j->stage_fd));
	sys_close(take_fd(&j->console_fd));
}

/* Whoever is not root has rights in the pid namespace only once it is root in there. */
static int split_by_usher(struct joining *j, struct err *e)
{
	struct usher u = {.ns_fds = j->ns_fds,
			  .keep_groups = j->process.keep_groups,
			  .cgroup_fd = cgroup_birth_fd(&j->cgroup),
			  .place = place,
			  .arg = j};

	j->pid = usher_clone(&u, e);
	if (j->pid == 0) {
		sys_close(j->sync_fd);
		joined_main(j, true, true);
	}
	parted(j);
	j->pidfd = j->pid < 0 ? -1 : sys_pidfd_open(j->pid);
	return j->pid < 0 ? j->pid : 0;
}

static int split_off(struct joining *j, struct err *e)
{
	struct sys_clone how = {.cgroup_fd = j->o->n_cgroups ? -1 : cgroup_birth_fd(&j->cgroup)};
	int pid_ns = j->ns_fds[OCI_NS_PID], r = 0;
	auto_close int own = pid_ns < 0 ? -1 : sys_open(AT_FDCWD, "/proc/self/ns/pid", O_RDONLY, 0);
	bool born;

	if (pid_ns >= 0)
		r = own < 0 ? own : sys_setns(pid_ns, CLONE_NEWPID);
	if (r < 0)
		return err_set(e, r, "join the container's pid namespace");
	j->pid = sys_clone(&how, &j->pidfd, &born);
	if (j->pid == 0) {
		sys_close(own);
		sys_close(j->sync_fd);
		joined_main(j, born, false);
	}
	if (pid_ns >= 0)
		r = sys_setns(own, CLONE_NEWPID);
	parted(j);
	if (j->pid < 0)
		return err_set(e, j->pid, "new process");
	return r < 0 ? err_set(e, r, "return to the pid namespace") : 0;
}

static int wait_exec(struct joining *j, struct err *e)
{
	struct stage_msg m;
	int r = stage_wait(j->sync_fd, &m);

	if (r == 1 && m.kind == STAGE_NOTIFY) {
		struct notify_from from = {j->sync_fd, j->pidfd, j->pid, m.code};
		struct stage_ack ack = {.pid = j->pid};

		r = notify_forward(j->agent_fd, &from, &j->spec.seccomp, &j->state, OCI_RUNNING, e);
		if (r == 0)
			r = sys_send_fds(j->sync_fd, &ack, sizeof(ack), NULL, 0);
		if (r == 0 || r == -EPIPE)
			r = stage_wait(j->sync_fd, &m);
	}
	if (r == 0)
		return 0;
	if (r < 0)
		return e->code ? r : err_set(e, r, "talk to the new process");
	return stage_failure(&m, e);
}

static void say_setup(const struct runtime *rt, const struct oci_process *p)
{
	uint64_t mask[OCI_MAX_CPUS / 64];
	char text[64] = "nsexec container setup";

	if (rt->debug && p->cpus_initial && oci_cpus_parse(p->cpus_initial, mask) == 0)
		snprintf(text, sizeof(text), "nsexec container setup: affinity: 0x%llx",
			 (unsigned long long)mask[0]);
	runtime_say(rt, text);
}

int runtime_exec(struct runtime *rt, const struct runtime_exec *o, int *ret_status, struct err *e)
{
	static struct joining j;
	struct sys_exit ignored;
	int r;

	j = (struct joining){.o = o,
			     .sync_fd = -1,
			     .stage_fd = -1,
			     .console_fd = -1,
			     .agent_fd = -1,
			     .label = LABEL_INIT,
			     .pidfd = -1};
	terminal_init(&j.terminal);
	ns_fds_init(j.ns_fds);
	r = sys_cloexec_from(3 + (int)o->preserve_fds);
	if (r < 0)
		return err_set(e, r, "close what the caller left open");
	if (!o->detach)
		sys_signals_block_all();
	r = sys_set_dumpable(false);
	r = r < 0 ? err_set(e, r, "become closed to /proc") : oci_id_check(o->id, e);
	if (r == 0)
		r = prepare(rt, &j, e);
	say_setup(rt, &j.process);
	if (r == 0)
		r = sys_get_uid() != 0 && j.spec.ns[OCI_NS_USER].set ? split_by_usher(&j, e)
								     : split_off(&j, e);
	if (r == 0) {
		runtime_say(rt, "child process in init()");
		r = wait_exec(&j, e);
	}
	if (r == 0) {
		runtime_say(rt, "setns_init: about to exec");
		r = run_send_pidfd(o->pidfd_socket, "setns", j.pid, j.pidfd, e);
	}
	if (r == 0)
		r = statedir_pid_file(o->pid_file, j.pid, e);
	if (r == 0)
		*ret_status = 0;
	if (r == 0 && !o->detach)
		r = terminal_wait(&j.terminal, j.pid, j.pidfd, ret_status, e);
	if (r < 0 && j.pid > 0) { /* a failure leaves nothing behind */
		sys_kill(j.pid, SIGKILL);
		sys_wait(j.pid, 0, &ignored);
	}
	return r;
}
