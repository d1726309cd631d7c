/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of an answer: does it fit what was asked for, then to the sink, and beside it into the
 * partial file from which a later pull goes on. g->bytes is the only position. The partial file is as
 * untrusted as the network: it is read back through the sink, so that its bytes are hashed again.
 */
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include "registry/get.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/watch.h"

#define SAMPLE_BYTES (1 << 20) /* after so many it is decided whether a partial file is worth it */
#define SYNC_BYTES   (256 << 10) /* a power cut takes no more than this and what came in that time: */
#define SYNC_MS	     2000
#define BURST_US     100000 /* what a rate may fall behind and make up */

/* A file that does not take it all is worth nothing, but no reason to fail. */
static void drop_partial(struct get *g)
{
	sys_truncate(g->partial_fd, 0);
	g->partial_fd = -1;
}

/* the kernel would leave it in memory for half a minute */
static void sync_partial(struct get *g)
{
	if (g->bytes - g->synced_bytes < SYNC_BYTES || sys_now_ms() - g->synced_ms < SYNC_MS)
		return;
	if (sys_fsync(g->partial_fd) < 0)
		drop_partial(g);
	g->synced_bytes = g->bytes;
	g->synced_ms = sys_now_ms();
}

static void to_partial(struct get *g, const char *p, size_t len)
{
	int64_t took_ms;

	if (g->partial_fd < 0)
		return;
	if (sys_write_all(g->partial_fd, p, len) < 0) {
		drop_partial(g);
		return;
	}
	if (!g->kept_bytes && g->bytes < SAMPLE_BYTES)
		return;
	/* on a fast link the flash would only be worn: the whole costs less than to keep half */
	took_ms = sys_now_ms() - g->began_ms;
	if (!g->kept_bytes && g->bytes - len < SAMPLE_BYTES &&
	    (g->expect_bytes / (SAMPLE_BYTES / 1024)) * (uint64_t)took_ms / 1024 <
		    CONFIG_PARTIAL_MIN_S * 1000ULL)
		drop_partial(g);
	else
		sync_partial(g);
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
			return get_fail(g, FETCH_E_SINK,
					err_set(e, (int)n, "hand over what was fetched"));
		data.p += n;
		data.len -= (size_t)n;
		g->bytes += (uint64_t)n;
	}
	return 0;
}

int get_kept(struct session *s, struct get *g, struct err *e)
{
	char *buf = s->x.request;
	struct stat st;
	ssize_t n;
	int r;

	if (g->partial_fd < 0)
		return 0;
	if (sys_stat(g->partial_fd, &st) < 0 || (uint64_t)st.st_size > g->expect_bytes)
		sys_truncate(g->partial_fd, 0);
	while ((n = sys_pread(g->partial_fd, buf, sizeof(s->x.request), (off_t)g->bytes)) > 0) {
		r = to_sink(g, (struct span){buf, (size_t)n}, e);
		if (r < 0)
			return r;
		g->progress(g->data, g->bytes);
	}
	if (n < 0) /* a bad block: what comes after it is fetched again */
		drop_partial(g);
	g->kept_bytes = g->synced_bytes = g->bytes;
	return 0;
}

static int too_large(struct session *s, struct get *g, uint64_t bytes, struct err *e)
{
	char name[400];

	return get_fail(
		g, FETCH_E_LIMIT,
		err_text(e, -EFBIG, "%s from %s has %s%llu bytes, at most %llu are accepted",
			 get_name(s, g, name, sizeof(name)), s->url.host, bytes ? "" : "more than ",
			 (unsigned long long)(bytes ? bytes : g->max_bytes),
			 (unsigned long long)g->max_bytes));
}

static int wrong_size(struct session *s, struct get *g, uint64_t bytes, struct err *e)
{
	char name[400];

	return get_fail(g, FETCH_E_HTTP,
			err_text(e, -EBADMSG,
				 "%s from %s has %llu bytes, its manifest says %llu: the image on "
				 "the registry is damaged, push it again",
				 get_name(s, g, name, sizeof(name)), s->url.host,
				 (unsigned long long)bytes, (unsigned long long)g->expect_bytes));
}

