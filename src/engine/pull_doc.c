/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents of an image: the one that the name leads to, an index's choice, the manifest, the
 * configuration. Each is fetched whole, compared with the digest that led to it, and only then parsed, by a role.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "engine/pull_job.h"
#include "sys/fd.h"
#include "sys/mem.h"

#define PARSE_TIMEOUT_MS 60000 /* a parser that takes a minute for one document hangs */

static void got_config(struct pull *p);
static void got_doc(struct pull *p);

void pull_doc_drop(struct pull *p)
{
	loop_timer_fini(&p->parse_timer);
	loop_io_fini(&p->parse_io);
	if (p->parsing)
		parse_cancel(&p->parse);
	p->parsing = false;
}

/* Parsing ------------------------------------------------------------------------------------- */

static void on_parsed(struct loop_io *io, uint32_t events)
{
	struct pull *p = io->data;

	(void)events;
	loop_io_fini(&p->parse_io);
	loop_timer_fini(&p->parse_timer);
	p->parsed(p);
}

static void on_parse_timeout(struct loop_timer *t)
{
	struct err e = {0};

	err_text(&e, -ETIMEDOUT, "the parse role did not answer within %d s",
		 PARSE_TIMEOUT_MS / 1000);
	pull_fail(t->data, &e);
}

int pull_parse(struct pull *p, enum parse_kind kind, const char *name, const char *argument,
	       pull_step_fn *then, struct err *e)
{
	int r = parse_start(&p->parse, kind, name, argument, p->doc_fd, -1, p->cgroup.procs, e);

	if (r < 0)
		return r;
	p->parsing = true;
	p->parsed = then;
	r = loop_io_init(&p->parse_io, p->env.loop, p->parse.proc.peer_fd, EPOLLIN, on_parsed, p);
	if (r < 0)
		return err_set(e, r, "watch the parse role");
	loop_timer_init(&p->parse_timer, p->env.loop, on_parse_timeout, p);
	loop_timer_set(&p->parse_timer, PARSE_TIMEOUT_MS);
	return 0;
}

static int check_digest(const struct pull *p, const struct digest *got, struct err *e)
{
	char want_text[DIGEST_TEXT_CAP], got_text[DIGEST_TEXT_CAP];

	if (!p->has_want || digest_eq(&p->want, got))
		return 0;
	return err_text(e, -EBADMSG, "asked for %s, got bytes with digest %s: refused",
			digest_text(want_text, &p->want), digest_text(got_text, got));
}

/* What an index says of a document and what the registry says must agree (CVE-2021-41190). */
static int check_type(struct pull *p, struct err *e)
{
	if (!p->want_type[0])
		return 0;
	if (str_starts(p->content_type, "application/vnd.") &&
	    !str_starts(p->content_type, p->want_type))
		return err_text(e, -EBADMSG, "listed as \"%.60s\", but sent as \"%.60s\"",
				p->want_type, p->content_type);
	str_copy(p->content_type, sizeof(p->content_type), p->want_type);
	return 0;
}

/* Before anybody looks into it: a damaged document is told as such, not as bad JSON. */
int pull_check_document(struct pull *p, struct err *e)
{
	auto_unmap struct sys_map map = {0};
	struct sha256 h;
	struct digest got;
	int r;

	if (!p->has_want)
		return 0;
	r = sys_map_file(p->doc_fd, &map);
	if (r < 0)
		return err_set(e, r, "map a document");
	if (p->want_bytes && p->want_bytes != map.len)
		return err_text(
			e, -EBADMSG,
			"the %s has %zu bytes, what leads to it says %llu: the image is damaged",
			p->state == PULL_FETCH_CONFIG ? "configuration" : "manifest", map.len,
			(unsigned long long)p->want_bytes);
	sha256_init(&h);
	sha256_update(&h, map.p, map.len);
	sha256_final(&h, &got);
	r = check_digest(p, &got, e);
	return r < 0 ? r : check_type(p, e);
}

void pull_doc_arrived(struct pull *p)
{
	bool config = p->state == PULL_FETCH_CONFIG;
	struct err e = {0};
	int r = pull_check_document(p, &e);

	if (r < 0) {
		pull_fail(p, &e);
		return;
	}
	p->state = config ? PULL_PARSE_CONFIG : PULL_PARSE_DOC;
	if (config)
		r = pull_parse(p, PARSE_IMAGE_CONFIG, "configuration", NULL, got_config, &e);
	else if (p->docker)
		r = pull_parse(p, PARSE_IMAGE_ARCHIVE, "manifest", p->pick[0] ? p->pick : NULL,
			       got_doc, &e);
	else
		r = pull_parse(p, PARSE_IMAGE_DOC, "manifest",
			       p->content_type[0] ? p->content_type : NULL, got_doc, &e);
	if (r < 0)
		pull_fail(p, &e);
}

static int ask_for(struct pull *p, enum pull_state state, const struct image_descriptor *want,
		   struct err *e)
{
	char text[DIGEST_TEXT_CAP];

