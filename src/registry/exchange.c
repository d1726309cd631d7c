/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/exchange.h"

#include <errno.h>
#include <stdio.h>

#include "base/num.h"
#include "sys/proc.h"

#define DROP_MAX 4096 /* reading so much is cheaper than a new handshake */

static int form_headers(struct buf *b, const char *form, struct err *e)
{
	char len[24];
	int r = http_request_header(b, "Content-Type", "application/x-www-form-urlencoded", e);

	snprintf(len, sizeof(len), "%zu", span_of(form).len);
	return r < 0 ? r : http_request_header(b, "Content-Length", len, e);
}

/* a method with a body has a length, even of none (RFC 9110, 8.6) */
static int body_headers(struct buf *b, const struct exchange_request *q, struct err *e)
{
	char len[24];
	int r = 0;

	if (!q->method || str_eq(q->method, "GET"))
		return 0;
	snprintf(len, sizeof(len), "%llu", q->body ? (unsigned long long)q->body->len : 0ULL);
	if (q->content_type)
		r = http_request_header(b, "Content-Type", q->content_type, e);
	if (r == 0 && q->range)
		r = http_request_header(b, "Content-Range", q->range, e);
	return r < 0 ? r : http_request_header(b, "Content-Length", len, e);
}

/* @proxy: a plain request that a proxy passes on; its password is for it alone */
static int start_line(struct buf *b, const struct exchange_request *q, const struct proxy *proxy,
		      struct err *e)
{
	char authority[URL_ORIGIN_CAP], origin[URL_ORIGIN_CAP];
	int r = http_request_proxied(b,
				     q->method ? q->method
				     : q->form ? "POST"
				     : q->head ? "HEAD"
					       : "GET",
				     proxy ? url_origin(origin, q->url) : NULL, q->url->target,
				     url_authority(authority, q->url), e);

	if (r == 0 && proxy && proxy->login[0])
		r = http_request_header(b, "Proxy-Authorization", proxy->login, e);
	return r;
}

static int build(struct conns *cs, struct exchange *x, const struct exchange_request *q,
		 size_t *ret_len, struct err *e)
{
	char range[48];
	struct buf b;
	int r;

	buf_init(&b, x->request, sizeof(x->request));
	r = start_line(&b, q, q->url->https ? NULL : proxies_for(&cs->proxies, q->url), e);
	if (r == 0)
		r = http_request_header(&b, "User-Agent", "cleat/" CLEAT_VERSION, e);
	/* bodies are hashed as they are; a transparent compression would only cost */
	if (r == 0)
		r = http_request_header(&b, "Accept-Encoding", "identity", e);
	if (r == 0 && q->accept)
		r = http_request_header(&b, "Accept", q->accept, e);
	if (r == 0 && q->authorization)
		r = http_request_header(&b, "Authorization", q->authorization, e);
	if (r == 0 && q->offset) {
		snprintf(range, sizeof(range), "bytes=%llu-", (unsigned long long)q->offset);
		r = http_request_header(&b, "Range", range, e);
	}
	if (r == 0 && q->form)
		r = form_headers(&b, q->form, e);
	if (r == 0)
		r = body_headers(&b, q, e);
	if (r == 0)
		r = http_request_end(&b, e);
	*ret_len = b.len;
	return r;
}

static void reset_answer(struct exchange *x, bool head)
{
	http_parser_init(&x->http, head);
	x->location[0] = '\0';
	x->content_type[0] = '\0';
	x->docker_digest[0] = '\0';
	x->challenge.scheme = WWWAUTH_OTHER;
	x->has_range = false;
	x->encoded = false;
	x->retry_after_s = 0;
	x->limit = x->remaining = (struct http_rate){0};
	x->date_s = x->retry_at_s = 0;
	x->has_upload = x->cut = false;
	x->chunk_min_bytes = 0;
}

/* A date counts from the server's own clock if it tells it: the device's may be wrong. */
static void retry_after(struct exchange *x)
{
	int64_t now_s = x->date_s;
	uint32_t ns;

	if (!x->retry_at_s)
		return;
	if (!now_s)
		sys_realtime(&now_s, &ns);
	if (x->retry_at_s > now_s)
		x->retry_after_s = x->retry_at_s - now_s > UINT32_MAX
					   ? UINT32_MAX
					   : (uint32_t)(x->retry_at_s - now_s);
}

static int www_authenticate(struct exchange *x, struct span value, struct err *e)
{
	struct wwwauth w;
	int r;

	while ((r = wwwauth_next(&value, &w, e)) == 1)
		if (w.scheme > x->challenge.scheme)
			x->challenge = w;
	return r;
}

