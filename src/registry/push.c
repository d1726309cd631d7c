/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects to a registry. push.offset is the only position: what the registry has said it has. The
 * source is read from there, whatever happened before, so a request can be sent again, to another
 * address or after a log-in, without anybody keeping its bytes. Where an upload goes is the
 * registry's choice, each time anew; get_ask() gives a login to its own origin alone.
 */
#include "registry/push.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sys/fd.h"
#include "sys/proc.h"

#define CHUNK_BYTES	  (CONFIG_PUSH_CHUNK_KIB * 1024ULL)
#define CHUNK_SMALL_BYTES (1024ULL * 1024) /* what proxies let through that nobody has configured */

/* of the session, which has one push at a time */
static struct {
	struct url url;		  /* where the registry wants the upload's next bytes */
	bool open;		  /* there is one; it belongs to no blob until its end */
	uint64_t chunk_min_bytes; /* as the registry says */
	bool small;		  /* it does not take CHUNK_BYTES */
	bool whole;		  /* this registry takes no chunks */
	char block[16 * 1024];
} upload;

/* The source -------------------------------------------------------------------------------------- */

static int source_failed(struct push *p, int code)
{
	p->no_source = true;
	return code;
}

/* Return: bytes in upload.block; -errno */
static ssize_t source_read(struct push *p, uint64_t max, struct err *e)
{
	size_t len = max < sizeof(upload.block) ? (size_t)max : sizeof(upload.block);
	ssize_t n = sys_read(p->source_fd, upload.block, len);

	if (n < 0)
		return source_failed(p, err_set(e, (int)n, "read what is to be sent"));
	if (n == 0)
		return source_failed(
			p, err_text(e, -ENODATA,
				    "only %llu of %llu bytes are here: cleat fsck says more",
				    (unsigned long long)p->source_at, (unsigned long long)p->size));
	p->source_at += (uint64_t)n;
	return n;
}

static int source_seek(struct push *p, uint64_t at, struct err *e)
{
	int r;

	if (at == p->source_at)
		return 0;
	if (sys_seek(p->source_fd, (off_t)at, SEEK_SET) >= 0) {
		p->source_at = at;
		return 0;
	}
	if (at < p->source_at) {
		r = p->again(p, e);
		if (r < 0)
			return source_failed(p, r);
		p->source_at = 0;
	}
	while (p->source_at < at) {
		ssize_t n = source_read(p, at - p->source_at, e);

		if (n < 0)
			return (int)n;
	}
	return 0;
}

static int source_piece(void *data, uint64_t at, uint64_t max, struct span *ret_data, struct err *e)
{
	struct push *p = data;
	int r = source_seek(p, p->base + at, e);
	ssize_t n = r < 0 ? r : source_read(p, max, e);

	if (n < 0)
		return (int)n;
	*ret_data = (struct span){upload.block, (size_t)n};
	p->get.progress(p->get.data, p->base + at + (uint64_t)n);
	return 0;
}

/* Requests ---------------------------------------------------------------------------------------- */

/* @len bytes of the source from p->offset on. Return: 0, the answer's head is read, its body is not of interest; -errno */
static int ask(struct session *s, struct push *p, struct exchange_request *q, uint64_t len,
	       struct err *e)
{
	const struct exchange_body body = {.len = len, .piece = source_piece, .data = p};
	int r;

	p->base = p->offset;
	p->no_source = false;
	if (len)
		q->body = &body;
	r = get_ask(s, &p->get, q, e);
	q->body = NULL;
	if (r < 0 && p->no_source)
		return get_fail(&p->get, FETCH_E_SINK, r);
	if (r == 0 && s->x.http.status < 400)
		exchange_drop(&s->x);
	return r;
}

static bool is_success(const struct session *s)
{
	return s->x.http.status >= 200 && s->x.http.status < 300;
}

/* The answer's Location, if it has one, is where the upload goes on. */
static int take_location(struct session *s, struct push *p, struct err *e)
{
	int r;

	if (s->x.location[0]) {
		r = get_follow(s, &p->get, e);
		if (r < 0)
			return r;
		upload.url = s->url;
	} else if (!upload.open) {
		return get_fail(&p->get, FETCH_E_HTTP,
				err_text(e, -EBADMSG, "%s does not say where an upload goes",
					 s->registry.host));
	}
	upload.open = true;
	return 0;
}

