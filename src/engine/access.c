/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/mem.h"

#define PARSE_MS 10000

static void step(struct access *a);

static void finish(struct access *a, const struct err *e)
{
	a->state = ACCESS_IDLE;
	a->want.done(a->want.data, e);
}

static void stop(struct access *a)
{
	loop_io_fini(&a->io);
	loop_timer_fini(&a->timer);
}

void access_fini(struct access *a)
{
	if (a->state != ACCESS_IDLE) {
		stop(a);
		helper_cancel(&a->helper);
		parse_cancel(&a->parse);
	}
	a->state = ACCESS_IDLE;
	a->settings = (struct remote_settings){0};
	a->login = (struct remote_login){0};
	if (a->arena.len)
		explicit_bzero(a->mem, a->arena.len);
	sys_release(a->mem, sizeof(a->mem));
	a->arena.len = 0;
}

static bool is_exposed(const struct stat *st, mode_t others)
{
	return st->st_uid != sys_get_uid() || st->st_mode & others;
}

static int fail_exposed(const char *path, mode_t others, struct err *e)
{
	return err_text(e, -EACCES, "%s %s: chown %u it and chmod %s it", path,
			others & 4 ? "holds a secret, and other users may read or change it"
				   : "decides what is trusted, and other users may change it",
			(unsigned int)sys_get_uid(), others & 4 ? "600" : "644");
}

