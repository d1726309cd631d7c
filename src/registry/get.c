/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object. Three loops, one inside the other: attempts (get_run), redirects and log-in of one
 * attempt (reach), the body (get_body). What has reached the sink stays there, so a later attempt asks
 * for the rest by Range; a server that cannot do that, or does it wrong, is asked for all and has its
 * beginning skipped. Each attempt begins at the registry: where it redirects to is good for minutes.
 *
 * Authorization is attached by origin, each time anew: a redirect elsewhere gets none, even if it leads
 * back and forth (CVE-2020-15157, CVE-2018-1000007, CVE-2022-27774).
 */
#include "registry/get.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sys/proc.h"

#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS	 (CONFIG_FETCH_BACKOFF_MAX_S * 1000)

#define ACCEPT_MANIFEST                                                                            \
	"application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "    \
	"application/vnd.docker.distribution.manifest.list.v2+json, "                              \
	"application/vnd.docker.distribution.manifest.v2+json"

/* what else refers to an image (SBOMs, provenance) is not asked for; a server may send it all the same */
#define BUNDLES_ONLY "?artifactType=application/vnd.dev.sigstore.bundle.v0.3%2Bjson"

int get_fail_conn(struct get *g, enum conn_fail f, int code)
{
	if (code == -EMSGSIZE)
		return get_fail(g, FETCH_E_LIMIT, code);
	if (f == CONN_F_NETWORK && code == -EBADMSG)
		return get_fail(g, FETCH_E_HTTP, code);
	switch (f) {
	case CONN_F_NETWORK:
		return get_fail(g, FETCH_E_NETWORK, code);
	case CONN_F_TLS:
		return get_fail(g, FETCH_E_TLS, code);
	case CONN_F_CLOCK:
		return get_fail(g, FETCH_E_CLOCK, code);
	case CONN_F_PROXY:
		return get_fail(g, FETCH_E_AUTH, code);
	case CONN_F_REFUSED:
		break;
	}
	return get_fail(g, FETCH_E_HTTP, code);
}

const char *get_name(const struct session *s, const struct get *g, char *dst, size_t cap)
{
	bool digest = strchr(g->what, ':');

	if (g->kind == FETCH_PING)
		str_copy(dst, cap, "itself");
	else if (g->kind != FETCH_BLOB)
		str_printf(dst, cap, "%s%s%.19s", s->repository, digest ? "@" : ":", g->what);
	else
		str_printf(dst, cap, "blob %.19s of %s", g->what, s->repository);
	return dst;
}

int get_url(struct session *s, struct get *g, struct err *e, const char *fmt, ...)
{
	va_list ap;
	int n;

	s->url = s->registry;
	va_start(ap, fmt);
	n = vsnprintf(s->url.target, sizeof(s->url.target), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(s->url.target))
		return get_fail(g, FETCH_E_LIMIT,
				err_text(e, -EMSGSIZE,
					 "the name is longer than CONFIG_URL_BYTES (%d)",
					 CONFIG_URL_BYTES));
	return 0;
}

static int set_url(struct session *s, struct get *g, struct err *e)
{
	static const char *const paths[] = {
		[FETCH_MANIFEST] = "manifests",
		[FETCH_HEAD] = "manifests",
		[FETCH_BLOB] = "blobs",
		[FETCH_REFERRERS] = "referrers",
	};
	const char *query = g->kind == FETCH_REFERRERS ? BUNDLES_ONLY : "";

	if (g->kind == FETCH_PING)
		return get_url(s, g, e, "/v2/");
	/* a pull-through cache for several registries learns from ns which one is meant */
	return get_url(s, g, e, "/v2/%s/%s/%s%s%s%s", s->repository, paths[g->kind], g->what, query,
		       !s->ns[0] ? ""
		       : *query	 ? "&ns="
				 : "?ns=",
		       s->ns);
}

