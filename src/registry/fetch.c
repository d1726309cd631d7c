/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fetch role: frames in, one object at a time, frames out. Blocks wherever it must, as one process
 * has one purpose; whoever started it kills it to cancel. All memory is in one static struct.
 */
#include "registry/fetch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "base/codec.h"
#include "base/kconfig.h"
#include "msg/msg.h"
#include "registry/push.h"
#include "role/role.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/watch.h"

#define FRAME_CAP	  16384 /* the largest is FETCH_OPEN with a secret */
#define PROGRESS_EVERY_MS 250
#define STALL_MIN_MS	  100
#define EXIT_BAD_FRAME	  1
#define DOCKER_HOST	  "docker.io"
#define DOCKER_REGISTRY	  "registry-1.docker.io" /* where docker.io's images are */

struct fetch {
	struct session session;
	bool open, push;
	int peer_fd;
	uint32_t id;
	int64_t progress_ms;
	char host[URL_HOST_CAP + 16]; /* as people write it, for messages and certs.d */
	uint8_t frame[FRAME_CAP];
	uint8_t out[1024];
	_Alignas(16) char arena_mem[FRAME_CAP];
};

_Static_assert(sizeof(struct fetch) <= CONFIG_FETCH_MEM_KIB * 1024,
	       "the fetch role's state exceeds CONFIG_FETCH_MEM_KIB");

static struct fetch fetch;

static int send_error(struct fetch *f, int code, const char *text, enum fetch_class class)
{
	struct msg_out o;

	msg_begin(&o, f->out, sizeof(f->out), FETCH_ERROR);
	enc_u32(&o.enc, f->id);
	enc_i64(&o.enc, code);
	enc_str(&o.enc, text);
	enc_u32(&o.enc, class);
	return msg_send(f->peer_fd, &o);
}

static int send_done(struct fetch *f, const struct get *g)
{
	const struct exchange *x = &f->session.x;
	struct msg_out o;

	msg_begin(&o, f->out, sizeof(f->out), FETCH_DONE);
	enc_u32(&o.enc, f->id);
	enc_u64(&o.enc, g->bytes);
	enc_str(&o.enc, x->content_type);
	enc_str(&o.enc, x->docker_digest[0] ? x->docker_digest : NULL);
	enc_u64(&o.enc, g->kept_bytes);
	enc_u32(&o.enc, x->limit.n);
	enc_u32(&o.enc, x->remaining.n);
	enc_u32(&o.enc, x->limit.window_s);
	return msg_send(f->peer_fd, &o);
}

/* A starter that does not read, or is gone, is noticed by the next frame that matters. It may be busy
 * reading the sink, so this must not wait for it. */
static void on_progress(void *data, uint64_t bytes)
{
	struct fetch *f = data;
	int64_t now = sys_now_ms();
	struct msg_out o;

	if (now - f->progress_ms < PROGRESS_EVERY_MS ||
	    sys_poll_one(f->peer_fd, POLLOUT, 0) != POLLOUT)
		return;
	f->progress_ms = now;
	msg_begin(&o, f->out, sizeof(f->out), FETCH_PROGRESS);
	enc_u32(&o.enc, f->id);
	enc_u64(&o.enc, bytes);
	msg_send(f->peer_fd, &o);
}

/* Waiting for the next attempt, we read what the starter says: the network came back, or it is gone itself. */
static int on_pause(void *data, unsigned int ms, const char *why)
{
	struct fetch *f = data;
	int64_t until_ms = sys_now_ms() + ms, left_ms;
	struct msg_out o;
	struct msg m;
	int r;

	msg_begin(&o, f->out, sizeof(f->out), FETCH_WAIT);
	enc_u32(&o.enc, f->id);
	enc_u32(&o.enc, ms);
	enc_str(&o.enc, why);
	r = msg_send(f->peer_fd, &o);
	while (r >= 0 && (left_ms = until_ms - sys_now_ms()) > 0) {
		r = sys_poll_one(f->peer_fd, POLLIN, (int)left_ms);
		if (r <= 0)
			break;
		m = (struct msg){0};
		r = msg_recv(f->peer_fd, f->frame, sizeof(f->frame), &m, MSG_DONTWAIT);
		msg_close_fds(&m);
		if (r == 1)
			return m.type == FETCH_WAKE ? 1 : -EPROTO;
		if (r == 0)
			return -EPIPE;
	}
	return r;
}

