/* SPDX-License-Identifier: Apache-2.0 */
/* create, start, wait, delete in one process: no pipe to be started by, the socket of the stage does. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/create.h"
#include "runtime/hooks.h"
#include "runtime/rdt.h"
#include "runtime/readiness.h"
#include "runtime/run.h"
#include "runtime/runtime.h"
#include "runtime/shared_root.h"
#include "runtime/stage.h"
#include "runtime/statedir.h"
#include "runtime/systemd/systemd.h"
#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/proc.h"
#include "sys/sock.h"

/* The stage was told to go on when it was made; its end of the socket is closed by the exec. */
static int wait_exec(int sync_fd, struct err *e)
{
	struct stage_msg m;
	int r = stage_wait(sync_fd, &m);

	if (r < 0)
		return err_set(e, r, "start");
	if (r == 0)
		return 0;
	return stage_failure(&m, e);
}

int run_send_pidfd(const char *path, const char *kind, pid_t pid, int pidfd, struct err *e)
{
	auto_close int own = pidfd < 0 && path ? sys_pidfd_open(pid) : -1;
	auto_close int fd = -1;
	int send = pidfd < 0 ? own : pidfd, r;

	if (!path)
		return 0;
	if (send < 0)
		return send == -ENOSYS ? err_text(e, -EOPNOTSUPP, "--pidfd-socket needs Linux 5.3")
				       : err_set(e, send, "--pidfd-socket: pidfd");
	r = fd = sys_connect_unix(path, SOCK_STREAM);
	if (r >= 0)
		r = sys_send_fds(fd, kind, strlen(kind), &send, 1);
	return r < 0 ? err_set(e, r, "pidfd socket %s", path) : 0;
}

static int clean_up(struct creation *c, struct err *e)
{
	struct err hook = {0};
	int r = 0;

	if (!c->state.own_pid_ns)
		r = cgroup_signal_all(&c->state.cgroups, SIGKILL, e);
	if (r == 0 || r == -ESRCH)
		r = systemd_stop(&c->state.unit, e);
	if (r == 0)
		r = cgroup_remove(&c->state.cgroups, e);
	rdt_remove(&c->spec.rdt, c->o->id);
	if (r == 0)
		r = shared_root_undo(c->dir_fd, &c->spec, e);
	if (r == 0)
		r = statedir_remove(c->rt, c->o->id, e);
	if (r == 0 && hooks_run(&c->spec, OCI_HOOK_POSTSTOP, &c->state, OCI_STOPPED, &hook) < 0)
		memcpy(c->rt->warning, hook.msg, sizeof(c->rt->warning));
	return r;
}

int run_to_end(struct creation *c, bool keep, int *ret_status, struct err *e)
{
	bool stay = c->o->foreground;
	int r = 0;

	*ret_status = 0;
	if (stay)
		r = terminal_wait(&c->terminal, c->state.pid, c->pidfd, ret_status, e);
	if (r == 0 && stay) {
		c->state.pid = 0; /* its number may be somebody else's now */
		if (!keep)
			r = clean_up(c, e);
	}
	/* nobody else will: a second try, whatever the first one could not do */
	if (r < 0)
		creation_abort(c);
	else
		creation_end(c);
	return r;
}

int runtime_run(struct runtime *rt, const struct runtime_create *o, bool keep, int *ret_status,
		struct err *e)
{
	static struct creation c;
	int r;

	if (o->foreground)
		sys_signals_block_all();
	r = creation_begin(&c, rt, o, false, e);
	if (r < 0)
		return r;
	r = wait_exec(c.sync_fd, e);
	if (r < 0)
		terminal_flush(&c.terminal);
	if (r == 0)
		r = statedir_save(c.dir_fd, &c.state, e);
	if (r == 0)
		r = hooks_run(&c.spec, OCI_HOOK_POSTSTART, &c.state, OCI_RUNNING, e);
	if (r < 0) {
		creation_abort(&c);
		return r;
	}
	if (c.ready_fd >= 0 && o->foreground)
		r = readiness_pass_beside(c.ready_fd, o->notify_socket, c.state.pid);
	else if (c.ready_fd >= 0)
		r = readiness_pass(c.ready_fd, o->notify_socket, c.state.pid);
	if (r < 0)
		str_copy(rt->warning, sizeof(rt->warning), READINESS_LOST);
	return run_to_end(&c, keep, ret_status, e);
}
