/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LOGIN and LOGOUT. A password is tried at the registry by the fetch role before it is kept; the parse role makes
 * the new text of auth.json, which the engine only writes. Where auth.json names a helper for the registry, the
 * helper keeps it instead. One at a time: two edits of one file side by side would lose one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/fetcher.h"
#include "engine/server.h"
#include "file/durable.h"
#include "sys/fd.h"

#define PASSWORD_MAX 1024
#define USER_MAX     255
#define FILE_NAME    "auth.json"
#define PARSE_MS     10000

static struct login {
	struct client *client; /* NULL = no job */
	bool remove;
	char host[REFERENCE_HOST_CAP], user[USER_MAX + 1], secret[PASSWORD_MAX + 1];
	char helper_name[64]; /* "" = none: in auth.json */
	struct access access;
	struct role_proc fetch;
	struct parse_call parse;
	struct helper helper;
	struct loop_io io;
	struct loop_timer timer;
} job;

/* Everything is given back and forgotten. Return: whom to tell */
static struct client *end(void)
{
	struct client *c = job.client;

	loop_io_fini(&job.io);
	loop_timer_fini(&job.timer);
	helper_cancel(&job.helper);
	parse_cancel(&job.parse);
	role_end(&job.fetch, NULL);
	access_fini(&job.access);
	explicit_bzero(job.secret, sizeof(job.secret));
	job.client = NULL;
	return c;
}

static void fail(const struct err *e)
{
	client_error(end(), 1, "%s", e->msg);
}

static void succeed(bool changed)
{
	struct client *c;
	char quoted[EVENT_TEXT_CAP];

	event(job.remove ? "logout" : "login", "registry=%s", event_text(quoted, job.host));
	c = end();
	client_pair(c, "changed", "%s", changed ? "yes" : "no");
	client_done(c);
}

/* auth.json ------------------------------------------------------------------------------------- */

static int write_file(struct span text, struct err *e)
{
	auto_close int dir_fd = -1;
	int r = sys_mkdir(AT_FDCWD, engine.config, 0755);

	if (r < 0 && r != -EEXIST)
		return err_set(e, r, "make %s", engine.config);
	dir_fd = sys_open(AT_FDCWD, engine.config, O_RDONLY | O_DIRECTORY, 0);
	if (dir_fd < 0)
		return err_set(e, dir_fd, "%s", engine.config);
	r = durable_write(dir_fd, FILE_NAME, text.p, text.len, 0600, e);
	return r < 0 ? err_wrap(e, "%s", engine.config) : 0;
}

static void edited(struct loop_io *io, uint32_t events)
{
	struct span text = {"", 0};
	struct err e = {0};
	int r;

	(void)io;
	(void)events;
	arena_reset(&job.access.arena);
	r = parse_finish_edit(&job.parse, &job.access.arena, &text, &e);
	if (r > 0 && write_file(text, &e) < 0)
		r = -1;
	if (r < 0)
		fail(&e);
	else
		succeed(r > 0);
}

static void late(struct loop_timer *t)
{
	struct err e = {0};

	(void)t;
	err_text(&e, -ETIMEDOUT, FILE_NAME ": reading it took longer than %d s", PARSE_MS / 1000);
	fail(&e);
}

static int start_edit(struct err *e)
{
	char path[sizeof(engine.config) + sizeof(FILE_NAME) + 1];
	static char pair[USER_MAX + PASSWORD_MAX + 2];
	static char argument[REFERENCE_HOST_CAP + 2 * sizeof(pair)];
	auto_close int fd = -1;
	struct buf b;
	int r;

	str_printf(path, sizeof(path), "%s/" FILE_NAME, engine.config);
	fd = access_open_secret(path, e);
	if (fd == -ENOENT)
		fd = sys_memfd("empty", 0);
	if (fd < 0)
		return e->code ? fd : err_set(e, fd, "make a memory file");
	buf_init(&b, argument, sizeof(argument));
	buf_puts(&b, job.host);
	if (!job.remove) {
		r = str_printf(pair, sizeof(pair), "%s:%s", job.user, job.secret);
		buf_putc(&b, ' ');
		base64_encode(&b, pair, r > 0 ? (size_t)r : 0);
	}
	r = parse_start(&job.parse, PARSE_LOGIN_EDIT, path, argument, fd, -1, NULL, e);
	explicit_bzero(pair, sizeof(pair));
	explicit_bzero(argument, sizeof(argument));
	if (r < 0)
		return r;
	loop_timer_init(&job.timer, &engine.loop, late, NULL);
	loop_timer_set(&job.timer, PARSE_MS);
	r = loop_io_init(&job.io, &engine.loop, job.parse.proc.peer_fd, EPOLLIN, edited, NULL);
	return r < 0 ? err_set(e, r, "watch the parse role") : 0;
}