int get_follow(struct session *s, struct get *g, struct err *e)
{
	char origin[URL_ORIGIN_CAP];
	int r;

	if (!s->x.location[0])
		return get_fail(g, FETCH_E_HTTP,
				err_text(e, -EBADMSG, "%s redirects to nowhere (HTTP %u)",
					 s->url.host, s->x.http.status));
	r = url_resolve(&s->url, span_of(s->x.location), &s->next, e);
	if (r < 0) {
		err_wrap(e, "%s redirects", s->url.host);
		return get_fail(g, FETCH_E_HTTP, r);
	}
	if (s->url.https && !s->next.https)
		return get_fail(g, FETCH_E_HTTP,
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
		return get_fail(g, FETCH_E_AUTH, r);
	case AUTH_F_CONN:
		return get_fail_conn(g, conn_fail, r);
	case AUTH_F_HTTP:
		break;
	}
	return get_fail(g, FETCH_E_HTTP, r);
}

static int not_found(struct session *s, struct get *g, struct err *e)
{
	char name[400];

	get_name(s, g, name, sizeof(name));
	if (g->kind != FETCH_BLOB && !g->push)
		return get_fail(g, FETCH_E_NOT_FOUND,
				err_text(e, -ENOENT, "%s has no image %s: check its name and tag",
					 s->registry.host, name));
	if (g->push)
		return get_fail(
			g, FETCH_E_NOT_FOUND,
			err_text(
				e, -ENOENT,
				"%s does not know the repository %s (HTTP 404): check the name, or "
				"create it there",
				s->registry.host, s->repository));
	return get_fail(
		g, FETCH_E_NOT_FOUND,
		err_text(e, -ENOENT, "%s has lost %s: push the image again", s->url.host, name));
}

/* of 429 and 503, for people: what the server says about its limit and when to come back */
static void add_limits(const struct exchange *x, struct err *e)
{
	size_t len = strlen(e->msg);

	if (x->limit.n && x->limit.window_s)
		len += (size_t)snprintf(e->msg + len, sizeof(e->msg) - len,
					"; it allows %u requests in %u s", x->limit.n,
					x->limit.window_s);
	if (x->retry_after_s && len < sizeof(e->msg))
		snprintf(e->msg + len, sizeof(e->msg) - len, "; try again in %u s",
			 x->retry_after_s);
}

static int overloaded(struct session *s, struct get *g, unsigned int status, struct err *e)
{
	char name[400];

	err_text(e, -EAGAIN, "%s %s (HTTP %u for %s)", s->url.host,
		 status == 429 ? "has had too many requests" : "is overloaded or broken", status,
		 get_name(s, g, name, sizeof(name)));
	add_limits(&s->x, e);
	g->wait_ms = s->x.retry_after_s * 1000LL;
	/* to come back earlier than asked would make it worse, for us too */
	return get_fail(g, FETCH_E_HTTP,
			s->x.retry_after_s > CONFIG_FETCH_WAIT_S ? -EBUSY : -EAGAIN);
}

