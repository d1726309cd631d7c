/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image that is made of documents and layers: what of it the store has, which layer is next, and,
 * when all are there, the image and its name.
 */
#include "engine/pull_job.h"
#include "sys/mem.h"

int pull_publish(struct pull *p, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < p->verify.keys.n && r == 0; i++)
		r = store_image_set_signed(p->env.store, &p->manifest.digest,
					   &p->verify.keys.keys[i].digest, e);
	if (r == 0)
		r = store_ref_set_top(p->env.store, &p->ref, &p->manifest.digest,
				      p->layout_fd < 0 ? &p->top : NULL, e);

	if (r < 0)
		return r;
	p->result.manifest = p->manifest.digest;
	p->result.layers = (unsigned int)p->manifest.n_layers;
	return 0;
}

void pull_finish(struct pull *p)
{
	struct pull_callbacks cb = p->cb;
	struct pull_result result;

	pull_note_peak(p);
	result = p->result;
	pull_clean_up(p);
	cb.done(cb.data, &result, NULL);
}

bool pull_already_stored(struct pull *p)
{
	size_t mark = p->arena.len;
	struct store_image img;
	bool stored;

	stored = store_image_get(p->env.store, &p->manifest.digest, &p->arena, &img, NULL) == 0;
	for (size_t i = 0; stored && i < img.config.n_diff_ids; i++)
		stored = store_layer_exists(p->env.store, &img.layers[i]);
	stored = stored && image_platform_fits(&img.config.platform, &p->platform);
	if (stored) {
		p->result.image_id = img.config.digest;
		p->manifest.n_layers = img.manifest.n_layers;
	}
	p->arena.len = mark;
	return stored;
}

static int store_image(struct pull *p, struct err *e)
{
	struct store_image img = {
		.manifest = p->manifest, .config = p->config, .layers = p->layers};
	auto_unmap struct sys_map manifest = {0}, config = {0};
	int r = sys_map_file(p->manifest_fd, &manifest);

	if (r == 0)
		r = sys_map_file(p->config_fd, &config);
	if (r < 0)
		return err_set(e, r, "map the image's documents");
	if (p->docker) {
		struct buf made;

		p->manifest.config.size = config.len;
		r = pull_make_manifest(p, &made, e);
		if (r < 0)
			return r;
		img.manifest = p->manifest;
		return store_image_put(p->env.store, (struct span){made.p, made.len},
				       (struct span){config.p, config.len}, &img, e);
	}
	return store_image_put(p->env.store, (struct span){manifest.p, manifest.len},
			       (struct span){config.p, config.len}, &img, e);
}

/* as long as the layer below has no name yet, only the one that does not depend on it is known */
bool pull_layer_stored(struct pull *p)
{
	size_t i = p->layer->index;

	p->layers[i] = p->config.diff_ids[i];
	if (store_layer_exists(p->env.store, &p->layers[i]))
		return true;
	if (p->tail)
		return false;
	store_layer_name(p->layers, i, &p->config.diff_ids[i], &p->layers[i]);
	return store_layer_exists(p->env.store, &p->layers[i]);
}

void pull_next_layer(struct pull *p)
{
	struct store_layer_meta meta;
	struct err e = {0};
	char name[16];
	int r = 0;

	while (p->layer->index < p->manifest.n_layers && pull_layer_stored(p)) {
		/* a power cut may have come between the layer and the end of its partial file */
		store_partial_remove(p->env.store, &p->manifest.layers[p->layer->index].digest);
		if (store_layer_meta(p->env.store, &p->layers[p->layer->index], &meta, NULL) == 0)
			p->image_bytes += meta.tar_bytes;
		pull_progress(p, pull_layer_name(p->layer, name), "already there", 0, 0);
		p->layer->index++;
	}
	p->state = PULL_LAYER;
	if (p->layer->index < p->manifest.n_layers) {
		r = pull_layer_begin(p, &e);
	} else if (!p->tail) {
		r = store_image(p, &e);
		if (r == 0)
			r = pull_publish(p, &e);
		if (r == 0)
			pull_finish(p);
	}
	if (r < 0 && pull_active())
		pull_fail(p, &e);
}
