/* SPDX-License-Identifier: Apache-2.0 */
#include "role/role.h"

#include <errno.h>
#include <signal.h>

#include "base/str.h"
#include "sys/fd.h"

#define MAX_ARGS 8

int role_spawn(enum role_id id, const int *fds, size_t n_fds, const char *const *cgroup_procs,
	       struct role_proc *ret_proc, struct err *e)
{
	const struct role *r = &roles[id];
	const char *const argv[] = {"cleat", r->name, NULL};
	int child_fds[ROLE_FD_ARG + MAX_ARGS] = {-1, -1, 2};
	struct sys_spawn s = {
		.path = "/proc/self/exe",
		.argv = argv,
		.fds = child_fds,
		.n_fds = ROLE_FD_ARG + n_fds,
		.cgroup_fd = -1,
		.cgroup_procs = cgroup_procs,
		.new_session = true,
		.parent_death_signal = SIGKILL,
	};
	struct role_proc p = {.pidfd = -1, .peer_fd = -1, .id = id};
	int pair[2], n;

	if (!r->main)
		return err_text(e, -ENOSYS, "this build has no role number %d", (int)id);
	if (n_fds != r->n_args || n_fds > MAX_ARGS)
		return err_text(e, -EINVAL, "role %s takes %u descriptors, not %zu", r->name,
				r->n_args, n_fds);
	n = sys_socketpair_seqpacket(pair);
	if (n < 0)
		return err_set(e, n, "make a socket for role %s", r->name);
	child_fds[ROLE_FD_PEER] = pair[1];
	for (size_t i = 0; i < n_fds; i++)
		child_fds[ROLE_FD_ARG + i] = fds[i];
	p.pid = sys_spawn(&s, &p.pidfd);
	sys_close(pair[1]);
	if (p.pid < 0) {
		sys_close(pair[0]);
		return err_set(e, p.pid, "start role %s", r->name);
	}
	p.peer_fd = pair[0];
	*ret_proc = p;
	return 0;
}

bool role_accepts(enum role_id id, uint32_t type)
{
	const uint32_t *t = roles[id].accepts;

	while (t && *t && *t != type)
		t++;
	return t && type && *t == type;
}

int role_recv(struct role_proc *p, void *buf, size_t cap, struct msg *ret_msg, int flags)
{
	struct msg m = {0};
	int r = msg_recv(p->peer_fd, buf, cap, &m, flags);

	if (r == 1 && role_accepts(p->id, m.type)) {
		*ret_msg = m;
		return r;
	}
	if (r != 1 && r != -EBADMSG && r != -EMSGSIZE)
		return r;
	msg_close_fds(&m);
	role_kill(p);
	sys_close(take_fd(&p->peer_fd));
	return -EPROTO;
}

void role_kill(struct role_proc *p)
{
	if (p->pid <= 0)
		return;
	if (p->pidfd < 0 || sys_pidfd_signal(p->pidfd, SIGKILL) == -ENOSYS)
		sys_kill(p->pid, SIGKILL);
}

void role_end(struct role_proc *p, struct sys_exit *ret_exit)
{
	struct sys_exit exit = {0};

	if (p->pid <= 0)
		return;
	role_kill(p);
	sys_wait(p->pid, 0, &exit);
	p->pid = 0;
	sys_close(take_fd(&p->pidfd));
	sys_close(take_fd(&p->peer_fd));
	if (ret_exit)
		*ret_exit = exit;
}

int role_main(const char *name)
{
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		if (!roles[i].main || !str_eq(roles[i].name, name))
			continue;
		role_enter(&roles[i]);
		return roles[i].main(ROLE_FD_PEER);
	}
	return -ENOENT;
}
