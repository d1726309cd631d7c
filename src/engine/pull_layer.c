/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer: the source's bytes run into unpack, which hashes and writes them below staging. Only
 * when both have answered, and both digests are the ones that manifest and configuration name, does
 * the layer get its name in the store. Of two failures the cause is told, not the consequence: a
 * broken download is why unpack sees a short archive, and a full disk is why a download has nobody
 * to write to.
 */
#include <errno.h>

#include "base/kconfig.h"
#include "engine/pull_job.h"
#include "sys/fd.h"

static const struct image_descriptor *layer_descriptor(const struct pull *p)
{
	return &p->manifest.layers[p->layer.index];
}

const char *pull_layer_name(const struct pull *p, char dst[static 16])
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex,
		   p->docker ? &p->config.diff_ids[p->layer.index] : &layer_descriptor(p)->digest);
	str_copy_n(dst, 16, hex, 12);
	return dst;
}

void pull_layer_drop(struct pull *p)
{
	pull_role_end(&p->unpack);
	pull_lower_drop(p);
	if (p->layer.staged[0])
		store_layer_abort(p->env.store, p->layer.staged);
	p->layer.staged[0] = '\0';
}

/*
 * The layer is not what it should be. If its beginning was kept from an earlier pull that may be why, if it
 * came from a mirror that too: then it is fetched anew.
 */
static void damaged(struct pull *p, const struct err *e)
{
	bool again = p->layer.resumed && e->code != -ENOSPC;
	struct err next = {0};

	store_partial_remove(p->env.store, &layer_descriptor(p)->digest);
	if (!again && pull_source_again(p, e))
		return;
	if (!again) {
		pull_fail(p, e);
		return;
	}
	pull_layer_drop(p);
	if (pull_layer_begin(p, &next) < 0)
		pull_fail(p, &next);
}

static int wrong_digest(const struct pull *p, const char *which, const struct digest *want,
			const struct digest *got, struct err *e)
{
	char want_text[DIGEST_TEXT_CAP], got_text[DIGEST_TEXT_CAP];

	return err_text(
		e, -EBADMSG,
		"layer %zu of %zu: %s digest is %s, expected %s: the bytes were changed on the "
		"way or at the source",
		p->layer.index + 1, p->manifest.n_layers, which, digest_text(got_text, got),
		digest_text(want_text, want));
}

static int check(const struct pull *p, struct err *e)
{
	const struct image_descriptor *d = layer_descriptor(p);
	const struct digest *diff_id = &p->config.diff_ids[p->layer.index];

	if (!p->docker && !digest_eq(&p->layer.blob, &d->digest))
		return wrong_digest(p, "the blob's", &d->digest, &p->layer.blob, e);
	if (!digest_eq(&p->layer.diff_id, diff_id))
		return wrong_digest(p, "the unpacked", diff_id, &p->layer.diff_id, e);
	return 0;
}

static void commit(struct pull *p)
{
	struct err e = {0};
	char name[16];
	const struct store_layer_meta meta = {.unpacked_bytes = p->layer.unpacked_bytes,
					      .tar_bytes = p->layer.tar_bytes,
					      .has_blob = IS_ENABLED(CONFIG_STORE_BLOBS),
					      .blob = p->layer.blob};
	int r = check(p, &e);

	pull_note_peak(p);
	pull_role_end(&p->unpack);
	if (r == 0) {
		if (!p->layer.depends) /* layer_stored() has left the other name there */
			p->layers[p->layer.index] = p->config.diff_ids[p->layer.index];
		r = store_layer_commit(p->env.store, p->layer.staged, &p->layers[p->layer.index],
				       &meta, &e);
		p->layer.staged[0] = '\0'; /* published or dropped by commit */
	}
	if (r == -EBADMSG) {
		damaged(p, &e);
		return;
	}
	if (r < 0) {
		pull_fail(p, &e);
		return;
	}
	store_partial_remove(p->env.store, &layer_descriptor(p)->digest);
	p->result.layers_fetched++;
	p->result.fetched_bytes += p->layer.blob_bytes - p->layer.kept_bytes;
	p->result.kept_bytes += p->layer.kept_bytes;
	p->result.unpacked_bytes += p->layer.unpacked_bytes;
	pull_progress(p, pull_layer_name(p, name), "done", p->layer.blob_bytes,
		      p->layer.blob_bytes);
	pull_layer_done(p);
}