/* Helper ---------------------------------------------------------------------------------------- */

static void helped(void *data, int answer_fd, const struct err *e)
{
	struct err mine = {0};

	(void)data;
	(void)answer_fd;
	if (e && (!job.remove || e->code != -ENOENT))
		fail(e);
	else if (!job.remove)
		succeed(true);
	else if (start_edit(&mine) < 0) /* an entry of before it had a helper */
		fail(&mine);
}

static int start_helper(struct err *e)
{
	char text[6 * (PASSWORD_MAX + USER_MAX) / 4 + 512];
	struct buf b;
	int r;

	job.helper.done = helped;
	if (job.remove)
		return helper_start(&job.helper, &engine.loop, job.helper_name, "erase",
				    span_of(remote_server(job.host)), e);
	buf_init(&b, text, sizeof(text));
	buf_puts(&b, "{\"ServerURL\":");
	buf_json(&b, remote_server(job.host));
	buf_puts(&b, ",\"Username\":");
	buf_json(&b, job.user);
	buf_puts(&b, ",\"Secret\":");
	buf_json(&b, job.secret);
	buf_puts(&b, "}");
	r = buf_ok(&b) ? helper_start(&job.helper, &engine.loop, job.helper_name, "store",
				      (struct span){text, b.len}, e)
		       : err_text(e, -EMSGSIZE, "user and password are too long for a helper");
	explicit_bzero(text, sizeof(text));
	return r;
}

static int keep(struct err *e)
{
	return job.helper_name[0] ? start_helper(e) : start_edit(e);
}

/* The registry ---------------------------------------------------------------------------------- */

static void on_fetch(struct loop_io *io, uint32_t events)
{
	static uint8_t frame[2048];
	static char strings[2048];
	struct err e = {0};
	struct arena arena;
	struct msg m;
	struct dec d;
	int r = role_recv(&job.fetch, frame, sizeof(frame), &m, MSG_DONTWAIT);

	(void)events;
	if (r == -EAGAIN)
		return;
	if (r == 1 && m.type == FETCH_PROGRESS) {
		msg_close_fds(&m);
		return;
	}
	loop_io_fini(io);
	if (r == 1) {
		msg_close_fds(&m);
		arena_init(&arena, strings, sizeof(strings));
		dec_init(&d, m.payload, m.len, &arena);
		dec_u32(&d);
		if (m.type == FETCH_ERROR) {
			dec_i64(&d);
			err_text(&e, -EREMOTEIO, "%s", dec_str_req(&d));
		}
	} else {
		err_text(&e, -ECONNRESET, "the fetch role ended without an answer");
	}
	role_end(&job.fetch, NULL);
	if (e.code || keep(&e) < 0)
		fail(&e);
}

static int try_password(struct err *e)
{
	const struct remote_login login = {
		.kind = REMOTE_PASSWORD, .user = job.user, .secret = job.secret};
	const struct fetcher_want want = {.host = job.host,
					  .repository = "",
					  .config_path = engine.config,
					  .settings = &job.access.settings,
					  .login = &login};
	auto_close int sink_fd = sys_open(AT_FDCWD, "/dev/null", O_WRONLY, 0);
	int r = fetcher_start(&want, &job.fetch, e);

	if (r == 0)
		r = fetcher_get(&job.fetch, 1, FETCH_PING, "", CONFIG_IMAGE_DOC_KIB * 1024ULL, 0,
				sink_fd, -1, e);
	if (r < 0)
		return r;
	r = loop_io_init(&job.io, &engine.loop, job.fetch.peer_fd, EPOLLIN, on_fetch, NULL);
	return r < 0 ? err_set(e, r, "watch the fetch role") : 0;
}

