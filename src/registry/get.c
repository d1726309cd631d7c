/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object. Three loops, one inside the other: attempts (get_run), redirects and log-in of one
 * attempt (reach), the body (stream). What has reached the sink stays there, so a later attempt asks for
 * the rest by Range; a server that ignores Range has its beginning skipped.
 *
 * Authorization is attached by origin, each time anew: a redirect elsewhere gets none, even if it leads
 * back and forth (CVE-2020-15157, CVE-2018-1000007, CVE-2022-27774).
 */
#include "registry/get.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/watch.h"

#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS	 30000

#define ACCEPT_MANIFEST                                                                            \
	"application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "    \
	"application/vnd.docker.distribution.manifest.list.v2+json, "                              \
	"application/vnd.docker.distribution.manifest.v2+json"

static int fail(struct get *g, enum fetch_class class, int code)
{
	g->class = class;
	return code;
}

static int fail_conn(struct get *g, enum conn_fail f, int code)
{
	if (code == -EMSGSIZE)
		return fail(g, FETCH_E_LIMIT, code);
	if (f == CONN_F_NETWORK && code == -EBADMSG)
		return fail(g, FETCH_E_HTTP, code);
	switch (f) {
	case CONN_F_NETWORK:
		return fail(g, FETCH_E_NETWORK, code);
	case CONN_F_TLS:
		return fail(g, FETCH_E_TLS, code);
	case CONN_F_CLOCK:
		return fail(g, FETCH_E_CLOCK, code);
	case CONN_F_PROXY:
		return fail(g, FETCH_E_AUTH, code);
	case CONN_F_REFUSED:
		break;
	}
	return fail(g, FETCH_E_HTTP, code);
}

/* what is fetched, for messages: "team/app:1.0", "blob sha256:..." cut to twelve digits */
static const char *name_of(const struct session *s, const struct get *g, char *dst, size_t cap)
{
	bool digest = strchr(g->what, ':');

	if (g->kind == FETCH_PING)
		str_copy(dst, cap, "itself");
	else if (g->kind == FETCH_MANIFEST)
		str_printf(dst, cap, "%s%s%.19s", s->repository, digest ? "@" : ":", g->what);
	else
		str_printf(dst, cap, "blob %.19s of %s", g->what, s->repository);
	return dst;
}

static int set_url(struct session *s, const struct get *g, struct err *e)
{
	int n;

	s->url = s->registry;
	if (g->kind == FETCH_PING)
		return str_copy(s->url.target, sizeof(s->url.target), "/v2/") < 0 ? -EMSGSIZE : 0;
	n = str_printf(s->url.target, sizeof(s->url.target), "/v2/%s/%s/%s", s->repository,
		       g->kind == FETCH_MANIFEST ? "manifests" : "blobs", g->what);
	return n < 0 ? err_text(e, -EMSGSIZE, "the name is longer than CONFIG_URL_BYTES (%d)",
				CONFIG_URL_BYTES)
		     : 0;
}

static int follow(struct session *s, struct get *g, struct err *e)
{
	char origin[URL_ORIGIN_CAP];
	int r;

	if (!s->x.location[0])
		return fail(g, FETCH_E_HTTP,
			    err_text(e, -EBADMSG, "%s redirects to nowhere (HTTP %u)", s->url.host,
				     s->x.http.status));
	r = url_resolve(&s->url, span_of(s->x.location), &s->next, e);
	if (r < 0) {
		err_wrap(e, "%s redirects", s->url.host);
		return fail(g, FETCH_E_HTTP, r);
	}
	if (s->url.https && !s->next.https)
		return fail(g, FETCH_E_HTTP,
			    err_text(e, -EACCES,
				     "%s redirects to %s, away from TLS: refused (turn off the "
				     "redirect on the "
				     "registry, or serve it by https)",
				     s->url.host, url_origin(origin, &s->next)));
	s->url = s->next;
	return 0;
}

static int log_in(struct session *s, struct get *g, struct err *e)
{
	enum conn_fail conn_fail = CONN_F_REFUSED;
	enum auth_fail auth_fail;
	int r;

	r = auth_answer(&s->auth, &s->conns, &s->x, &s->registry, s->zone, &auth_fail, &conn_fail,
			e);
	if (r == 0)
		return 0;
	switch (auth_fail) {
	case AUTH_F_DENIED:
		return fail(g, FETCH_E_AUTH, r);
	case AUTH_F_CONN:
		return fail_conn(g, conn_fail, r);
	case AUTH_F_HTTP:
		break;
	}
	return fail(g, FETCH_E_HTTP, r);
}

static int not_found(struct session *s, struct get *g, struct err *e)
{
	char name[400];

	name_of(s, g, name, sizeof(name));
	if (g->kind == FETCH_MANIFEST)
		return fail(g, FETCH_E_NOT_FOUND,
			    err_text(e, -ENOENT, "%s has no image %s: check its name and tag",
				     s->registry.host, name));
	return fail(
		g, FETCH_E_NOT_FOUND,
		err_text(e, -ENOENT, "%s has lost %s: push the image again", s->url.host, name));
}