/* Both sides have answered, or one answer is enough to know. */
static void settle(struct pull *p)
{
	struct pull_layer *l = &p->layer;

	if (l->fetch_error.code && l->fetch_error.code != -EPIPE) {
		if (!pull_source_again(p, &l->fetch_error))
			pull_fail(p, &l->fetch_error);
	} else if (l->unpack_error.code && (l->fetched || l->fetch_error.code))
		damaged(p, &l->unpack_error);
	else if (l->fetched && l->unpacked)
		commit(p);
}

void pull_layer_fetched(struct pull *p, uint64_t bytes, uint64_t kept_bytes, const struct err *e)
{
	if (e)
		p->layer.fetch_error = *e;
	else
		p->layer.fetched = true;
	p->layer.blob_bytes = bytes;
	p->layer.kept_bytes = kept_bytes;
	settle(p);
}

static void unpack_failed(struct pull *p, const struct err *e)
{
	err_text(&p->layer.unpack_error, e->code, "layer %zu of %zu: %s", p->layer.index + 1,
		 p->manifest.n_layers, e->msg);
	settle(p);
}

static void got_opaque(struct pull *p, struct dec *d)
{
	char *path = dec_str_req(d);
	struct err e = {0};

	if (dec_done(d) < 0)
		pull_broken(&p->unpack, &e);
	else
		store_layer_opaque(p->env.store, p->layer.staged, path, &e);
	if (e.code)
		pull_fail(p, &e);
}

static void got_done(struct pull *p, struct dec *d)
{
	struct err e = {0};

	dec_digest(d, &p->layer.blob);
	dec_digest(d, &p->layer.diff_id);
	p->layer.blob_bytes = dec_u64(d);
	p->layer.unpacked_bytes = dec_u64(d);
	dec_u64(d); /* entries */
	p->layer.tar_bytes = dec_u64(d);
	if (dec_done(d) < 0) {
		pull_broken(&p->unpack, &e);
		unpack_failed(p, &e);
		return;
	}
	p->layer.unpacked = true;
	settle(p);
}

static void on_answer(struct pull *p, uint32_t type, struct dec *d, struct err *e)
{
	if (type == UNPACK_OPAQUE)
		got_opaque(p, d);
	else if (type == UNPACK_LOWER)
		pull_lower_asked(p, d);
	else if (type == UNPACK_DONE)
		got_done(p, d);
	else if (!p->layer.unpacked && !p->layer.unpack_error.code)
		unpack_failed(p, e);
}

static int start_unpack(struct pull *p, int in_fd, int staging_fd, struct err *e)
{
	auto_close int split_fd =
		store_layer_file(p->env.store, p->layer.staged, STORE_LAYER_SPLIT, e);
	auto_close int blob_fd = -1;
	int fds[PULL_UNPACK_FDS] = {in_fd, staging_fd, split_fd, -1};

	if (split_fd < 0)
		return split_fd;
	if (IS_ENABLED(CONFIG_STORE_BLOBS)) {
		fds[3] = blob_fd =
			store_layer_file(p->env.store, p->layer.staged, STORE_LAYER_BLOB, e);
		if (blob_fd < 0)
			return blob_fd;
	}
	return pull_unpack_start(
		p, fds, p->docker ? UNPACK_DETECT : (uint32_t)layer_descriptor(p)->compression,
		CONFIG_MAX_LAYER_MIB * 1024ULL * 1024, on_answer, e);
}

int pull_layer_begin(struct pull *p, struct err *e)
{
	size_t index = p->layer.index;
	auto_close int staging_fd = -1;
	auto_close int in_fd = -1;
	char name[16];
	int r;

	p->layer = (struct pull_layer){.index = index};
	staging_fd = store_layer_begin(p->env.store, p->layer.staged, e);
	if (staging_fd < 0) {
		p->layer.staged[0] = '\0';
		return staging_fd;
	}
	pull_progress(p, pull_layer_name(p, name), "fetching", 0, layer_descriptor(p)->size);
	r = pull_source_layer(p, layer_descriptor(p), &in_fd, e);
	if (r < 0)
		return r;
	return start_unpack(p, in_fd, staging_fd, e);
}
