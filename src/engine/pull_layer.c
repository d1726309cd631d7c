/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers, two at a time at most: the source's bytes run into inflate, which hashes them and passes the archive on to
 * unpack, which writes it below staging. Once both digests are the ones that manifest and configuration
 * name, the layer is p->tail: its last files are written and synced while the next one's bytes come.
 * Names are given in the layers' order. Of several failures the cause is told, not the consequence:
 * a broken download is why inflate sees a short layer and unpack a short archive, and a full disk is why
 * the others have nobody to write to.
 */
#include <errno.h>

#include "base/kconfig.h"
#include "engine/pull_job.h"
#include "sys/fd.h"

static void settle(struct pull_layer *l);

static const struct image_descriptor *descriptor(const struct pull_layer *l)
{
	return &l->pull->manifest.layers[l->index];
}

const char *pull_layer_name(const struct pull_layer *l, char dst[static 16])
{
	const struct pull *p = l->pull;
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, p->docker ? &p->config.diff_ids[l->index] : &descriptor(l)->digest);
	str_copy_n(dst, 16, hex, 12);
	return dst;
}

void pull_layer_drop(struct pull_layer *l)
{
	struct pull *p = l->pull;
	size_t index = l->index;

	pull_role_end(&l->inflate);
	pull_role_end(&l->unpack);
	pull_lower_drop(l);
	if (l->staged[0])
		store_layer_abort(p->env.store, l->staged);
	*l = (struct pull_layer){.pull = p, .index = index};
}

/*
 * The layer is not what it should be. If its beginning was kept from an earlier pull that may be why, if it
 * came from a mirror that too: then it is fetched anew.
 */
static void damaged(struct pull_layer *l, const struct err *e)
{
	bool again = l->resumed && e->code != -ENOSPC;
	struct pull *p = l->pull;
	struct err next = {0};

	store_partial_remove(p->env.store, &descriptor(l)->digest);
	if (!again && pull_source_again(p, e))
		return;
	if (!again) {
		pull_fail(p, e);
		return;
	}
	if (pull_layer_begin(p, &next) < 0)
		pull_fail(p, &next);
}

static int wrong_digest(const struct pull_layer *l, const char *which, const struct digest *want,
			const struct digest *got, struct err *e)
{
	char want_text[DIGEST_TEXT_CAP], got_text[DIGEST_TEXT_CAP];

	return err_text(
		e, -EBADMSG,
		"layer %zu of %zu: %s digest is %s, expected %s: the bytes were changed on the "
		"way or at the source",
		l->index + 1, l->pull->manifest.n_layers, which, digest_text(got_text, got),
		digest_text(want_text, want));
}

static int check(const struct pull_layer *l, struct err *e)
{
	const struct image_descriptor *d = descriptor(l);
	const struct digest *diff_id = &l->pull->config.diff_ids[l->index];

	if (!l->pull->docker && !digest_eq(&l->blob, &d->digest))
		return wrong_digest(l, "the blob's", &d->digest, &l->blob, e);
	if (!digest_eq(&l->diff_id, diff_id))
		return wrong_digest(l, "the unpacked", diff_id, &l->diff_id, e);
	return 0;
}

/* Written, synced, named -------------------------------------------------------------------------- */

static int name_layer(struct pull_layer *l, struct err *e)
{
	struct pull *p = l->pull;
	struct digest *name = &p->layers[l->index];
	int r;

	*name = p->config.diff_ids[l->index];
	if (l->depends)
		store_layer_name(p->layers, l->index, &p->config.diff_ids[l->index], name);
	r = store_layer_commit(p->env.store, l->staged, name, e);
	l->staged[0] = '\0'; /* published or dropped by commit */
	return r;
}

static void account(struct pull_layer *l)
{
	struct pull *p = l->pull;
	char name[16];

	store_partial_remove(p->env.store, &descriptor(l)->digest);
	p->result.layers_fetched++;
	p->result.fetched_bytes += l->blob_bytes - l->kept_bytes;
	p->result.kept_bytes += l->kept_bytes;
	p->result.unpacked_bytes += l->unpacked_bytes;
	pull_progress(p, pull_layer_name(l, name), "done", l->blob_bytes, l->blob_bytes);
}