/* an answer that is neither the object nor a step on the way. @ret_wait_ms: what it asks us to wait */
static int refused(struct session *s, struct get *g, int64_t *ret_wait_ms, struct err *e)
{
	unsigned int status = s->x.http.status;
	char name[400];

	name_of(s, g, name, sizeof(name));
	switch (status) {
	case 401:
	case 403:
		return fail(
			g, FETCH_E_AUTH,
			err_text(e, -EACCES, "%s denies access to %s (HTTP %u): check the name%s",
				 s->url.host, name, status,
				 s->auth.kind != REMOTE_ANONYMOUS ? " and the rights of this user"
								  : ", or log in: cleat login"));
	case 404:
		return not_found(s, g, e);
	case 408:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		*ret_wait_ms = s->x.retry_after_s > CONFIG_FETCH_WAIT_S ? CONFIG_FETCH_WAIT_S * 1000
									: s->x.retry_after_s * 1000;
		return fail(g, FETCH_E_HTTP,
			    err_text(e, -EAGAIN,
				     "%s is overloaded or broken (HTTP %u for %s): try again "
				     "later",
				     s->url.host, status, name));
	default:
		return fail(g, FETCH_E_HTTP,
			    err_text(e, -EREMOTEIO, "%s answers with HTTP %u for %s", s->url.host,
				     status, name));
	}
}

