/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature of an image, before anything of it is unpacked or gets a name. Looked for in this order: the tag
 * sha256-<hex>.sig, the referrers API, the tag sha256-<hex> in its place; of the document that the tag names, then of
 * the platform's manifest. Nothing found, and everything that cannot be understood, ends the pull.
 *
 * Documents on the way are signed by nobody: a parse role of its own reads each, and another one, which has not seen
 * them, checks the signature before it looks at what is signed. This file compares digests.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/kconfig.h"
#include "engine/pull_job.h"
#include "sys/fd.h"

static void next(struct pull *p);

static const struct digest *subject(const struct pull *p)
{
	return p->verify.image ? &p->manifest.digest : &p->top;
}

static void fail(struct pull *p)
{
	const struct pull_verify *v = &p->verify;
	struct err e = {0};

	if (v->n_tried)
		err_text(&e, -EKEYREJECTED,
			 "it is not signed by %s: tried %zu of %zu signatures, of the last: %s",
			 v->keys.keys[v->key].path, v->n_tried, v->n_seen, v->why.msg);
	else
		err_text(&e, -EKEYREJECTED, "it is not signed by %s: there is no signature at %s",
			 v->keys.keys[v->key].path,
			 p->endpoint < p->n_mirrors ? p->mirrors[p->endpoint] : p->ref.host);
	if (!pull_source_again(p, &e))
		pull_fail(p, &e);
}

static void good(struct pull *p)
{
	struct pull_verify *v = &p->verify;
	char text[VERIFY_PATH_CAP + 16];

	str_printf(text, sizeof(text), "good, by %s", v->keys.keys[v->key].path);
	pull_progress(p, "signature", text, 0, 0);
	p->arena.len = v->mark;
	if (++v->key < v->keys.n)
		pull_verify_begin(p);
	else
		v->then(p);
}

/* Documents ---------------------------------------------------------------------------------------- */

static void ask(struct pull *p, enum fetch_kind kind, const char *what)
{
	struct err e = {0};
	int r;

	p->state = PULL_VERIFY;
	p->want_type[0] = '\0';
	r = pull_source_doc(p, kind, what, &e);
	if (r < 0 && pull_active())
		pull_fail(p, &e);
}

static void ask_entry(struct pull *p, enum verify_kind kind, const struct digest *digest,
		      uint64_t size)
{
	char text[DIGEST_TEXT_CAP];

	p->verify.kind = kind;
	p->verify.listing = false;
	p->want = *digest;
	p->has_want = true;
	p->want_bytes = size;
	ask(p, kind == VERIFY_MANIFEST ? FETCH_MANIFEST : FETCH_BLOB, digest_text(text, digest));
}

static void ask_list(struct pull *p)
{
	enum pull_verify_from from = p->verify.from;
	char hex[DIGEST_HEX_LEN + 1], tag[DIGEST_TEXT_CAP + 8];

	p->verify.listing = true;
	p->has_want = false;
	p->want_bytes = 0;
	if (from == FROM_REFERRERS) {
		ask(p, FETCH_REFERRERS, digest_text(tag, subject(p)));
		return;
	}
	str_printf(tag, sizeof(tag), "sha256-%s%s", digest_hex(hex, subject(p)),
		   from == FROM_TAG ? ".sig" : "");
	ask(p, FETCH_MANIFEST, tag);
}

/* Answers of the parse role ----------------------------------------------------------------------- */

/* of one signature: another one may be good */
static void no_good(struct pull *p, const struct err *e)
{
	p->verify.why = *e;
	next(p);
}

static void got_signed(struct pull *p)
{
	char text[DIGEST_TEXT_CAP];
	struct digest digest = {0};
	struct err e = {0};
	size_t mark = p->arena.len;
	int r;

	p->parsing = false;
	r = parse_finish_signed(&p->parse, &p->arena, &digest, &e);
	p->arena.len = mark;
	if (r == 0 && (digest_eq(&digest, &p->top) || digest_eq(&digest, &p->manifest.digest))) {
		good(p);
		return;
	}
	if (r == 0)
		r = err_text(&e, -EKEYREJECTED, "it is of another image, %s",
			     digest_text(text, &digest));
	if (r == -EKEYREJECTED || r == -EBADMSG) {
		no_good(p, &e);
		return;
	}
	err_wrap(&e, "%s", p->verify.keys.keys[p->verify.key].path);
	pull_fail(p, &e);
}

static int check(struct pull *p, const char *form, struct err *e)
{
	struct pull_verify *v = &p->verify;
	char argument[VERIFY_SIGNATURE_CAP + VERIFY_KEY_CAP + 16];

	v->n_tried++;
	str_printf(argument, sizeof(argument), "%s %s\n%s", form, v->signature,
		   v->keys.keys[v->key].pem);
	return pull_parse(p, PARSE_SIGNED, "signature", argument, got_signed, e);
}

static int use_envelope(struct pull *p, const struct verify_envelope *x, struct err *e)
{
	int r;

	str_copy(p->verify.signature, sizeof(p->verify.signature), x->signature);
	sys_close(take_fd(&p->doc_fd));
	p->doc_fd = sys_memfd("signed", MFD_ALLOW_SEALING);
	if (p->doc_fd < 0)
		return err_set(e, p->doc_fd, "make a memfd");
	r = sys_write_all(p->doc_fd, x->payload.p, x->payload.len);
	if (r == 0)
		r = sys_seal(p->doc_fd);
	return r < 0 ? err_set(e, r, "copy what is signed") : check(p, VERIFY_FORM_DSSE, e);
}