/* A part is the one that was asked for, or all is asked for once more. */
static bool right_part(const struct session *s, const struct get *g)
{
	const struct http_parser *h = &s->x.http;
	const struct http_range *r = &s->x.range;

	return s->x.has_range && g->bytes && !g->no_range && r->first == g->bytes &&
	       (!h->has_length || h->content_length == r->last - r->first + 1);
}

/* what the head says about the body. @ret_skip: bytes that the sink has already */
static int check_head(struct session *s, struct get *g, uint64_t *ret_skip, struct err *e)
{
	const struct http_parser *h = &s->x.http;
	uint64_t total = h->content_length;
	bool known = h->has_length;

	if (s->x.encoded)
		return get_fail(g, FETCH_E_HTTP,
				err_text(e, -EBADMSG,
					 "%s compresses on the way (Content-Encoding) although "
					 "asked not to",
					 s->url.host));
	*ret_skip = g->bytes;
	if (h->status == 206) {
		if (!right_part(s, g)) {
			get_fail(g, FETCH_E_HTTP, 0);
			err_text(e, -EBADMSG, "%s sends another part than the one asked for",
				 s->url.host);
			if (g->no_range || !g->bytes)
				return -EBADMSG;
			g->no_range = true;
			return -EAGAIN;
		}
		*ret_skip = 0;
		total = s->x.range.total;
		known = total != HTTP_TOTAL_UNKNOWN;
	}
	if (!known)
		return 0;
	if (g->expect_bytes && total != g->expect_bytes)
		return wrong_size(s, g, total, e);
	return total > g->max_bytes ? too_large(s, g, total, e) : 0;
}

/* Token bucket in time: each byte makes the next one due later. */
void get_keep_rate(struct session *s, uint64_t bytes)
{
	int64_t now_us = sys_now_ms() * 1000;

	if (!s->rate_bytes_s)
		return;
	if (s->rate_due_us < now_us - BURST_US)
		s->rate_due_us = now_us - BURST_US;
	s->rate_due_us += (int64_t)(bytes * 1000000ULL / s->rate_bytes_s);
	if (s->rate_due_us > now_us + 1000)
		sys_sleep_ms((unsigned int)((s->rate_due_us - now_us) / 1000));
}

static int take(struct session *s, struct get *g, struct span data, uint64_t *skip, struct err *e)
{
	size_t n = data.len < *skip ? data.len : (size_t)*skip;
	int r;

	get_keep_rate(s, data.len);
	*skip -= n;
	data = (struct span){data.p + n, data.len - n};
	if (g->expect_bytes && data.len > g->expect_bytes - g->bytes)
		return wrong_size(s, g, g->bytes + data.len, e);
	if (data.len > g->max_bytes - g->bytes)
		return too_large(s, g, 0, e);
	r = to_sink(g, data, e);
	if (r < 0)
		return r;
	to_partial(g, data.p, data.len);
	g->progress(g->data, g->bytes);
	return 0;
}

int get_body(struct session *s, struct get *g, struct err *e)
{
	uint64_t skip = 0;
	struct span data;
	int r;

	r = check_head(s, g, &skip, e);
	while (r == 0) {
		r = exchange_body(&s->x, &data, e);
		if (r < 0)
			return get_fail_conn(g, CONN_F_NETWORK, r);
		if (r == 0)
			break;
		r = take(s, g, data, &skip, e);
	}
	if (r < 0) {
		conn_close(s->x.conn);
		return r;
	}
	if (!g->expect_bytes || g->bytes == g->expect_bytes)
		return 0;
	/* a server may give less of a part than was asked for */
	if (s->x.http.status == 206 && s->x.range.last + 1 == g->bytes)
		return 1;
	return wrong_size(s, g, g->bytes, e);
}