static void got_access(void *data, const struct err *error)
{
	const struct remote_login *known = &job.access.login;
	struct err e = {0};

	(void)data;
	if (error) {
		fail(error);
		return;
	}
	job.helper_name[0] = '\0';
	if (known->kind == REMOTE_HELPER)
		str_copy(job.helper_name, sizeof(job.helper_name), known->helper);
	if ((job.remove ? keep(&e) : try_password(&e)) < 0)
		fail(&e);
}

/* Requests -------------------------------------------------------------------------------------- */

/* "https://registry/" is a registry too, and Docker Hub has several names */
static int set_host(const char *text, struct err *e)
{
	char name[REFERENCE_HOST_CAP + 32];
	struct span s = span_of(str_empty(text) ? "docker.io" : text), rest;
	struct reference ref;
	bool found;

	if (str_starts(s.p, "https://"))
		s = (struct span){s.p + 8, s.len - 8};
	s = span_cut(s, '/', &rest, &found);
	if (span_eq(s, "index.docker.io") || span_eq(s, "registry-1.docker.io"))
		s = span_of("docker.io");
	else if (rest.len && !span_eq(rest, "v1/") && !span_eq(rest, "v2/"))
		s.len = 0;
	if (!s.len || str_printf(name, sizeof(name), "%.*s/x", (int)s.len, s.p) < 0 ||
	    reference_parse(name, &ref, NULL) < 0 || !span_eq(s, ref.host))
		return err_text(e, -EINVAL, "\"%.100s\" is not a registry: expected host[:port]",
				text);
	str_copy(job.host, sizeof(job.host), ref.host);
	return 0;
}

static int take_login(const struct ctl_request *r, const struct msg *m, struct err *e)
{
	struct stat st;
	ssize_t n;

	if (str_empty(r->user) || str_copy(job.user, sizeof(job.user), r->user) < 0 ||
	    strchr(r->user, ':'))
		return err_text(e, -EINVAL, "the user's name is empty, too long or has a colon");
	if (m->n_fds != 1 || sys_stat(m->fds[0], &st) < 0 || !S_ISREG(st.st_mode))
		return err_text(e, -EINVAL, "no password came with the request");
	n = sys_pread(m->fds[0], job.secret, sizeof(job.secret), 0);
	if (n <= 0 || (size_t)n == sizeof(job.secret) || memchr(job.secret, 0, (size_t)n))
		return err_text(e, -EINVAL, "the password is empty, or longer than %d bytes",
				PASSWORD_MAX);
	job.secret[n] = '\0';
	return 0;
}

static void begin(struct client *c, const struct ctl_request *r, const struct msg *m, bool remove)
{
	const struct access_want want = {.loop = &engine.loop,
					 .config_path = engine.config,
					 .host = job.host,
					 .repository = "",
					 .keep_helper = true,
					 .done = got_access};
	struct err e = {0};
	int rc;

	if (job.client) {
		client_error(c, 1, "another login is under way; try again");
		return;
	}
	job.remove = remove;
	rc = set_host(r->name, &e);
	if (rc == 0 && !str_empty(r->working_dir) && !str_eq(r->working_dir, engine.config))
		rc = err_text(&e, -EINVAL, "the engine that runs has its configuration in %s",
			      engine.config);
	if (rc == 0 && !remove)
		rc = take_login(r, m, &e);
	if (rc < 0) {
		explicit_bzero(job.secret, sizeof(job.secret));
		client_error(c, 1, "%s", e.msg);
		return;
	}
	job.client = c;
	job.parse = (struct parse_call){.out_fd = -1, .proc = {.pidfd = -1, .peer_fd = -1}};
	job.fetch = (struct role_proc){.pidfd = -1, .peer_fd = -1};
	client_watch(c, CLIENT_LOGIN, NULL);
	access_start(&job.access, &want);
}

void verb_login(struct client *c, const struct ctl_request *r, struct msg *m)
{
	begin(c, r, m, false);
}

void verb_logout(struct client *c, const struct ctl_request *r, struct msg *m)
{
	begin(c, r, m, true);
}

void login_client_gone(const struct client *c)
{
	if (job.client == c)
		end();
}
