/* SPDX-License-Identifier: Apache-2.0 */
#include "msg/ctl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/sock.h"

static int start_one_shot(struct ctl_client *c, const struct ctl_paths *paths, struct err *e)
{
	const char *argv[] = {"cleat",	  "--root",	 paths->root, "--run",	    paths->run,
			      "--config", paths->config, "engine",    "--one-shot", NULL};
	auto_close int ours = -1, theirs = -1, pidfd = -1;
	/* the environment may name a proxy, and what a credential helper needs */
	struct sys_spawn s = {.path = "/proc/self/exe",
			      .argv = argv,
			      .envp = (const char *const *)environ,
			      .n_fds = 4,
			      .cgroup_fd = -1};
	int pair[2], fds[4] = {-1, -1, 2, -1};
	pid_t pid;
	int r;

	r = sys_socketpair_seqpacket(pair);
	if (r < 0)
		return err_set(e, r, "socket pair for a one-shot engine");
	ours = pair[0];
	theirs = pair[1];
	fds[3] = theirs;
	s.fds = fds;
	pid = sys_spawn(&s, &pidfd);
	if (pid < 0)
		return err_set(e, (int)pid, "start a one-shot engine");
	c->one_shot_pid = pid;
	c->fd = take_fd(&ours);
	return 0;
}

int ctl_open(struct ctl_client *c, const struct ctl_paths *paths, enum ctl_verb verb, struct err *e)
{
	char path[512];
	int r;

	c->fd = -1;
	c->one_shot_pid = 0;
	arena_init(&c->arena, c->mem, sizeof(c->mem));
	r = str_printf(path, sizeof(path), "%s/ctl.sock", paths->run);
	if (r < 0)
		return err_set(e, r, "run directory %.100s", paths->run);
	r = sys_connect_unix(path, SOCK_SEQPACKET);
	if (r >= 0) {
		c->fd = r;
		return 0;
	}
	if (r != -ENOENT && r != -ECONNREFUSED)
		return err_set(e, r, "connect to the engine at %s", path);
	if (ctl_verb_needs_engine(verb))
		return err_text(e, -ENOENT,
				"no engine runs at %s, and 'cleat %s' needs one; start it with: "
				"cleat engine",
				path, ctl_verb_name(verb));
	return start_one_shot(c, paths, e);
}

void ctl_close(struct ctl_client *c)
{
	struct sys_exit ignored;

	sys_close(c->fd);
	c->fd = -1;
	if (c->one_shot_pid > 0)
		sys_wait(c->one_shot_pid, 0, &ignored);
	c->one_shot_pid = 0;
}

int ctl_call(struct ctl_client *c, const struct ctl_request *r, const int *fds, size_t n_fds,
	     struct err *e)
{
	struct msg_out o;
	int err;

	msg_begin(&o, c->frame, sizeof(c->frame), CTL_REQUEST + (uint32_t)r->verb);
	ctl_request_encode(&o.enc, r);
	for (size_t i = 0; i < n_fds; i++)
		msg_add_fd(&o, fds[i]);
	err = msg_send(c->fd, &o);
	if (err == -EMSGSIZE)
		return err_text(e, err, "arguments and environment are longer than %d bytes",
				MSG_MAX);
	if (err < 0)
		return err_set(e, err, "send '%s' to the engine", ctl_verb_name(r->verb));
	return 0;
}

int ctl_next(struct ctl_client *c, struct ctl_reply *ret_reply, struct err *e)
{
	struct ctl_reply reply;
	struct msg m;
	struct dec d;
	int r;

	r = msg_recv(c->fd, c->frame, sizeof(c->frame), &m, 0);
	if (r == 0)
		return err_text(e, -ECONNRESET,
				"the engine closed the connection before its answer was complete");
	if (r < 0)
		return err_set(e, r, "receive from the engine");
	arena_reset(&c->arena);
	dec_init(&d, m.payload, m.len, &c->arena);
	ctl_reply_decode(&d, m.type, &reply);
	r = dec_done(&d);
	if (r < 0) {
		msg_close_fds(&m);
		return err_set(e, r, "answer of the engine (type 0x%x): other version of cleat?",
			       m.type);
	}
	memcpy(reply.fds, m.fds, sizeof(reply.fds));
	reply.n_fds = m.n_fds;
	*ret_reply = reply;
	return 1;
}

int ctl_finish(struct ctl_client *c, struct err *e)
{
	struct ctl_reply reply;
	int r;

	for (;;) {
		r = ctl_next(c, &reply, e);
		if (r < 0)
			return r;
		for (size_t i = 0; i < reply.n_fds; i++)
			sys_close(reply.fds[i]);
		if (reply.type == CTL_DONE)
			return 0;
		if (reply.type == CTL_ERROR) {
			err_text(e, -EREMOTEIO, "%s", reply.error.text);
			return reply.error.exit_code > 0 ? reply.error.exit_code : 1;
		}
	}
}