/* what came while nobody waited is old news */
static int drop_wakes(struct fetch *f, struct msg *m)
{
	int r;

	do {
		*m = (struct msg){0};
		r = msg_recv(f->peer_fd, f->frame, sizeof(f->frame), m, 0);
	} while (r == 1 && m->type == FETCH_WAKE);
	return r;
}

static int registry_url(struct fetch *f, const char *host, bool plain, struct err *e)
{
	char text[URL_HOST_CAP + 32];

	if (str_copy(f->host, sizeof(f->host), host) < 0 ||
	    str_printf(text, sizeof(text), "%s://%s", plain ? "http" : "https",
		       str_eq(host, DOCKER_HOST) ? DOCKER_REGISTRY : host) < 0)
		return err_text(e, -EINVAL, "the registry's name is too long");
	return url_parse(span_of(text), &f->session.registry, e);
}

static int on_open(struct fetch *f, const struct msg *m, struct err *e)
{
	struct session *s = &f->session;
	struct tls_trust trust = {.fds = {ROLE_FD_ARG, ROLE_FD_ARG + 1}, .registry = f->host};
	const char *host, *repository, *user, *secret, *proxies[2], *no_proxy, *ns, *mount;
	struct arena arena;
	uint32_t stall_ms, kind;
	struct dec d;
	bool plain, own;
	int r;

	arena_init(&arena, f->arena_mem, sizeof(f->arena_mem));
	dec_init(&d, m->payload, m->len, &arena);
	host = dec_str_req(&d);
	repository = dec_str_req(&d);
	kind = dec_u32(&d);
	user = dec_str(&d);
	secret = dec_str(&d);
	plain = dec_bool(&d);
	trust.floor_s = dec_i64(&d);
	stall_ms = dec_u32(&d);
	proxies[0] = dec_str(&d);
	proxies[1] = dec_str(&d);
	no_proxy = dec_str(&d);
	ns = dec_str(&d);
	s->rate_bytes_s = dec_u64(&d);
	own = dec_bool(&d);
	f->push = dec_bool(&d);
	mount = dec_str(&d);
	if (dec_done(&d) < 0 || f->open || kind >= REMOTE_HELPER)
		return -EPROTO;
	f->open = true;
	if (!stall_ms)
		stall_ms = CONFIG_FETCH_STALL_S * 1000;
	if (stall_ms < STALL_MIN_MS)
		stall_ms = STALL_MIN_MS;
	if (stall_ms > 3600 * 1000)
		stall_ms = 3600 * 1000;
	conns_init(&s->conns, &trust, (int)stall_ms);
	r = registry_url(f, host, plain, e);
	if (r == 0 && str_copy(s->repository, sizeof(s->repository), repository) < 0)
		r = err_text(e, -EINVAL, "the repository's name is too long");
	if (r == 0 && ns && str_copy(s->ns, sizeof(s->ns), ns) < 0)
		r = err_text(e, -EINVAL, "the registry's name is too long");
	if (r == 0)
		r = auth_init(&s->auth, (enum remote_kind)kind, user, secret, repository, f->push,
			      mount, e);
	if (r == 0 && mount)
		str_copy(s->mount, sizeof(s->mount), mount);
	if (r == 0)
		r = proxies_init(&s->conns.proxies, proxies[0], proxies[1], no_proxy, e);
	if (own)
		s->conns.own =
			(struct tls_identity){ROLE_FD_ARG + 4, ROLE_FD_ARG + 5, s->registry.host};
	explicit_bzero(f->arena_mem, sizeof(f->arena_mem));
	explicit_bzero(f->frame, sizeof(f->frame));
	return r;
}