/* values that are too long for their slot are as good as absent, but for the two that decide */
static int on_header(struct exchange *x, const struct http_event *ev, struct err *e)
{
	struct span v = ev->value;

	if (span_eq_nocase(ev->name, "Location")) {
		if (x->location[0])
			return err_text(e, -EBADMSG, "HTTP response: two Location headers");
		if (str_copy_n(x->location, sizeof(x->location), v.p, v.len) < 0)
			return err_text(e, -EMSGSIZE, "HTTP response: Location is too long");
	} else if (span_eq_nocase(ev->name, "WWW-Authenticate")) {
		return www_authenticate(x, v, e);
	} else if (span_eq_nocase(ev->name, "Content-Type")) {
		str_copy_n(x->content_type, sizeof(x->content_type), v.p, v.len);
	} else if (span_eq_nocase(ev->name, "Docker-Content-Digest")) {
		str_copy_n(x->docker_digest, sizeof(x->docker_digest), v.p, v.len);
	} else if (span_eq_nocase(ev->name, "Content-Range")) {
		x->has_range = http_content_range(v, &x->range) == 0;
	} else if (span_eq_nocase(ev->name, "Content-Encoding")) {
		x->encoded = !span_eq_nocase(v, "identity");
	} else if (span_eq_nocase(ev->name, "Retry-After")) {
		if (num_u32(v, UINT32_MAX, &x->retry_after_s) == -ERANGE)
			x->retry_after_s = UINT32_MAX;
		http_date(v, &x->retry_at_s);
	} else if (span_eq_nocase(ev->name, "Date")) {
		http_date(v, &x->date_s);
	} else if (span_eq_nocase(ev->name, "Range")) {
		x->has_upload = http_upload_range(v, &x->upload_bytes) == 0;
	} else if (span_eq_nocase(ev->name, "OCI-Chunk-Min-Length")) {
		num_u64(v, UINT64_MAX, &x->chunk_min_bytes);
	} else if (span_eq_nocase(ev->name, "RateLimit-Limit")) {
		http_rate(v, &x->limit);
	} else if (span_eq_nocase(ev->name, "RateLimit-Remaining")) {
		http_rate(v, &x->remaining);
	}
	return 0;
}

/* the next event of the answer. Return: 0; -errno */
static int next_event(struct exchange *x, struct http_event *ev, struct err *e)
{
	struct span data = {"", 0};
	size_t used;
	int r;

	/* what ends a message needs no further byte */
	r = http_parse(&x->http, "", 0, ev, &used, e);
	while (r == 0 && ev->type == HTTP_NEED_MORE) {
		r = conn_peek(x->conn, &data, e);
		if (r < 0)
			return r;
		if (r == 0) {
			ev->type = HTTP_DONE;
			return http_parse_eof(&x->http, e);
		}
		r = http_parse(&x->http, data.p, data.len, ev, &used, e);
		/* the record buffer stays as it is until the next peek */
		if (r == 0)
			conn_skip(x->conn, used);
	}
	return r;
}

static int read_head(struct exchange *x, struct err *e)
{
	struct http_event ev;
	int r;

	do {
		r = next_event(x, &ev, e);
		if (r == 0 && ev.type == HTTP_HEADER)
			r = on_header(x, &ev, e);
		if (r == 0 && ev.type == HTTP_DONE)
			r = err_text(e, -EBADMSG, "HTTP response: ended in its head");
	} while (r == 0 && ev.type != HTTP_HEADERS_DONE);
	if (r < 0)
		err_wrap(e, "%s", x->conn->origin);
	else
		retry_after(x);
	return r;
}

/* Return: 0, also if the server answers before it has all of it; -errno, then @ret_ours: it is not its fault */
static int send_body(struct exchange *x, const struct exchange_body *body, bool *ret_ours,
		     struct err *e)
{
	struct err ignored = {0};
	struct span data;
	int r;

	for (uint64_t at = 0; at < body->len; at += data.len) {
		r = body->piece(body->data, at, body->len - at, &data, e);
		if (r < 0) {
			*ret_ours = true;
			return r;
		}
		/* what it has to say may still be there after it has closed its side */
		x->cut =
			conn_pending(x->conn) || conn_send(x->conn, data.p, data.len, &ignored) < 0;
		if (x->cut)
			return 0;
	}
	return 0;
}

int exchange_start(struct conns *cs, struct exchange *x, const struct exchange_request *q,
		   enum conn_fail *ret_fail, struct err *e)
{
	size_t len;
	bool again, ours = false;
	int r;

	x->conn = NULL;
	r = build(cs, x, q, &len, e);
	*ret_fail = CONN_F_REFUSED;
	if (r < 0)
		return r;
	do {
		r = conn_open(cs, q->url, q->from, &x->conn, ret_fail, e);
		if (r < 0)
			return r;
		*ret_fail = CONN_F_NETWORK;
		again = x->conn->used;
		x->conn->used = true;
		reset_answer(x, q->head);
		r = conn_send(x->conn, x->request, len, e);
		if (r == 0 && q->form)
			r = conn_send(x->conn, q->form, span_of(q->form).len, e);
		if (r == 0 && q->body)
			r = send_body(x, q->body, &ours, e);
		if (r == 0)
			r = read_head(x, e);
		if (r == 0)
			return 0;
		again = again && !ours && !x->http.status && (r == -ECONNRESET || r == -EPIPE);
		conn_close(x->conn);
		if (again)
			*e = (struct err){0};
	} while (again);
	return r;
}

int exchange_body(struct exchange *x, struct span *ret_data, struct err *e)
{
	struct http_event ev;
	int r;

	r = next_event(x, &ev, e);
	if (r == 0 && ev.type == HTTP_BODY) {
		*ret_data = ev.data;
		return 1;
	}
	if (r < 0)
		err_wrap(e, "%s", x->conn->origin);
	if (r < 0 || !x->http.keep_alive || x->cut)
		conn_close(x->conn);
	return r;
}

void exchange_drop(struct exchange *x)
{
	struct err e = {0};
	struct span data;
	size_t total = 0;
	int r;

	while ((r = exchange_body(x, &data, &e)) > 0) {
		total += data.len;
		if (total > DROP_MAX) {
			conn_close(x->conn);
			return;
		}
	}
}
