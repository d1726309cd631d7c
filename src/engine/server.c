/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control connections: accept, decode one request, dispatch, answer. Only root may speak: the socket
 * is 0600 and the peer's credentials are checked too, because a path can be bind-mounted.
 */
#include "engine/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "engine/engine.h"
#include "engine/event.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/mem.h"
#include "sys/watch.h"

#define REPLY_TEXT_CAP 1024

static struct client clients[CONFIG_MAX_CLIENTS];
static struct loop_io listen_io;
static int listen_fd = -1;
static uint8_t frame_in[MSG_MAX], frame_out[MSG_MAX];
static char socket_path[300];

/* clang-format off */
static verb_fn *const verbs[CTL_VERB_COUNT] = {
	[CTL_RUN] = verb_run, [CTL_START] = verb_start, [CTL_STOP] = verb_stop,
	[CTL_RESTART] = verb_restart, [CTL_KILL] = verb_kill, [CTL_RM] = verb_rm,
	[CTL_WAIT] = verb_wait, [CTL_PS] = verb_ps, [CTL_LOGS] = verb_logs,
	[CTL_EXEC] = verb_exec, [CTL_ATTACH] = verb_attach, [CTL_RESIZE] = verb_resize,
	[CTL_INSPECT] = verb_inspect, [CTL_APPLY] = verb_apply, [CTL_PULL] = verb_pull,
	[CTL_IMAGES] = verb_images, [CTL_RMI] = verb_rmi, [CTL_LOAD] = verb_load,
	[CTL_TAG] = verb_tag, [CTL_HISTORY] = verb_history, [CTL_PRUNE] = verb_prune, [CTL_DF] = verb_df,
	[CTL_SAVE] = verb_save, [CTL_BLOB] = verb_blob,
	[CTL_LOGIN] = verb_login, [CTL_LOGOUT] = verb_logout,
	SERVER_PUSH
	[CTL_CHECK] = verb_check, [CTL_CONFIG] = verb_config, [CTL_FSCK] = verb_fsck,
	[CTL_INFO] = verb_info, [CTL_VERSION] = verb_version, [CTL_TAKEOVER] = verb_takeover,
};
/* clang-format on */

struct client *client_each(struct client *after)
{
	for (struct client *c = after ? after + 1 : clients; c < clients + CONFIG_MAX_CLIENTS; c++)
		if (c->serial && c->fd >= 0)
			return c;
	return NULL;
}

static void hang_up(struct client *c)
{
	if (!c->serial || c->fd < 0)
		return;
	loop_io_fini(&c->io);
	sys_close(take_fd(&c->fd));
	if (c->wait == CLIENT_EXEC)
		exec_cancel(c);
	if (c->wait == CLIENT_PULL)
		image_client_gone();
	if (c->wait == CLIENT_APPLY || c->wait == CLIENT_PARSE)
		desired_client_gone(c);
	if (c->wait == CLIENT_PUSH)
		push_client_gone(c);
	if (c->wait == CLIENT_LOGIN)
		login_client_gone(c);
	for (size_t i = 0; i < ARRAY_LEN(c->fds); i++)
		sys_close(take_fd(&c->fds[i]));
	if (c->service_len)
		sys_release(c->service, sizeof(c->service));
	c->service_len = 0;
	c->wait = CLIENT_IDLE;
	if (listen_fd >= 0)
		loop_io_set(&listen_io, EPOLLIN);
	if (engine.one_shot)
		loop_stop(&engine.loop, 0);
}

/* Answers --------------------------------------------------------------------------------------- */

void client_send(struct client *c, const struct ctl_reply *reply)
{
	struct msg_out o;

	if (c->fd < 0)
		return;
	msg_begin(&o, frame_out, sizeof(frame_out), reply->type);
	ctl_reply_encode(&o.enc, reply);
	for (size_t i = 0; i < reply->n_fds; i++)
		msg_add_fd(&o, reply->fds[i]);
	if (msg_send(c->fd, &o) < 0)
		hang_up(c);
}

static void idle(struct client *c)
{
	c->wait = CLIENT_IDLE;
	c->container = NULL;
	c->flags = 0;
	c->tell_exit = false;
}

void client_done(struct client *c)
{
	idle(c);
	client_send(c, &(struct ctl_reply){.type = CTL_DONE});
}

void client_error(struct client *c, int exit_code, const char *fmt, ...)
{
	char text[REPLY_TEXT_CAP];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	idle(c);
	client_send(c, &(struct ctl_reply){.type = CTL_ERROR, .error = {exit_code, text}});
}