/* Return: 1 it has the blob; 0; -errno */
static int head(struct session *s, struct push *p, struct err *e)
{
	struct exchange_request q = {.head = true};
	int r = get_url(s, &p->get, e, "/v2/%s/blobs/%s", s->repository, p->get.what);

	if (r == 0)
		r = ask(s, p, &q, 0, e);
	if (r < 0 || is_success(s))
		return r < 0 ? r : 1;
	/* without HEAD it will be told when the upload ends */
	return s->x.http.status == 404 || s->x.http.status == 405 ? 0 : get_refused(s, &p->get, e);
}

/* @query: "" or a mount. Return: 0, status is what it is; -errno */
static int post(struct session *s, struct push *p, const char *query, struct err *e)
{
	struct exchange_request q = {.method = "POST"};
	int r = get_url(s, &p->get, e, "/v2/%s/blobs/uploads/%s", s->repository, query);

	if (r == 0)
		r = ask(s, p, &q, 0, e);
	if (r < 0 || s->x.http.status != 202)
		return r;
	upload.open = false;
	if (s->x.chunk_min_bytes)
		upload.chunk_min_bytes = s->x.chunk_min_bytes;
	return take_location(s, p, e);
}

static int begin(struct session *s, struct push *p, struct err *e)
{
	int r = post(s, p, "", e);

	p->offset = 0;
	p->unsure = false;
	return r < 0 || upload.open ? r : get_refused(s, &p->get, e);
}

/* After a failure: the end may have arrived although its answer did not. */
static int find_out(struct session *s, struct push *p, struct err *e)
{
	struct exchange_request q = {0};
	int r = head(s, p, e);

	if (r != 0) {
		p->done = r > 0;
		return r < 0 ? r : 0;
	}
	s->url = upload.url;
	r = ask(s, p, &q, 0, e);
	if (r < 0)
		return r;
	/* an upload that it has forgotten, or of which it cannot tell, begins anew */
	upload.open = is_success(s) && s->x.has_upload && s->x.upload_bytes &&
		      s->x.upload_bytes <= p->size;
	if (!upload.open)
		return is_success(s) || s->x.http.status < 500 ? 0 : get_refused(s, &p->get, e);
	p->offset = s->x.upload_bytes;
	p->unsure = false;
	return take_location(s, p, e);
}

/* An upload's answer that is no success: what may help next? Return: 0 go on; -errno */
static int upload_refused(struct session *s, struct push *p, bool chunk, struct err *e)
{
	unsigned int status = s->x.http.status;

	p->unsure = true;
	if (status == 413 && !upload.small && !upload.whole) {
		upload.small = true;
		return 0;
	}
	if (chunk && (status == 400 || status == 405 || status == 501) && !upload.whole) {
		upload.whole = true;
		upload.open = false;
		return 0;
	}
	if (status == 404 || status == 416)
		return get_fail(&p->get, FETCH_E_HTTP,
				err_text(e, -EAGAIN, "%s has lost the upload (HTTP %u)",
					 s->url.host, status));
	if (status == 413)
		return get_fail(
			&p->get, FETCH_E_LIMIT,
			err_text(
				e, -EFBIG,
				"%s does not take requests as large as this (HTTP 413): the limit of the "
				"registry, or of a proxy in front of it, is too low",
				s->url.host));
	return get_refused(s, &p->get, e);
}

static uint64_t chunk_bytes(void)
{
	uint64_t bytes = upload.small ? CHUNK_SMALL_BYTES : CHUNK_BYTES;

	return bytes < upload.chunk_min_bytes ? upload.chunk_min_bytes : bytes;
}