	p->state = state;
	p->want = want->digest;
	p->want_bytes = want->size;
	p->has_want = !p->docker;
	/* blobs come as "application/octet-stream" */
	p->want_type[0] = '\0';
	if (state == PULL_FETCH_DOC)
		str_copy(p->want_type, sizeof(p->want_type), want->media_type);
	return pull_source_doc(p, state == PULL_FETCH_CONFIG ? FETCH_BLOB : FETCH_MANIFEST,
			       digest_text(text, &p->want), e);
}

static int choose(struct pull *p, const struct image_doc *index, struct err *e)
{
	struct image_doc of_name = *index;
	int r;

	if (p->layout_fd >= 0 && p->depth == 1) {
		r = pull_pick(p, &of_name, e);
		if (r < 0)
			return r;
	}
	return image_choose(&of_name, &p->platform, e);
}

static int follow_index(struct pull *p, const struct image_doc *index, struct err *e)
{
	struct image_descriptor chosen;
	char type[128] = "";
	int i;

	if (++p->depth > PULL_MAX_INDEX_DEPTH)
		return err_text(e, -ELOOP, "indexes are nested more than %d deep",
				PULL_MAX_INDEX_DEPTH);
	i = choose(p, index, e);
	if (i < 0)
		return i;
	chosen = index->manifests[i];
	str_copy(type, sizeof(type), chosen.media_type);
	chosen.media_type = type;
	arena_reset(&p->arena);
	return ask_for(p, PULL_FETCH_DOC, &chosen, e);
}

static void manifest_good(struct pull *p)
{
	struct err e = {0};
	int r;

	if (p->docker || !pull_already_stored(p)) {
		r = ask_for(p, PULL_FETCH_CONFIG, &p->manifest.config, &e);
	} else {
		r = pull_publish(p, &e);
		if (r == 0)
			pull_finish(p);
	}
	if (r < 0 && pull_active())
		pull_fail(p, &e);
}

static void got_doc(struct pull *p)
{
	struct image_doc doc = {0};
	struct err e = {0};
	int r;

	p->parsing = false;
	r = parse_finish_doc(&p->parse, &p->arena, &doc, &e);
	if (r == 0)
		r = check_digest(p, &doc.digest, &e);
	if (p->depth == 0)
		p->top = doc.digest;
	if (r == 0 && doc.kind == IMAGE_DOC_INDEX)
		r = follow_index(p, &doc, &e);
	if (r < 0 && pull_active())
		pull_fail(p, &e);
	if (r < 0 || doc.kind == IMAGE_DOC_INDEX)
		return;
	p->manifest = doc;
	p->manifest_fd = take_fd(&p->doc_fd);
	pull_verify(p, manifest_good);
}

static void got_config(struct pull *p)
{
	struct err e = {0};
	int r;

	p->parsing = false;
	r = parse_finish_config(&p->parse, &p->arena, &p->config, &e);
	if (r == 0)
		r = check_digest(p, &p->config.digest, &e);
	if (r == 0)
		r = image_check_config(&p->manifest, &p->config, &p->platform, &e);
	if (r < 0) {
		pull_fail(p, &e);
		return;
	}
	pull_progress(p, "manifest", "done", 0, 0);
	p->config_fd = take_fd(&p->doc_fd);
	p->result.image_id = p->config.digest;
	pull_space_layers(p, pull_next_layer);
}

/* The first one -------------------------------------------------------------------------------------- */

void pull_fetch_first(struct pull *p)
{
	char text[DIGEST_TEXT_CAP];
	const char *what = p->ref.tag;
	struct err e = {0};
	int r;

	if (p->layout_fd >= 0) {
		what = "index.json";
	} else if (p->ref.has_digest) {
		p->want = p->ref.digest;
		p->has_want = true;
		what = digest_text(text, &p->want);
	}
	p->state = PULL_FETCH_DOC;
	pull_progress(p, "manifest", "fetching", 0, 0);
	r = pull_source_doc(p, FETCH_MANIFEST, what, &e);
	if (r < 0 && pull_active())
		pull_fail(p, &e);
}

bool pull_ask_head(struct pull *p)
{
	struct err e = {0};

	if (p->layout_fd >= 0 || p->ref.has_digest ||
	    store_ref_top(p->env.store, &p->ref, &p->manifest.digest, &p->top) < 0 ||
	    !pull_already_stored(p))
		return false;
	p->state = PULL_HEAD;
	pull_progress(p, "manifest", "comparing", 0, 0);
	if (pull_source_head(p, &e) < 0)
		pull_fail(p, &e);
	return true;
}

static void unchanged(struct pull *p)
{
	struct err e = {0};

	if (pull_publish(p, &e) < 0) {
		pull_fail(p, &e);
		return;
	}
	pull_progress(p, "manifest", "unchanged", 0, 0);
	pull_finish(p);
}

void pull_head_arrived(struct pull *p, const char *digest)
{
	char text[DIGEST_TEXT_CAP];

	if (digest && str_eq(digest, digest_text(text, &p->top)))
		pull_verify(p, unchanged);
	else
		pull_fetch_first(p);
}