void client_exit(struct client *c, int code)
{
	client_send(c, &(struct ctl_reply){.type = CTL_EXIT, .exit_code = code});
}

void client_text(struct client *c, const char *text)
{
	client_send(c, &(struct ctl_reply){.type = CTL_TEXT, .text = (char *)(uintptr_t)text});
}

void client_pair(struct client *c, const char *key, const char *fmt, ...)
{
	char text[REPLY_TEXT_CAP];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	client_send(c,
		    &(struct ctl_reply){.type = CTL_PAIR, .pair = {(char *)(uintptr_t)key, text}});
}

/* A client that does not read misses some of these; its socket keeps room for what it must know. */
void client_progress(struct client *c, const char *what, const char *text, uint64_t done,
		     uint64_t total)
{
	if (c->fd < 0 || sys_poll_one(c->fd, POLLOUT, 0) != POLLOUT)
		return;
	client_send(c, &(struct ctl_reply){.type = CTL_PROGRESS,
					   .progress = {(char *)(uintptr_t)what,
							(char *)(uintptr_t)text, done, total}});
}

void client_started(struct client *c, const struct container *k)
{
	client_send(c, &(struct ctl_reply){
			       .type = CTL_STARTED,
			       .started = {(char *)(uintptr_t)k->id, (char *)(uintptr_t)k->name}});
}

void client_watch(struct client *c, enum client_wait wait, struct container *k)
{
	c->wait = wait;
	c->container = k;
	c->container_serial = k ? k->serial : 0;
}

/* What containers do ------------------------------------------------------------------------------ */

static bool watches(const struct client *c, const struct container *k)
{
	return c->container == k && c->container_serial == k->serial;
}

void client_container_started(struct container *k)
{
	for (struct client *c = NULL; (c = client_each(c));) {
		if (!watches(c, k))
			continue;
		if (c->wait == CLIENT_START || c->wait == CLIENT_RUN)
			client_started(c, k);
		if (c->wait == CLIENT_START || c->wait == CLIENT_RESTART)
			client_done(c);
		else if (c->wait == CLIENT_RUN) {
			c->wait = CLIENT_END;
			c->tell_exit = true;
		}
	}
}

void client_container_failed(struct container *k)
{
	for (struct client *c = NULL; (c = client_each(c));)
		if (watches(c, k) && c->wait != CLIENT_REMOVED)
			client_error(c, k->exit_code, "container %s: %s", k->name, k->error);
}

void client_container_ended(struct container *k)
{
	for (struct client *c = NULL; (c = client_each(c));) {
		if (!watches(c, k))
			continue;
		if (c->wait == CLIENT_START || c->wait == CLIENT_RUN) { /* it was that fast */
			client_started(c, k);
			c->tell_exit |= c->wait == CLIENT_RUN;
			c->wait = CLIENT_END;
		}
		if (c->wait != CLIENT_END)
			continue;
		if (c->tell_exit)
			client_exit(c, k->exit_code);
		client_done(c);
	}
}

void client_container_removed(struct container *k)
{
	for (struct client *c = NULL; (c = client_each(c));)
		if (watches(c, k)) {
			if (c->wait == CLIENT_REMOVED)
				client_done(c);
			else
				client_error(c, 1, "container %s was removed", k->name);
		}
}

/* Requests -------------------------------------------------------------------------------------- */

/* signals and window sizes of a foreground run or exec come while its request is under way */
static bool aside(struct client *c, const struct ctl_request *r)
{
	if (c->wait == CLIENT_IDLE)
		return false;
	if (r->name || (r->verb != CTL_KILL && r->verb != CTL_RESIZE))
		return false;
	if (c->wait == CLIENT_EXEC) {
		/* the terminal's size is the client's affair: it has the master */
		if (r->verb == CTL_KILL)
			exec_kill(c, r->signal ? r->signal : SIGKILL);
	} else if (c->container && c->container->serial == c->container_serial &&
		   r->verb == CTL_KILL)
		container_kill(c->container, r->signal ? r->signal : 9, NULL);
	else if (c->container && c->container->serial == c->container_serial &&
		 c->container->state == CONTAINER_RUNNING)
		monitor_send_resize(c->container->monitor_fd, r->rows, r->columns);
	return true;
}