static int refused(struct session *s, struct get *g, struct err *e)
{
	bool home = url_same_origin(&s->url, &s->registry);
	unsigned int status = s->x.http.status;
	char name[400];

	get_name(s, g, name, sizeof(name));
	if (status == 416 || (status == 501 && g->bytes && !g->no_range)) {
		bool again = g->bytes && !g->no_range;

		g->no_range = true;
		return get_fail(g, FETCH_E_HTTP,
				err_text(e, again ? -EAGAIN : -EREMOTEIO,
					 "%s does not give a part of %s (HTTP %u)", s->url.host,
					 name, status));
	}
	/* a signed address is good for minutes: the registry makes a new one, but not for ever */
	if (!home && (status == 400 || status == 401 || status == 403 || status == 410)) {
		bool again = !g->signed_refused;

		g->signed_refused = true;
		return get_fail(g, FETCH_E_AUTH,
				err_text(e, again ? -EAGAIN : -EACCES,
					 "%s, where %s sends us for %s, refuses (HTTP %u): its "
					 "signed address is not good, or a clock is wrong",
					 s->url.host, s->registry.host, name, status));
	}
	switch (status) {
	case 401:
	case 403:
		if (g->kind == FETCH_PING)
			return get_fail(g, FETCH_E_AUTH,
					auth_denied(&s->auth, s->url.host, status, e));
		return get_fail(
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
		return overloaded(s, g, status, e);
	case 400: /* how nginx says that it wants another certificate, or one at all */
		if (s->x.conn->tls && tls_own_hint(&s->x.conn->tls_stream)[0])
			return get_fail(g, FETCH_E_AUTH,
					err_text(e, -EACCES, "%s answers with HTTP 400: %s",
						 s->url.host,
						 tls_own_hint(&s->x.conn->tls_stream)));
		break;
	}
	return get_fail(g, FETCH_E_HTTP,
			err_text(e, -EREMOTEIO, "%s answers with HTTP %u for %s", s->url.host,
				 status, name));
}

int get_refused(struct session *s, struct get *g, struct err *e)
{
	int r = refused(s, g, e);
	size_t len = strlen(e->msg);

	if (s->said[0])
		snprintf(e->msg + len, sizeof(e->msg) - len, "; it says: %s", s->said);
	return r;
}

/* a request with a body is only repeated elsewhere if its method stays (RFC 9110, 15.4) */
static bool is_redirect(unsigned int status, const struct exchange_request *q)
{
	return status == 307 || status == 308 ||
	       (!q->method && (status == 301 || status == 302 || status == 303));
}

static int redirect(struct session *s, struct get *g, unsigned int n, struct err *e)
{
	if (n == CONFIG_FETCH_REDIRECTS)
		return get_fail(g, FETCH_E_LIMIT,
				err_text(e, -ELOOP,
					 "%s redirects more than CONFIG_FETCH_REDIRECTS (%d) "
					 "times: broken redirect on the registry",
					 s->registry.host, CONFIG_FETCH_REDIRECTS));
	return get_follow(s, g, e);
}

/* what a registry answers instead may say why; anything else is not for people */
static void hear(struct session *s)
{
	struct auth *a = &s->auth; /* its scratch */
	struct err ignored = {0};

	if (str_starts(s->x.content_type, "application/json") && auth_read(a, &s->x, &ignored) == 0)
		said_parse((struct span){a->body, a->body_len}, a->pool, sizeof(a->pool), s->said);
	else
		exchange_drop(&s->x);
}

int get_ask(struct session *s, struct get *g, struct exchange_request *q, struct err *e)
{
	unsigned int redirects = 0, status;
	bool logged_in = false;
	int r;

	q->url = &s->url;
	do {
		bool home = url_same_origin(&s->url, &s->registry);
		enum conn_fail conn_fail;

		q->from = home ? DIAL_UNKNOWN : s->zone;
		q->authorization = home ? auth_header(&s->auth) : NULL;
		s->said[0] = '\0';
		r = exchange_start(&s->conns, &s->x, q, &conn_fail, e);
		if (home && s->x.conn) /* it was reached, even if its answer was cut off */
			s->zone = s->x.conn->zone;
		if (r < 0)
			return get_fail_conn(g, conn_fail, r);
		status = s->x.http.status;
		if (is_redirect(status, q)) {
			exchange_drop(&s->x);
			r = redirect(s, g, redirects++, e);
		} else if (status == 401 && home && !logged_in) {
			exchange_drop(&s->x);
			logged_in = true;
			r = log_in(s, g, e);
		} else {
			if (status >= 400)
				hear(s);
			return 0;
		}
	} while (r == 0);
	return r;
}

/* until the answer is the object itself. Return: 0, the body follows; -errno */
static int reach(struct session *s, struct get *g, struct err *e)
{
	struct exchange_request q = {
		.accept = g->kind != FETCH_BLOB ? ACCEPT_MANIFEST : NULL,
		.head = g->kind == FETCH_HEAD,
		.offset = g->no_range ? 0 : g->bytes,
	};
	bool came_back = false;
	int r;

	for (;;) {
		unsigned int status;

		r = set_url(s, g, e);
		if (r == 0)
			r = get_ask(s, g, &q, e);
		if (r < 0)
			return r;
		status = s->x.http.status;
		if (status == 200 || status == 206)
			return 0;
		if (status < 400)
			exchange_drop(&s->x);
		/* a signed URL that has expired: the registry signs another one */
		if ((status != 401 && status != 403) || came_back ||
		    url_same_origin(&s->url, &s->registry))
			return get_refused(s, g, e);
		came_back = true;
	}
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

/* the way to the registry is gone, not the registry: waiting for the link does not count */
static bool is_offline(const struct get *g, int code)
{
	return g->class == FETCH_E_NETWORK &&
	       (code == -ENETUNREACH || code == -EHOSTUNREACH || code == -ENETDOWN ||
		code == -EADDRNOTAVAIL || code == -EAGAIN);
}

/* may another attempt help? */
static bool may_retry(const struct session *s, const struct get *g, int code)
{
	/* a tag may mean something else by now, and the sink has the beginning */
	if (g->bytes &&
	    (g->kind == FETCH_REFERRERS || (g->kind == FETCH_MANIFEST && !strchr(g->what, ':'))))
		return false;
	if (code == -EAGAIN && g->class != FETCH_E_NETWORK)
		return g->kind != FETCH_HEAD; /* whoever asks so can ask by GET */
	/* never reached: its name, its port or the cable is wrong, and people want to know at once */
	return g->class == FETCH_E_NETWORK && s->zone != DIAL_UNKNOWN;
}

static int attempt(struct session *s, struct get *g, struct err *e)
{
	int r;

	*e = (struct err){0};
	g->class = FETCH_E_NETWORK;
	g->wait_ms = 0;
	if (g->attempt)
		return g->attempt(s, g, e);
	r = reach(s, g, e);
	if (r < 0)
		return r;
	if (g->kind != FETCH_HEAD)
		return get_body(s, g, e);
	exchange_drop(&s->x);
	return 0;
}

static int give_up(int64_t gained_ms, unsigned int failures, int r, struct err *e)
{
	if (sys_now_ms() - gained_ms > CONFIG_FETCH_OFFLINE_S * 1000LL)
		err_wrap(e, "gave up after %d s without progress", CONFIG_FETCH_OFFLINE_S);
	else if (failures > CONFIG_FETCH_RETRIES)
		err_wrap(e, "gave up after %u attempts", failures);
	else
		return 0;
	return r;
}

int get_run(struct session *s, struct get *g, struct err *e)
{
	int64_t gained_ms = sys_now_ms();
	unsigned int failures = 0, pauses = 0;
	int r;

	g->bytes = g->kept_bytes = g->synced_bytes = 0;
	g->synced_ms = 0;
	r = get_kept(s, g, e);
	g->began_ms = sys_now_ms();
	while (r >= 0) {
		uint64_t before = g->bytes;

		if (g->expect_bytes && g->bytes == g->expect_bytes)
			return 0;
		r = attempt(s, g, e);
		if (r == 0)
			return 0;
		if (g->bytes - before >=
		    CONN_MIN_BYTES) { /* a byte for each connection would go on for ever */
			failures = pauses = 0;
			gained_ms = sys_now_ms();
			g->signed_refused = false;
		}
		if (r > 0)
			continue;
		failures += !is_offline(g, r);
		if (!may_retry(s, g, r) || give_up(gained_ms, failures, r, e) < 0)
			return r;
		if (g->wait_ms < backoff_ms(++pauses))
			g->wait_ms = backoff_ms(pauses);
		r = g->pause(g->data, (unsigned int)g->wait_ms, e->msg);
		if (r < 0)
			return get_fail(g, FETCH_E_SINK,
					err_set(e, r, "wait for the next attempt"));
		if (r > 0) { /* there is a new way: what failed before it says little */
			failures -= failures > 0;
			pauses = 0;
		}
	}
	return r;
}
