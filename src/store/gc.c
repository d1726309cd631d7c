/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Garbage collection: images that nobody names, then layers and generations that nobody needs.
 * Objects leave by rename (stage.h), so a power cut leaves each either whole or gone. Where the
 * store cannot tell what is needed (a damaged image, a full table) nothing of that kind is removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "file/durable.h"
#include "store/generation.h"
#include "store/image.h"
#include "store/layer.h"
#include "store/stage.h"
#include "sys/fd.h"
#include "sys/proc.h"

struct gc {
	struct store *s;
	struct err *e;
	const struct store_keep *keep;
	uint64_t freed_bytes;
	bool removed; /* the directory changed while it was read: read it again */
	uint64_t current, previous;
	int64_t now_s;
};

static struct digest used_layers[CONFIG_STORE_MAX_LAYERS];
static size_t n_used_layers;

static bool listed(const struct digest *list, size_t n, const struct digest *d)
{
	for (size_t i = 0; i < n; i++) {
		if (digest_eq(&list[i], d))
			return true;
	}
	return false;
}

static int same_image(const struct reference *ref, const struct digest *manifest, int64_t set_s,
		      void *data)
{
	(void)ref;
	(void)set_s;
	return digest_eq(manifest, data) ? 1 : 0;
}

static int sweep_image(const char *name, void *data)
{
	struct gc *gc = data;
	struct digest d;
	int r;

	if (layout_digest(name, &d) < 0 || listed(gc->keep->images, gc->keep->n_images, &d))
		return 0;
	r = store_ref_each(gc->s, same_image, &d, gc->e);
	if (r != 0)
		return r > 0 ? 0 : r;
	r = stage_discard(gc->s, LAYOUT_IMAGES, name, gc->e);
	gc->removed |= r == 0;
	return r;
}

static int mark_layers(const char *name, void *data)
{
	struct gc *gc = data;
	const struct image_head *head;
	struct digest d;
	int r;

	if (layout_digest(name, &d) < 0)
		return 0;
	r = image_head_read(gc->s, &d, &head, gc->e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < head->n_layers; i++) {
		if (listed(used_layers, n_used_layers, &head->layers[i]))
			continue;
		if (n_used_layers == CONFIG_STORE_MAX_LAYERS)
			return err_text(
				gc->e, -ENOSPC,
				"the images have more than %d layers (CONFIG_STORE_MAX_LAYERS)",
				CONFIG_STORE_MAX_LAYERS);
		used_layers[n_used_layers++] = head->layers[i];
	}
	return 0;
}

/* One that comes from a time that has not come is old: the clock was wrong. */
static bool is_young(const struct gc *gc, const struct digest *layer)
{
	char path[LAYOUT_PATH_CAP];
	struct stat st;

	return gc->keep->layer_age_s &&
	       sys_statat(gc->s->root_fd, layout_object(path, LAYOUT_LAYERS, layer, NULL), &st,
			  AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_mtim.tv_sec > gc->now_s - gc->keep->layer_age_s &&
	       st.st_mtim.tv_sec <= gc->now_s + 86400;
}

static int sweep_layer(const char *name, void *data)
{
	struct gc *gc = data;
	uint64_t bytes = 0;
	struct digest d;
	int r;

	if (layout_digest(name, &d) < 0 || listed(used_layers, n_used_layers, &d) ||
	    listed(gc->keep->layers, gc->keep->n_layers, &d) || is_young(gc, &d))
		return 0;
	(void)store_layer_bytes(gc->s, &d, &bytes, NULL);
	r = stage_discard(gc->s, LAYOUT_LAYERS, name, gc->e);
	if (r == 0) {
		gc->freed_bytes += bytes;
		gc->removed = true;
	}
	return r;
}

/* newer than current: put but not activated yet */
static int sweep_generation(const char *name, void *data)
{
	struct gc *gc = data;
	uint64_t n;
	int r;

	if (layout_number_parse(name, &n) < 0 || n >= gc->current || n == gc->previous)
		return 0;
	r = stage_discard(gc->s, LAYOUT_GENERATIONS, name, gc->e);
	gc->removed |= r == 0;
	return r;
}

/* readdir may skip names when entries vanish: go round until a pass removes nothing */
static int sweep(struct gc *gc, enum layout_dir d, store_each_fn *fn)
{
	int r;

	do {
		gc->removed = false;
		r = store_each(gc->s, d, fn, gc, gc->e);
	} while (r == 0 && gc->removed);
	return r;
}

static int sweep_generations(struct gc *gc)
{
	struct err why = {0};
	int r = store_generation_current(gc->s, &gc->current, &why);

	if (r == 0) {
		r = generation_previous(gc->s, &gc->previous, &why);
		if (r == -ENOENT) {
			gc->previous = gc->current;
			r = 0;
		}
		if (r == 0)
			return sweep(gc, LAYOUT_GENERATIONS, sweep_generation);
	}
	if (r == -ENOENT) /* none yet, so nothing is old */
		return 0;
	if (gc->e)
		*gc->e = why;
	return r;
}

struct shares {
	struct gc gc;
	struct store_shares sum;
};

static int add_layer(const char *name, void *data)
{
	struct shares *x = data;
	uint64_t bytes = 0;
	struct digest d;

	if (layout_digest(name, &d) < 0)
		return 0;
	(void)store_layer_bytes(x->gc.s, &d, &bytes, NULL);
	x->sum.layers++;
	x->sum.bytes += bytes;
	if (!listed(used_layers, n_used_layers, &d))
		x->sum.unused_bytes += bytes;
	return 0;
}

int store_image_shares(struct store *s, const struct digest *used, size_t n_used,
		       struct store_shares *ret_shares, struct err *e)
{
	struct shares x = {.gc = {.s = s, .e = e}};
	char hex[DIGEST_HEX_LEN + 1];
	int r = 0;

	n_used_layers = 0;
	for (size_t i = 0; r == 0 && i < n_used; i++)
		r = mark_layers(digest_hex(hex, &used[i]), &x.gc);
	if (r == 0)
		r = store_each(s, LAYOUT_LAYERS, add_layer, &x, e);
	if (r == 0)
		*ret_shares = x.sum;
	return r;
}

int store_gc(struct store *s, const struct store_keep *keep, uint64_t *ret_freed_bytes,
	     struct err *e)
{
	struct gc gc = {.s = s, .e = e, .keep = keep};
	uint32_t ns;
	int r;

	sys_realtime(&gc.now_s, &ns);
	r = sweep(&gc, LAYOUT_IMAGES, sweep_image);
	if (r < 0)
		return r;
	n_used_layers = 0;
	r = store_each(s, LAYOUT_IMAGES, mark_layers, &gc, e);
	if (r == 0)
		r = sweep(&gc, LAYOUT_LAYERS, sweep_layer);
	if (r < 0)
		return r;
	r = sweep_generations(&gc);
	if (r == 0)
		r = store_partial_sweep(s, keep->partial_age_s, &gc.freed_bytes, e);
	if (r == 0)
		*ret_freed_bytes = gc.freed_bytes;
	return r;
}
