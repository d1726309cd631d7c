/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One slot per process under way. Without a terminal the process gets the client's own descriptors,
 * so the engine never touches a byte of its output; with one, the runtime sends the terminal's master
 * to a socket of ours and the client gets it. A user that is named is looked up in the container as it
 * is now, by the parse role.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "engine/engine.h"
#include "engine/event.h"
#include "engine/server.h"
#include "file/rooted.h"
#include "monitor/monitor.h"
#include "sys/fd.h"
#include "sys/mem.h"

#define MAX_USER_FILE	(1024 * 1024) /* bytes of a container's passwd and group */
#define LOOKUP_MS	10000
#define RUNTIME_FAILED	255 /* exit status of exec of runc and ours */
#define MAX_OPTIONS	16  /* words of the command line besides lists */
#define MAX_NUMBER_TEXT 12

struct exec {
	bool used, looking_up, running;
	struct container *container;
	struct client *client; /* told as long as it is there */
	uint32_t container_serial, client_serial;
	uint32_t flags;
	int request_fd; /* the request in memory, while the user is looked up */
	int stdio[3];
	int message_fd; /* what the runtime says: its standard error on a terminal, else its log */
	int console_fd;
	char console_path[400];
	struct parse_call user_call;
	struct loop_io user_io, console_io, conn_io;
	struct loop_timer timer;
	struct loop_child child;
};

static struct exec execs[CONFIG_MAX_CLIENTS];

static void release(struct exec *x)
{
	loop_timer_fini(&x->timer);
	loop_io_fini(&x->user_io);
	loop_io_fini(&x->console_io);
	if (x->conn_io.loop) {
		loop_io_fini(&x->conn_io);
		sys_close(x->conn_io.fd);
	}
	if (x->looking_up)
		parse_cancel(&x->user_call);
	if (x->console_fd >= 0)
		sys_unlink(AT_FDCWD, x->console_path, 0);
	sys_close(take_fd(&x->console_fd));
	sys_close(take_fd(&x->request_fd));
	sys_close(take_fd(&x->message_fd));
	for (size_t i = 0; i < 3; i++)
		sys_close(take_fd(&x->stdio[i]));
	x->used = false;
}

/* the client that asked, NULL once it has gone */
static struct client *client_of(const struct exec *x)
{
	struct client *c = x->client;

	return c->fd >= 0 && c->serial == x->client_serial && c->wait == CLIENT_EXEC ? c : NULL;
}

/* @e: why the process never ran, or NULL */
static void finish(struct exec *x, int code, const struct err *e)
{
	struct client *c = client_of(x);

	release(x);
	if (!c)
		return;
	if (e) {
		client_error(c, code, "%s", e->msg);
		return;
	}
	client_exit(c, code);
	client_done(c);
}

/* The terminal ----------------------------------------------------------------------------------- */

static void on_console_message(struct loop_io *io, uint32_t events)
{
	struct exec *x = io->data;
	char name[64];
	size_t n_fds = 0;
	int fd = -1, conn = io->fd;

	(void)events;
	if (sys_recv_fds(conn, name, sizeof(name), &fd, 1, &n_fds, MSG_DONTWAIT) == -EAGAIN)
		return;
	loop_io_fini(io);
	sys_close(conn);
	if (n_fds != 1)
		return; /* the runtime's exit tells the rest */
	if (client_of(x)) {
		struct ctl_reply reply = {.type = CTL_FD, .fds = {fd}, .n_fds = 1};

		client_send(client_of(x), &reply);
	}
	sys_close(fd);
}

static void on_console(struct loop_io *io, uint32_t events)
{
	struct exec *x = io->data;
	int conn = sys_accept(x->console_fd);

	(void)events;
	if (conn < 0)
		return;
	if (x->conn_io.loop ||
	    loop_io_init(&x->conn_io, &engine.loop, conn, EPOLLIN, on_console_message, x) < 0)
		sys_close(conn);
}

static int open_console(struct exec *x, struct err *e)
{
	int r;

	container_run_path(x->container, x->console_path, sizeof(x->console_path) - 16, "exec");
	r = (int)strlen(x->console_path);
	str_printf(x->console_path + r, 16, "%zu.sock", (size_t)(x - execs));
	r = sys_listen_unix(x->console_path, 0600, SOCK_STREAM);
	if (r < 0)
		return err_set(e, r, "listen at %s", x->console_path);
	x->console_fd = r;
	r = loop_io_init(&x->console_io, &engine.loop, r, EPOLLIN, on_console, x);
	return r < 0 ? err_set(e, r, "watch %s", x->console_path) : 0;
}