static int open_ours(const char *path, mode_t others, struct err *e)
{
	auto_close int fd = sys_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	int r;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return -ENOENT;
	if (fd < 0)
		return err_set(e, fd, "%s", path);
	r = sys_stat(fd, &st);
	if (r < 0)
		return err_set(e, r, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_text(e, -EINVAL, "%s: not a regular file", path);
	return is_exposed(&st, others) ? fail_exposed(path, others, e) : take_fd(&fd);
}

int access_open_secret(const char *path, struct err *e)
{
	return open_ours(path, 077, e);
}

int access_open_trusted(const char *path, struct err *e)
{
	return open_ours(path, 022, e);
}

/* HTTPS_PROXY and so on, as Docker looks for them */
static char *from_environment(const char *upper, const char *lower)
{
	char *v = getenv(upper);

	if (str_empty(v))
		v = getenv(lower);
	return str_empty(v) ? NULL : v;
}

static void use_environment(struct remote_settings *s)
{
	if (s->has_proxy)
		return;
	s->https_proxy = from_environment("HTTPS_PROXY", "https_proxy");
	s->http_proxy = from_environment("HTTP_PROXY", "http_proxy");
	s->no_proxy = from_environment("NO_PROXY", "no_proxy");
}

/* proxy_parse() has found it to be [http://][user[:password]@]host[:port] */
static bool has_password(const char *proxy)
{
	return proxy && strchr(proxy, '@');
}

static void parsed(struct loop_io *io, uint32_t events)
{
	struct access *a = io->data;
	struct err e = {0};
	int r;

	(void)events;
	stop(a);
	if (a->state == ACCESS_SETTINGS) {
		r = parse_finish_settings(&a->parse, &a->arena, &a->settings, &e);
		/* a file without a password may be anybody's to read */
		if (r >= 0 && a->exposed &&
		    (has_password(a->settings.https_proxy) || has_password(a->settings.http_proxy)))
			r = fail_exposed(a->path, 077, &e);
	} else
		r = parse_finish_login(&a->parse, &a->arena, &a->login, &e);
	if (r < 0)
		finish(a, &e);
	else
		step(a);
}

static void late(struct loop_timer *t)
{
	struct access *a = t->data;
	struct err e = {0};

	stop(a);
	parse_cancel(&a->parse);
	err_text(&e, -ETIMEDOUT, "%s: reading it took longer than %d s", a->path, PARSE_MS / 1000);
	finish(a, &e);
}

static int parse(struct access *a, enum parse_kind kind, const char *argument, int fd,
		 struct err *e)
{
	int r = parse_start(&a->parse, kind, a->path, argument, fd, -1, a->want.cgroup_procs, e);

	if (r < 0)
		return r;
	loop_timer_init(&a->timer, a->want.loop, late, a);
	loop_timer_set(&a->timer, PARSE_MS);
	r = loop_io_init(&a->io, a->want.loop, a->parse.proc.peer_fd, EPOLLIN, parsed, a);
	if (r == 0)
		return 0;
	stop(a);
	parse_cancel(&a->parse);
	return err_set(e, r, "watch the parse role");
}

static void answered(void *data, int answer_fd, const struct err *e)
{
	struct access *a = data;
	struct err mine = {0};

	a->state = ACCESS_ANSWER;
	if (e && e->code == -ENOENT) { /* it knows nothing about this registry: neither do we */
		a->login = (struct remote_login){0};
		finish(a, NULL);
		return;
	}
	if (!e && parse(a, PARSE_ANSWER, NULL, answer_fd, &mine) < 0)
		e = &mine;
	if (e)
		finish(a, e);
}

static int ask_helper(struct access *a, struct err *e)
{
	a->state = ACCESS_HELPER;
	a->helper.done = answered;
	a->helper.data = a;
	str_printf(a->path, sizeof(a->path), "answer of docker-credential-%s", a->login.helper);
	return helper_start(&a->helper, a->want.loop, a->login.helper, "get",
			    span_of(a->login.server), e);
}

/* Return: 1 being parsed; 0 there is no such file; -errno */
static int parse_file(struct access *a, const char *name, enum parse_kind kind,
		      const char *argument, struct err *e)
{
	bool secret = kind == PARSE_LOGIN;
	auto_close int fd = -1;
	struct stat st;
	int r;

	if (str_printf(a->path, sizeof(a->path), "%s/%s", a->want.config_path, name) < 0)
		return err_text(e, -ENAMETOOLONG, "the configuration folder's name is too long");
	fd = secret ? access_open_secret(a->path, e)
		    : sys_open(AT_FDCWD, a->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return secret ? fd : err_set(e, fd, "%s", a->path);
	if (!secret) {
		r = sys_stat(fd, &st);
		if (r < 0)
			return err_set(e, r, "%s", a->path);
		a->exposed = is_exposed(&st, 077);
	}
	r = parse(a, kind, argument, fd, e);
	return r < 0 ? r : 1;
}

/* the next of the files, until there is one to wait for */
static void step(struct access *a)
{
	struct err e = {0};
	int r = 0;

	if (a->state == ACCESS_IDLE) {
		a->state = ACCESS_SETTINGS;
		r = parse_file(a, "registries.yaml", PARSE_SETTINGS, a->host, &e);
	}
	if (r == 0 && a->state == ACCESS_SETTINGS) {
		a->state = ACCESS_LOGIN;
		use_environment(&a->settings);
		r = parse_file(a, "auth.json", PARSE_LOGIN, a->name, &e);
	}
	if (r == 0 && a->login.kind == REMOTE_HELPER && !a->want.keep_helper) {
		r = ask_helper(a, &e);
		r = r < 0 ? r : 1;
	}
	if (r <= 0)
		finish(a, r < 0 ? &e : NULL);
}

static void first(struct loop_timer *t)
{
	struct access *a = t->data;

	loop_timer_fini(&a->timer);
	a->state = ACCESS_IDLE;
	step(a);
}

void access_start(struct access *a, const struct access_want *want)
{
	access_fini(a);
	a->want = *want;
	a->parse = (struct parse_call){.out_fd = -1, .proc = {.pidfd = -1, .peer_fd = -1}};
	arena_init(&a->arena, a->mem, sizeof(a->mem));
	str_copy(a->host, sizeof(a->host), want->host);
	str_printf(a->name, sizeof(a->name), "%s/%s", want->host, want->repository);
	a->state = ACCESS_SETTINGS;
	loop_timer_init(&a->timer, want->loop, first, a);
	loop_timer_set(&a->timer, 0);
}