static int send_chunk(struct session *s, struct push *p, struct err *e)
{
	uint64_t left = p->size - p->offset;
	uint64_t len = left < chunk_bytes() ? left : chunk_bytes();
	struct exchange_request q = {.method = "PATCH", .content_type = "application/octet-stream"};
	char range[48];
	int r;

	snprintf(range, sizeof(range), "%llu-%llu", (unsigned long long)p->offset,
		 (unsigned long long)(p->offset + len - 1));
	q.range = range;
	s->url = upload.url;
	r = ask(s, p, &q, len, e);
	if (r < 0)
		return r;
	if (!is_success(s))
		return upload_refused(s, p, true, e);
	p->offset += len;
	if (s->x.has_upload && s->x.upload_bytes != p->offset) {
		p->unsure = true;
		return get_fail(&p->get, FETCH_E_HTTP,
				err_text(e, -EAGAIN, "%s says it has %llu bytes of %llu sent",
					 s->url.host, (unsigned long long)s->x.upload_bytes,
					 (unsigned long long)p->offset));
	}
	return take_location(s, p, e);
}

/* what is left, and the name of the whole */
static int end(struct session *s, struct push *p, struct err *e)
{
	struct exchange_request q = {.method = "PUT", .content_type = "application/octet-stream"};
	size_t len = strlen(upload.url.target);
	int r;

	s->url = upload.url;
	if (str_printf(s->url.target + len, sizeof(s->url.target) - len, "%cdigest=%s",
		       strchr(s->url.target, '?') ? '&' : '?', p->get.what) < 0)
		return get_fail(
			&p->get, FETCH_E_LIMIT,
			err_text(e, -EMSGSIZE,
				 "where %s wants the upload is longer than CONFIG_URL_BYTES (%d)",
				 s->registry.host, CONFIG_URL_BYTES));
	r = ask(s, p, &q, p->size - p->offset, e);
	if (r < 0)
		return r;
	if (!is_success(s))
		return upload_refused(s, p, false, e);
	upload.open = false; /* one upload, one blob */
	p->offset = p->size;
	p->done = true;
	return 0;
}

/* Attempts ---------------------------------------------------------------------------------------- */

static int blob_step(struct session *s, struct push *p, struct err *e)
{
	/* to find out by a small request that a token is over costs less than by a large one */
	if (upload.open && s->auth.until_ms && !auth_header(&s->auth))
		p->unsure = true;
	if (upload.open && p->unsure)
		return find_out(s, p, e);
	if (!upload.open)
		return begin(s, p, e);
	if (p->size > chunk_bytes() && p->offset < p->size && !upload.whole)
		return send_chunk(s, p, e);
	return end(s, p, e);
}

static int blob_attempt(struct session *s, struct get *g, struct err *e)
{
	struct push *p = g->push;
	int r = 0;

	while (r == 0 && !p->done) {
		r = blob_step(s, p, e);
		if (p->offset > g->bytes) /* a registry that forgets is no progress */
			g->bytes = p->offset;
	}
	p->unsure |= r < 0;
	return r;
}

static int manifest_attempt(struct session *s, struct get *g, struct err *e)
{
	struct push *p = g->push;
	struct exchange_request q = {.method = "PUT", .content_type = p->type};
	int r = get_url(s, g, e, "/v2/%s/manifests/%s", s->repository, g->what);

	if (r == 0)
		r = ask(s, p, &q, p->size, e);
	return r < 0 || is_success(s) ? r : get_refused(s, g, e);
}

static int question_attempt(struct session *s, struct get *g, struct err *e)
{
	char query[sizeof(s->mount) + 128];
	struct push *p = g->push;
	int r = head(s, p, e);

	g->bytes = r > 0 ? FETCH_THERE : FETCH_ABSENT;
	if (r != 0 || !p->size || !s->mount[0])
		return r < 0 ? r : 0;
	snprintf(query, sizeof(query), "?mount=%s&from=%s", g->what, s->mount);
	r = post(s, p, query, e);
	if (r == 0 && s->x.http.status == 201)
		g->bytes = FETCH_MOUNTED;
	return r; /* whatever else it answers: it will be sent the bytes */
}

int push_run(struct session *s, struct push *p, struct err *e)
{
	p->get.push = p;
	p->get.attempt = p->source_fd < 0	     ? question_attempt
			 : p->get.kind == FETCH_BLOB ? blob_attempt
						     : manifest_attempt;
	return get_run(s, &p->get, e);
}