/* The end ---------------------------------------------------------------------------------------- */

/* what the runtime wrote where nobody has seen it. Return: false: nothing */
static bool read_message(struct exec *x, char *dst, size_t cap)
{
	ssize_t n = x->message_fd < 0 ? 0 : sys_pread(x->message_fd, dst, cap - 1, 0);

	while (n > 0 && (unsigned char)dst[n - 1] <= ' ')
		n--;
	dst[n > 0 ? n : 0] = '\0';
	for (char *p = dst; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	return *dst;
}

static void on_exit(struct loop_child *child, struct sys_exit exit)
{
	struct exec *x = child->data;
	int code = sys_exit_code(exit);
	char text[ERR_MSG_MAX - 64];
	bool said = read_message(x, text, sizeof(text)), tty = x->flags & CTL_F_TTY;
	struct err e = {0};

	/* a program may end with 255 too, but then the runtime has logged no error */
	if (code == RUNTIME_FAILED && said && (tty || strstr(text, "level=error")))
		code = monitor_exit_code_of(text);
	event("exec-ended", "id=%.12s code=%d", x->container->id, code);
	if (said && tty) {
		err_text(&e, -ENOEXEC, "%s", text);
	} else if (x->flags & CTL_F_DETACH && code) {
		err_text(&e, -ENOEXEC, "the process was not started in container %s: %s",
			 x->container->name,
			 code == 127   ? "command not found"
			 : code == 126 ? "command cannot be executed"
				       : "the runtime refused");
	}
	finish(x, e.code && !code ? 125 : code, e.code ? &e : NULL);
}

/* The runtime's command line ---------------------------------------------------------------------- */

struct words {
	const char **v;
	size_t n;
};

static void word(struct words *w, const char *a)
{
	w->v[w->n++] = a;
}

static void words(struct words *w, const char *a, const char *b)
{
	word(w, a);
	word(w, b);
}

static int add_user(struct words *w, const struct parse_user *u, struct err *e)
{
	char *user = arena_printf(&engine.scratch, "%u:%u", u->uid, u->gid);
	char *home = arena_printf(&engine.scratch, "HOME=%s", u->home);

	if (!user || !home)
		return err_text(e, -ENOMEM, "CONFIG_ENGINE_SCRATCH_KIB is too small");
	words(w, "--user", user);
	words(w, "--env", home);
	for (size_t i = 0; i < u->n_groups; i++) {
		char *gid = arena_printf(&engine.scratch, "%u", u->groups[i]);

		if (!gid)
			return err_text(e, -ENOMEM, "CONFIG_ENGINE_SCRATCH_KIB is too small");
		/* other runtimes refuse the option or add the primary group by themselves */
		if (engine.own_runtime || u->groups[i] != u->gid)
			words(w, "--additional-gids", gid);
	}
	return 0;
}

static int command_line(const struct exec *x, const struct ctl_request *r,
			const struct parse_user *user, struct words *w, struct err *e)
{
	size_t n = MAX_OPTIONS + r->n_args + 2 * (r->n_env + (user ? 2 + user->n_groups : 0));
	char *args[3];
	int err;

	w->v = arena_array(&engine.scratch, n, sizeof(*w->v));
	w->n = 0;
	if (!w->v)
		return err_text(e, -ENOMEM, "CONFIG_ENGINE_SCRATCH_KIB is too small");
	word(w, "cleat");
	n = engine_runtime_args(args);
	for (size_t i = 0; i < n; i++)
		word(w, args[i]);
	if (!(r->flags & CTL_F_TTY))
		words(w, "--log", "/proc/self/fd/3");
	word(w, "exec");
	if (r->flags & CTL_F_TTY) {
		words(w, "--tty", "--console-socket");
		word(w, x->console_path);
		words(w, "--env", "TERM=xterm");
	}
	if (r->flags & CTL_F_DETACH)
		word(w, "--detach");
	if (r->working_dir)
		words(w, "--cwd", r->working_dir);
	if (user) {
		err = add_user(w, user, e);
		if (err < 0)
			return err;
	}
	for (size_t i = 0; i < r->n_env; i++)
		words(w, "--env", r->env[i]);
	word(w, x->container->id);
	for (size_t i = 0; i < r->n_args; i++)
		word(w, r->args[i]);
	return 0;
}

static int spawn(struct exec *x, const struct ctl_request *r, const struct parse_user *user,
		 struct err *e)
{
	struct words w;
	int fds[4], pidfd = -1, err;
	bool tty = r->flags & CTL_F_TTY;
	struct sys_spawn s = {
		.path = engine.runtime, .fds = fds, .n_fds = tty ? 3 : 4, .cgroup_fd = -1};
	pid_t pid;

	err = tty ? open_console(x, e) : 0;
	if (err == 0)
		err = command_line(x, r, user, &w, e);
	if (err < 0)
		return err;
	for (size_t i = 0; i < 3; i++)
		fds[i] = x->stdio[i];
	x->message_fd = sys_memfd("exec-message", 0);
	fds[3] = x->message_fd;
	if (tty) {
		fds[0] = fds[1] = -1;
		fds[2] = x->message_fd;
	}
	s.argv = w.v;
	pid = sys_spawn(&s, &pidfd);
	sys_close(pidfd);
	if (pid < 0)
		return err_set(e, (int)pid, "run %s", engine.runtime);
	/* a copy kept here would keep a pipe open that its reader waits to end */
	for (size_t i = 0; i < 3; i++)
		sys_close(take_fd(&x->stdio[i]));
	loop_child_init(&x->child, &engine.loop, pid, on_exit, x);
	x->running = true;
	event("exec", "id=%.12s name=%s pid=%d", x->container->id, x->container->name, (int)pid);
	return 0;
}

/* A user by name --------------------------------------------------------------------------------- */

static int request_save(struct exec *x, const struct ctl_request *r, struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	void *mem = arena_alloc(&engine.scratch, MSG_MAX);
	struct enc enc;
	int err;

	(void)mark;
	if (!mem)
		return err_text(e, -ENOMEM, "CONFIG_ENGINE_SCRATCH_KIB is too small");
	enc_init(&enc, mem, MSG_MAX);
	ctl_request_encode(&enc, r);
	if (!enc_ok(&enc))
		return err_text(e, -EMSGSIZE, "the request is larger than %d bytes", MSG_MAX);
	x->request_fd = sys_memfd("exec", 0);
	err = x->request_fd < 0 ? x->request_fd : sys_write_all(x->request_fd, mem, enc.len);
	return err < 0 ? err_set(e, err, "keep the request") : 0;
}

static int request_load(struct exec *x, struct ctl_request *r, struct err *e)
{
	auto_unmap struct sys_map map = {0};
	struct dec d;
	int err = sys_map_file(x->request_fd, &map);

	if (err < 0)
		return err_set(e, err, "read the request");
	dec_init(&d, map.p, map.len, &engine.scratch);
	ctl_request_decode(&d, CTL_EXEC, r);
	r->service = (struct span){0}; /* points into the mapping */
	return dec_done(&d) < 0 ? err_set(e, -EBADMSG, "read the request") : 0;
}

static void lookup_failed(struct exec *x, struct err *e)
{
	err_wrap(e, "container %s", x->container->name);
	finish(x, 125, e);
}

static void looked_up(struct loop_io *io, uint32_t events)
{
	auto_scratch size_t mark = scratch_mark();
	struct exec *x = io->data;
	static struct parse_user user;
	struct ctl_request r;
	struct err e = {0};
	int err;

	(void)mark;
	(void)events;
	loop_io_fini(&x->user_io);
	loop_timer_fini(&x->timer);
	x->looking_up = false;
	err = parse_finish_user(&x->user_call, &engine.scratch, &user, &e);
	if (err == 0)
		err = request_load(x, &r, &e);
	if (err == 0 &&
	    (x->container->serial != x->container_serial || !container_alive(x->container)))
		err = err_text(&e, -ESRCH, "it has ended in the meantime");
	if (err == 0)
		err = spawn(x, &r, &user, &e);
	if (err < 0)
		lookup_failed(x, &e);
}

static void lookup_late(struct loop_timer *t)
{
	struct exec *x = t->data;
	struct err e = {0};

	err_text(&e, -ETIMEDOUT, "looking up the user took longer than %d s", LOOKUP_MS / 1000);
	lookup_failed(x, &e);
}

static int start_lookup(struct exec *x, const struct ctl_request *r, struct err *e)
{
	char path[32];
	auto_close int root_fd = -1, passwd_fd = -1, group_fd = -1;
	int err;

	str_printf(path, sizeof(path), "/proc/%d/root", (int)x->container->pid);
	root_fd = sys_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	if (root_fd < 0)
		return err_set(e, root_fd, "root directory of container %s", x->container->name);
	passwd_fd = rooted_open_regular(root_fd, "etc/passwd", MAX_USER_FILE, NULL);
	group_fd = rooted_open_regular(root_fd, "etc/group", MAX_USER_FILE, NULL);
	err = request_save(x, r, e);
	if (err == 0)
		err = parse_start(&x->user_call, PARSE_USER, "etc/passwd", r->user,
				  passwd_fd < 0 ? -1 : passwd_fd, group_fd < 0 ? -1 : group_fd,
				  NULL, e);
	if (err < 0)
		return err;
	x->looking_up = true;
	loop_timer_init(&x->timer, &engine.loop, lookup_late, x);
	loop_timer_set(&x->timer, LOOKUP_MS);
	err = loop_io_init(&x->user_io, &engine.loop, x->user_call.proc.peer_fd, EPOLLIN, looked_up,
			   x);
	return err < 0 ? err_set(e, err, "watch the parse role") : 0;
}

/* For the control connections --------------------------------------------------------------------- */

static struct exec *slot_take(struct err *e)
{
	for (size_t i = 0; i < CONFIG_MAX_CLIENTS; i++) {
		struct exec *x = &execs[i];

		if (x->used)
			continue;
		*x = (struct exec){.used = true,
				   .request_fd = -1,
				   .message_fd = -1,
				   .console_fd = -1,
				   .stdio = {-1, -1, -1}};
		return x;
	}
	err_text(e, -ENOSPC, "%d processes of 'cleat exec' run already (CONFIG_MAX_CLIENTS)",
		 CONFIG_MAX_CLIENTS);
	return NULL;
}

static int take_stdio(struct exec *x, const struct ctl_request *r, struct msg *m, struct err *e)
{
	size_t n = 0;

	for (uint32_t i = 0; i < 3; i++) {
		if (!(r->stdio & (1u << i)))
			continue;
		if (n == m->n_fds)
			return err_text(e, -EBADMSG, "fewer descriptors came than were announced");
		if (i > 0 || (r->flags & CTL_F_STDIN))
			x->stdio[i] = take_fd(&m->fds[n]);
		n++;
	}
	return 0;
}

static int begin(struct exec *x, struct container *k, const struct ctl_request *r, struct msg *m,
		 struct err *e)
{
	int err = 0;

	x->container = k;
	x->container_serial = k->serial;
	x->flags = r->flags;
	if (!(r->flags & (CTL_F_TTY | CTL_F_DETACH)))
		err = take_stdio(x, r, m, e);
	if (err < 0)
		return err;
	return str_empty(r->user) ? spawn(x, r, NULL, e) : start_lookup(x, r, e);
}

void verb_exec(struct client *c, const struct ctl_request *r, struct msg *m)
{
	auto_scratch size_t mark = scratch_mark();
	struct err e = {0};
	struct container *k = container_find(r->name ? r->name : "", &e);
	struct exec *x = NULL;

	(void)mark;
	if (k && (k->state != CONTAINER_RUNNING || k->pid <= 0))
		err_text(&e, -ESRCH, "container %s does not run; start it with: cleat start %s",
			 k->name, k->name);
	else if (k && r->n_args == 0)
		err_text(&e, -EINVAL, "no command to run in container %s", k->name);
	else if (k)
		x = slot_take(&e);
	if (!x) {
		client_error(c, 125, "%s", e.msg);
		return;
	}
	x->client = c;
	x->client_serial = c->serial;
	client_watch(c, CLIENT_EXEC, k);
	if (begin(x, k, r, m, &e) < 0)
		finish(x, 125, &e);
}

void exec_cancel(struct client *c)
{
	(void)c; /* the process goes on; client_of() sees that nobody is to be told */
}

void exec_kill(struct client *c, int sig)
{
	for (struct exec *x = execs; x < execs + CONFIG_MAX_CLIENTS; x++)
		if (x->used && x->running && x->client == c && client_of(x))
			sys_kill(x->child.pid, sig);
}