static bool is_redirect(unsigned int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* until the answer is the object itself. Return: 0, the body follows; -errno */
static int reach(struct session *s, struct get *g, int64_t *ret_wait_ms, struct err *e)
{
	unsigned int redirects = 0;
	bool logged_in = false, came_back = false;
	int r;

	r = set_url(s, g, e);
	if (r < 0)
		return fail(g, FETCH_E_LIMIT, r);
	for (;;) {
		bool home = url_same_origin(&s->url, &s->registry);
		const struct exchange_request q = {
			.url = &s->url,
			.from = home ? DIAL_UNKNOWN : s->zone,
			.accept = g->kind == FETCH_MANIFEST ? ACCEPT_MANIFEST : NULL,
			.authorization = home ? auth_header(&s->auth) : NULL,
			.offset = g->bytes,
		};
		enum conn_fail conn_fail;
		unsigned int status;

		r = exchange_start(&s->conns, &s->x, &q, &conn_fail, e);
		if (r < 0)
			return fail_conn(g, conn_fail, r);
		if (home)
			s->zone = s->x.conn->zone;
		status = s->x.http.status;
		if (status == 200 || status == 206)
			return 0;
		exchange_drop(&s->x);
		if (is_redirect(status)) {
			if (redirects++ == CONFIG_FETCH_REDIRECTS)
				return fail(g, FETCH_E_LIMIT,
					    err_text(e, -ELOOP,
						     "%s redirects more than "
						     "CONFIG_FETCH_REDIRECTS (%d) "
						     "times: broken redirect on the registry",
						     s->registry.host, CONFIG_FETCH_REDIRECTS));
			r = follow(s, g, e);
		} else if (status == 401 && home && !logged_in) {
			logged_in = true;
			r = log_in(s, g, e);
		} else if ((status == 401 || status == 403) && !home && !came_back) {
			/* a signed URL that has expired: the registry signs another one */
			came_back = true;
			r = set_url(s, g, e);
		} else {
			r = refused(s, g, ret_wait_ms, e);
		}
		if (r < 0)
			return r;
	}
}

/* Return: 0; -EPIPE nobody reads any more; -errno */
static int to_sink(struct get *g, struct span data, struct err *e)
{
	while (data.len) {
		ssize_t n = sys_write(g->sink_fd, data.p, data.len);

		if (n == -EAGAIN) {
			n = sys_poll_one(g->sink_fd, POLLOUT, -1);
			if (n >= 0)
				continue;
		}
		if (n < 0)
			return err_set(e, (int)n, "hand over what was fetched");
		data.p += n;
		data.len -= (size_t)n;
		g->bytes += (uint64_t)n;
	}
	return 0;
}

static int too_large(struct session *s, struct get *g, uint64_t bytes, struct err *e)
{
	char name[400];

	return fail(g, FETCH_E_LIMIT,
		    err_text(e, -EFBIG, "%s from %s has %s%llu bytes, at most %llu are accepted",
			     name_of(s, g, name, sizeof(name)), s->url.host,
			     bytes ? "" : "more than ",
			     (unsigned long long)(bytes ? bytes : g->max_bytes),
			     (unsigned long long)g->max_bytes));
}

static int wrong_size(struct session *s, struct get *g, uint64_t bytes, struct err *e)
{
	char name[400];

	return fail(g, FETCH_E_HTTP,
		    err_text(e, -EBADMSG,
			     "%s from %s has %llu bytes, its manifest says %llu: the image on the "
			     "registry is "
			     "damaged, push it again",
			     name_of(s, g, name, sizeof(name)), s->url.host,
			     (unsigned long long)bytes, (unsigned long long)g->expect_bytes));
}

/* what the head says about the body. @ret_skip: bytes that the sink has already */
static int check_head(struct session *s, struct get *g, uint64_t *ret_skip, struct err *e)
{
	const struct http_parser *h = &s->x.http;
	uint64_t start = 0;

	if (s->x.encoded)
		return fail(g, FETCH_E_HTTP,
			    err_text(e, -EBADMSG,
				     "%s compresses on the way (Content-Encoding) although asked "
				     "not to",
				     s->url.host));
	if (h->status == 206) {
		if (!s->x.has_range || s->x.range_start != g->bytes)
			return fail(g, FETCH_E_HTTP,
				    err_text(e, -EBADMSG,
					     "%s sends another part than the one asked for",
					     s->url.host));
		start = g->bytes;
	}
	*ret_skip = g->bytes - start;
	if (!h->has_length)
		return 0;
	if (g->expect_bytes && start + h->content_length != g->expect_bytes)
		return wrong_size(s, g, start + h->content_length, e);
	if (h->content_length > UINT64_MAX / 2 || start + h->content_length > g->max_bytes)
		return too_large(s, g, start + h->content_length, e);
	return 0;
}

static int stream(struct session *s, struct get *g, struct err *e)
{
	uint64_t skip = 0;
	struct span data;
	int r;

	r = check_head(s, g, &skip, e);
	while (r == 0 && (r = exchange_body(&s->x, &data, e)) > 0) {
		size_t n = data.len < skip ? data.len : (size_t)skip;

		skip -= n;
		data = (struct span){data.p + n, data.len - n};
		if (g->expect_bytes && data.len > g->expect_bytes - g->bytes)
			return conn_close(s->x.conn), wrong_size(s, g, g->bytes + data.len, e);
		if (data.len > g->max_bytes - g->bytes)
			return conn_close(s->x.conn), too_large(s, g, 0, e);
		r = to_sink(g, data, e);
		if (r < 0)
			return conn_close(s->x.conn), fail(g, FETCH_E_SINK, r);
		g->progress(g->progress_data, g->bytes);
	}
	if (r < 0) {
		if (g->class == FETCH_E_NETWORK && s->x.conn->fd < 0)
			return fail_conn(g, CONN_F_NETWORK, r);
		conn_close(s->x.conn);
		return r;
	}
	if (g->expect_bytes && g->bytes != g->expect_bytes)
		return wrong_size(s, g, g->bytes, e);
	return 0;
}

/* half of the wait is random, so that a fleet that lost its registry does not come back as one */
static int64_t backoff_ms(unsigned int failures)
{
	int64_t ms = BACKOFF_FIRST_MS;
	uint32_t random = 0;

	for (unsigned int i = 1; i < failures && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	if (ms > BACKOFF_MAX_MS)
		ms = BACKOFF_MAX_MS;
	sys_random(&random, sizeof(random));
	return ms / 2 + (int64_t)(random % (uint32_t)(ms / 2));
}

/* may another attempt help? */
static bool may_retry(const struct session *s, const struct get *g, int code)
{
	/* a tag may mean something else by now, and the sink has the beginning */
	if (g->bytes && g->kind == FETCH_MANIFEST && !strchr(g->what, ':'))
		return false;
	if (code == -EAGAIN && g->class == FETCH_E_HTTP)
		return true;
	/* never reached: its name, its port or the cable is wrong, and people want to know at once */
	return g->class == FETCH_E_NETWORK && s->zone != DIAL_UNKNOWN;
}

int get_run(struct session *s, struct get *g, struct err *e)
{
	unsigned int failures = 0;

	g->bytes = 0;
	for (;;) {
		uint64_t before = g->bytes;
		int64_t wait_ms = 0;
		int r;

		*e = (struct err){0};
		g->class = FETCH_E_NETWORK;
		r = reach(s, g, &wait_ms, e);
		if (r == 0)
			r = stream(s, g, e);
		if (r == 0)
			return 0;
		/* a byte for each connection would go on for ever */
		failures = g->bytes - before >= CONN_MIN_BYTES ? 1 : failures + 1;
		if (!may_retry(s, g, r))
			return r;
		if (failures > CONFIG_FETCH_RETRIES) {
			err_wrap(e, "gave up after %u attempts", failures);
			return r;
		}
		if (wait_ms < backoff_ms(failures))
			wait_ms = backoff_ms(failures);
		sys_sleep_ms((unsigned int)wait_ms);
	}
}