static void dispatch(struct client *c, struct msg *m)
{
	auto_scratch size_t mark = scratch_mark();
	uint32_t verb = m->type - CTL_REQUEST;
	struct ctl_request r;
	struct dec d;

	(void)mark;
	if (verb >= CTL_VERB_COUNT) {
		client_error(c, 1, "the engine does not know request 0x%x: other version of cleat?",
			     m->type);
		return;
	}
	dec_init(&d, m->payload, m->len, &engine.scratch);
	ctl_request_decode(&d, (enum ctl_verb)verb, &r);
	if (dec_done(&d) < 0) {
		client_error(c, 1, "request '%s' is malformed: other version of cleat?",
			     ctl_verb_name((enum ctl_verb)verb));
		return;
	}
	if (aside(c, &r))
		return;
	if (c->wait != CLIENT_IDLE) {
		event("client-protocol", "verb=%s", ctl_verb_name(r.verb));
		hang_up(c);
		return;
	}
	if (engine.one_shot && ctl_verb_needs_engine(r.verb)) {
		client_error(c, 1, "'cleat %s' needs an engine; start it with: cleat engine",
			     ctl_verb_name(r.verb));
		return;
	}
	c->verb = r.verb;
	c->flags = r.flags;
	if (verbs[r.verb])
		verbs[r.verb](c, &r, m);
	else
		client_error(c, 1, "this build has no '%s'", ctl_verb_name(r.verb));
}

static void on_client(struct loop_io *io, uint32_t events)
{
	struct client *c = io->data;
	struct msg m = {0};
	int r;

	(void)events;
	r = msg_recv(c->fd, frame_in, sizeof(frame_in), &m, MSG_DONTWAIT);
	if (r == -EAGAIN)
		return;
	if (r <= 0) {
		hang_up(c);
		return;
	}
	dispatch(c, &m);
	msg_close_fds(&m);
}

static int add_client(int fd)
{
	struct client *c = clients;
	uint32_t serial;
	int r;

	while (c < clients + CONFIG_MAX_CLIENTS && c->serial && c->fd >= 0)
		c++;
	if (c == clients + CONFIG_MAX_CLIENTS)
		return -EMFILE;
	serial = c->serial + 1;
	c->fd = fd;
	c->serial = serial;
	c->fds[0] = c->fds[1] = c->fds[2] = -1;
	c->exec = (struct client_exec){.console_fd = -1};
	idle(c);
	sys_set_nonblock(fd, 1);
	r = loop_io_init(&c->io, &engine.loop, fd, EPOLLIN, on_client, c);
	if (r < 0)
		c->fd = -1;
	return r;
}

static bool any_slot_free(void)
{
	for (struct client *c = clients; c < clients + CONFIG_MAX_CLIENTS; c++)
		if (!c->serial || c->fd < 0)
			return true;
	return false;
}

static void on_listen(struct loop_io *io, uint32_t events)
{
	int fd = sys_accept(listen_fd), r;
	pid_t pid;
	uid_t uid;
	gid_t gid;

	(void)events;
	if (fd < 0)
		return;
	r = sys_peer_cred(fd, &pid, &uid, &gid);
	if (r < 0 || (uid != 0 && uid != sys_get_uid())) {
		event("client-refused", "uid=%u", r < 0 ? 0 : (unsigned int)uid);
		sys_close(fd);
		return;
	}
	r = add_client(fd);
	if (r < 0)
		sys_close(fd);
	if (!any_slot_free())
		loop_io_set(io,
			    0); /* the next one waits in the queue until hang_up() listens again */
}

int server_listen(struct err *e)
{
	int r = str_printf(socket_path, sizeof(socket_path), "%s/ctl.sock", engine.run);

	if (r > 0)
		r = sys_listen_unix(socket_path, 0600, SOCK_SEQPACKET);
	if (r < 0)
		return err_set(e, r, "listen on %s/ctl.sock", engine.run);
	listen_fd = r;
	r = loop_io_init(&listen_io, &engine.loop, listen_fd, EPOLLIN, on_listen, NULL);
	return r < 0 ? err_set(e, r, "watch the control socket") : 0;
}

int server_serve(int fd, struct err *e)
{
	int r = add_client(fd);

	return r < 0 ? err_set(e, r, "serve the control connection") : 0;
}

void server_close(void)
{
	for (struct client *c = NULL; (c = client_each(c));)
		hang_up(c);
	loop_io_fini(&listen_io);
	if (listen_fd >= 0)
		sys_unlink(AT_FDCWD, socket_path, 0);
	sys_close(take_fd(&listen_fd));
}