static void got_synced(struct pull_layer *l, struct dec *d)
{
	struct pull *p = l->pull;
	struct err e = {0};
	int r = !l->sealed || dec_done(d) < 0 ? pull_broken(&l->unpack, &e) : name_layer(l, &e);

	if (r < 0) {
		pull_fail(p, &e);
		return;
	}
	account(l);
	pull_layer_drop(l);
	p->tail = NULL;
	l = p->layer;
	if (l->index == p->manifest.n_layers) {
		pull_next_layer(p);
		return;
	}
	pull_lower_begin(l); /* it may have had to wait for the layer's name */
	settle(l);
}

static int sync_layer(struct pull_layer *l, struct err *e)
{
	const struct store_layer_meta meta = {.unpacked_bytes = l->unpacked_bytes,
					      .tar_bytes = l->tar_bytes,
					      .has_blob = IS_ENABLED(CONFIG_STORE_BLOBS),
					      .blob = l->blob};
	int r = store_layer_seal(l->pull->env.store, l->staged, &meta, e);

	if (r < 0)
		return r;
	l->sealed = true;
	r = msg_send_simple(l->unpack.proc.peer_fd, UNPACK_SYNC);
	return r < 0 ? err_set(e, r, "let the unpack role sync") : 0;
}

/* the bytes of @l have come and are the right ones: what remains to be done goes on beside the next one */
static void go_on(struct pull_layer *l)
{
	struct pull *p = l->pull;
	bool is_new = !p->tail;
	struct err e = {0};

	if (is_new)
		p->tail = l;
	if (l == p->tail && l->unpacked && !l->sealed && sync_layer(l, &e) < 0) {
		pull_fail(p, &e);
		return;
	}
	if (!is_new)
		return;
	p->layer = l == p->layer_mem ? p->layer_mem + 1 : p->layer_mem;
	*p->layer = (struct pull_layer){.pull = p, .index = l->index + 1};
	p->image_bytes += l->tar_bytes;
	pull_next_layer(p);
}

/* Its bytes ----------------------------------------------------------------------------------------- */

/* Enough have answered to know. */
static void settle(struct pull_layer *l)
{
	struct pull *p = l->pull;
	struct err *fetch = &l->fetch_error, *inflate = &l->inflate_error, e = {0};

	if (fetch->code && fetch->code != -EPIPE) {
		if (!pull_source_again(p, fetch))
			pull_fail(p, fetch);
		return;
	}
	if (inflate->code && inflate->code != -EPIPE) {
		if (l->fetched || fetch->code)
			damaged(l, inflate);
		return;
	}
	if (l->fetched && l->inflated && !l->right) {
		if (check(l, &e) < 0) {
			/* what unpack says of it is plainer */
			if (l->unpacked || l->unpack_error.code)
				damaged(l, l->unpacked ? &e : &l->unpack_error);
			return;
		}
		l->right = true;
	}
	if (l->unpack_error.code && l->right)
		pull_fail(p, &l->unpack_error);
	else if (l->unpack_error.code && inflate->code && (l->fetched || fetch->code))
		damaged(l, &l->unpack_error);
	else if (l->right && !l->unpack_error.code)
		go_on(l);
}

void pull_layer_fetched(struct pull *p, uint64_t bytes, uint64_t kept_bytes, const struct err *e)
{
	struct pull_layer *l = p->layer;

	if (l->fetched || !l->staged[0])
		return; /* the role has ended, and nothing was asked of it */
	if (e)
		l->fetch_error = *e;
	else
		l->fetched = true;
	l->blob_bytes = bytes;
	l->kept_bytes = kept_bytes;
	settle(l);
}

static void failed(struct pull_layer *l, struct err *which, const struct err *e)
{
	if (which->code)
		return;
	err_text(which, e->code, "layer %zu of %zu: %s", l->index + 1, l->pull->manifest.n_layers,
		 e->msg);
	settle(l);
}