static int on_get(struct fetch *f, struct msg *m, const struct err *open_error)
{
	struct err e = *open_error;
	struct arena arena;
	struct get g = {.progress = on_progress,
			.pause = on_pause,
			.data = f,
			.sink_fd = -1,
			.partial_fd = -1,
			.class = FETCH_E_HTTP};
	struct dec d;
	uint32_t kind;
	int r;

	arena_init(&arena, f->arena_mem, sizeof(f->arena_mem));
	dec_init(&d, m->payload, m->len, &arena);
	f->id = dec_u32(&d);
	kind = dec_u32(&d);
	g.what = dec_str_req(&d);
	g.max_bytes = dec_u64(&d);
	g.expect_bytes = dec_u64(&d);
	if (dec_done(&d) < 0 || kind > FETCH_REFERRERS || (m->n_fds > 0) != (kind != FETCH_HEAD) ||
	    m->n_fds > 2 || !f->open)
		return -EPROTO;
	g.kind = (enum fetch_kind)kind;
	if (m->n_fds)
		g.sink_fd = m->fds[0];
	if (m->n_fds == 2)
		g.partial_fd = m->fds[1];
	f->progress_ms = sys_now_ms();
	r = e.code ? e.code : get_run(&f->session, &g, &e);
	msg_close_fds(m); /* the reader's end of file comes first, the verdict second */
	return r == 0 ? send_done(f, &g) : send_error(f, r, e.msg, g.class);
}

/* the engine makes a layer's archive anew; until then nothing of it can be sent */
static int on_again(struct push *p, struct err *e)
{
	struct fetch *f = p->get.data;
	struct msg_out o;
	struct msg m;
	int r;

	msg_begin(&o, f->out, sizeof(f->out), FETCH_AGAIN);
	enc_u32(&o.enc, f->id);
	r = msg_send(f->peer_fd, &o);
	if (r >= 0)
		r = drop_wakes(f, &m);
	if (r == 1 && m.type == FETCH_PUT && m.n_fds == 1) {
		sys_close(p->source_fd);
		p->source_fd = take_fd(&m.fds[0]);
		return 0;
	}
	if (r == 1)
		msg_close_fds(&m);
	return err_set(e, r < 0 ? r : -EPIPE, "ask for the content once more");
}

static int on_put(struct fetch *f, struct msg *m, const struct err *open_error)
{
	struct err e = *open_error;
	struct push p = {.get = {.progress = on_progress,
				 .pause = on_pause,
				 .data = f,
				 .partial_fd = -1,
				 .class = FETCH_E_HTTP},
			 .again = on_again,
			 .source_fd = -1};
	struct arena arena;
	struct dec d;
	uint32_t kind;
	int r;

	arena_init(&arena, f->arena_mem, sizeof(f->arena_mem));
	dec_init(&d, m->payload, m->len, &arena);
	f->id = dec_u32(&d);
	kind = dec_u32(&d);
	p.get.what = dec_str_req(&d);
	p.type = dec_str(&d);
	p.size = dec_u64(&d);
	if (dec_done(&d) < 0 || kind > FETCH_BLOB || m->n_fds > 1 || !f->push)
		return -EPROTO;
	p.get.kind = (enum fetch_kind)kind;
	if (m->n_fds)
		p.source_fd = take_fd(&m->fds[0]);
	f->progress_ms = sys_now_ms();
	r = e.code ? e.code : push_run(&f->session, &p, &e);
	sys_close(p.source_fd);
	return r == 0 ? send_done(f, &p.get) : send_error(f, r, e.msg, p.get.class);
}

int fetch_role_main(int peer_fd)
{
	struct fetch *f = &fetch;
	struct err open_error = {0};

	f->peer_fd = peer_fd;
	if (sys_ignore_signal(SIGPIPE) < 0) /* the sink's reader may go away at any time */
		return EXIT_BAD_FRAME;
	for (;;) {
		struct msg m;
		int r = drop_wakes(f, &m);

		if (r == 0)
			return 0;
		if (r < 0)
			return EXIT_BAD_FRAME;
		if (m.type == FETCH_OPEN)
			r = on_open(f, &m, &open_error);
		else if (m.type == FETCH_GET)
			r = on_get(f, &m, &open_error);
		else if (IS_ENABLED(CONFIG_PUSH) && m.type == FETCH_PUT)
			r = on_put(f, &m, &open_error);
		else
			r = -EPROTO;
		msg_close_fds(&m);
		if (r == -EPROTO || r == -EPIPE)
			return EXIT_BAD_FRAME;
	}
}