static void got_bundle(struct pull *p)
{
	struct verify_envelope x = {0};
	size_t mark = p->arena.len;
	struct err e = {0};
	int r;

	p->parsing = false;
	r = parse_finish_bundle(&p->parse, &p->arena, &x, &e);
	if (r == -EBADMSG || r == -ENOTSUP || r == -EFBIG) {
		p->arena.len = mark;
		p->verify.n_tried++;
		no_good(p, &e);
		return;
	}
	if (r == 0)
		r = use_envelope(p, &x, &e);
	p->arena.len = mark;
	if (r < 0)
		pull_fail(p, &e);
}

/* of an artifact's manifest: the bundle in it */
static void use_manifest(struct pull *p, const struct verify_list *l)
{
	const struct verify_entry *x = l->n ? &l->entries[l->n - 1] : NULL;
	struct err e = {0};

	if (x && x->kind == VERIFY_BUNDLE && x->size <= VERIFY_PAYLOAD_MAX) {
		ask_entry(p, VERIFY_BUNDLE, &x->digest, x->size);
		return;
	}
	p->verify.n_tried++;
	err_text(&e, -EBADMSG, "no bundle of at most %d bytes", VERIFY_PAYLOAD_MAX);
	no_good(p, &e);
}

static void got_list(struct pull *p)
{
	struct pull_verify *v = &p->verify;
	struct verify_list l = {0};
	size_t mark = p->arena.len;
	struct err e = {0};
	int r;

	p->parsing = false;
	r = parse_finish_signatures(&p->parse, &p->arena, &l, &e);
	if (r < 0) {
		pull_fail(p, &e);
		return;
	}
	if (v->listing) {
		v->list = l;
		v->n_seen += l.n_all;
		next(p);
		return;
	}
	use_manifest(p, &l);
	p->arena.len = mark;
}

/* Steps ------------------------------------------------------------------------------------------- */

static bool next_place(struct pull_verify *v, const struct pull *p)
{
	if (++v->from < FROM_END)
		return true;
	v->from = FROM_TAG;
	if (v->image || digest_eq(&p->top, &p->manifest.digest))
		return false;
	return v->image = true;
}

static void next(struct pull *p)
{
	struct pull_verify *v = &p->verify;
	struct verify_entry x;

	while (v->list.n) {
		x = v->list.entries[--v->list.n];
		if (x.size <= VERIFY_PAYLOAD_MAX) {
			str_copy(v->signature, sizeof(v->signature),
				 x.signature ? x.signature : "");
			ask_entry(p, x.kind, &x.digest, x.size);
			return;
		}
		v->n_tried++;
		err_text(&v->why, -EFBIG, "%llu bytes, at most %d are read",
			 (unsigned long long)x.size, VERIFY_PAYLOAD_MAX);
	}
	p->arena.len = v->mark;
	if (next_place(v, p))
		ask_list(p);
	else
		fail(p);
}

void pull_verify_arrived(struct pull *p)
{
	struct pull_verify *v = &p->verify;
	struct err e = {0};
	int r = pull_check_document(p, &e);

	if (r == 0 && (v->listing || v->kind == VERIFY_MANIFEST))
		r = pull_parse(p, PARSE_SIGNATURES, "signatures", NULL, got_list, &e);
	else if (r == 0 && v->kind == VERIFY_BUNDLE)
		r = pull_parse(p, PARSE_BUNDLE, "signature", NULL, got_bundle, &e);
	else if (r == 0)
		r = check(p, VERIFY_FORM_SIMPLE, &e);
	if (r < 0)
		pull_fail(p, &e);
}

void pull_verify_missing(struct pull *p)
{
	/* a server with the API has no need of the tag in its place, but another tool may have written one */
	if (!p->verify.listing) {
		p->verify.n_tried++;
		err_text(&p->verify.why, -ENOENT, "the registry has lost it");
	}
	next(p);
}

void pull_verify_begin(struct pull *p)
{
	struct pull_verify *v = &p->verify;

	v->image = false;
	v->from = FROM_TAG;
	v->n_seen = v->n_tried = 0;
	v->list = (struct verify_list){0};
	v->mark = p->arena.len;
	pull_progress(p, "signature", "looking for it", 0, 0);
	ask_list(p);
}

void pull_verify(struct pull *p, pull_step_fn *then)
{
	struct pull_verify *v = &p->verify;
	struct err e = {0};

	while (v->key < v->keys.n && !p->docker &&
	       store_image_signed(p->env.store, &p->manifest.digest, &v->keys.keys[v->key].digest))
		v->key++;
	v->then = then;
	if (!IS_ENABLED(CONFIG_VERIFY) || v->key == v->keys.n) {
		then(p);
	} else if (p->layout_fd >= 0) {
		err_text(&e, -EKEYREJECTED,
			 "it must be signed by %s, and signatures are read from registries alone",
			 v->keys.keys[v->key].path);
		pull_fail(p, &e);
	} else {
		pull_verify_begin(p);
	}
}