static void on_inflated(void *data, uint32_t type, struct dec *d, struct err *e)
{
	struct pull_layer *l = data;

	pull_note_peak(l->pull);
	if (type) {
		dec_digest(d, &l->blob);
		dec_digest(d, &l->diff_id);
		l->blob_bytes = dec_u64(d);
		l->tar_bytes = dec_u64(d);
	}
	if (type && !l->inflated && dec_done(d) == 0) {
		l->inflated = true;
		settle(l);
	} else if (!l->inflated) {
		if (type)
			pull_broken(&l->inflate, e);
		failed(l, &l->inflate_error, e);
	}
}

static void got_opaque(struct pull_layer *l, struct dec *d)
{
	char *path = dec_str_req(d);
	struct err e = {0};

	if (dec_done(d) < 0)
		pull_broken(&l->unpack, &e);
	else
		store_layer_opaque(l->pull->env.store, l->staged, path, &e);
	if (e.code)
		pull_fail(l->pull, &e);
}

static void got_done(struct pull_layer *l, struct dec *d, struct err *e)
{
	l->unpacked_bytes = dec_u64(d);
	dec_u64(d); /* entries */
	if (dec_done(d) < 0 || l->unpacked) {
		pull_broken(&l->unpack, e);
		failed(l, &l->unpack_error, e);
		return;
	}
	l->unpacked = true;
	settle(l);
}

static void on_unpacked(void *data, uint32_t type, struct dec *d, struct err *e)
{
	struct pull_layer *l = data;

	if (type == UNPACK_OPAQUE)
		got_opaque(l, d);
	else if (type == UNPACK_LOWER)
		pull_lower_asked(l, d);
	else if (type == UNPACK_DONE)
		got_done(l, d, e);
	else if (type == UNPACK_SYNCED)
		got_synced(l, d);
	else
		failed(l, &l->unpack_error, e);
}

static int start_unpack(struct pull_layer *l, int in_fd, int staging_fd, uint64_t max_bytes,
			struct err *e)
{
	struct store *store = l->pull->env.store;
	auto_close int split_fd = store_layer_file(store, l->staged, STORE_LAYER_SPLIT, e);
	auto_close int blob_fd = -1;

	if (split_fd < 0)
		return split_fd;
	if (IS_ENABLED(CONFIG_STORE_BLOBS)) {
		blob_fd = store_layer_file(store, l->staged, STORE_LAYER_BLOB, e);
		if (blob_fd < 0)
			return blob_fd;
	}
	return pull_unpack_start(l, in_fd, staging_fd, split_fd, blob_fd,
				 l->pull->docker ? UNPACK_DETECT
						 : (uint32_t)descriptor(l)->compression,
				 max_bytes, on_inflated, on_unpacked, e);
}

int pull_layer_begin(struct pull *p, struct err *e)
{
	const uint64_t most = CONFIG_MAX_IMAGE_MIB * 1024ULL * 1024;
	struct pull_layer *l = p->layer;
	auto_close int staging_fd = -1;
	auto_close int in_fd = -1;
	char name[16];
	int r;

	pull_layer_drop(l);
	if (p->image_bytes >= most)
		return err_text(
			e, -EFBIG,
			"layer %zu of %zu: those before it unpack to the %d MiB that an image "
			"may have (CONFIG_MAX_IMAGE_MIB)",
			l->index + 1, p->manifest.n_layers, CONFIG_MAX_IMAGE_MIB);
	staging_fd = store_layer_begin(p->env.store, l->staged, e);
	if (staging_fd < 0) {
		l->staged[0] = '\0';
		return staging_fd;
	}
	pull_progress(p, pull_layer_name(l, name), "fetching", 0, descriptor(l)->size);
	r = pull_source_layer(p, descriptor(l), &in_fd, e);
	if (r < 0)
		return r;
	return start_unpack(l, in_fd, staging_fd, most - p->image_bytes, e);
}
