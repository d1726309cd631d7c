/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image on its way out. SAVE says what it is made of, BLOB hands out one part as a descriptor:
 * documents and kept layers as files, other layers as a pipe from a pack role. Whoever reads compares
 * digests; the engine never waits for a reader.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/kconfig.h"
#include "base/num.h"
#include "engine/engine.h"
#include "engine/pack.h"
#include "engine/server.h"
#include "sys/fd.h"

/* What an image is made of ------------------------------------------------------------------------ */

static const struct digest *layer_of(const struct store_image *img, size_t i)
{
	return &img->layers[i];
}

/* the layer as the manifest has it: kept, or never compressed */
static bool is_original(const struct store_image *img, size_t i, const struct store_layer_meta *m)
{
	const struct image_descriptor *d = &img->manifest.layers[i];

	if (IS_ENABLED(CONFIG_STORE_BLOBS) && m->has_blob && digest_eq(&m->blob, &d->digest))
		return true;
	return d->compression == IMAGE_TAR && digest_eq(&d->digest, &img->config.diff_ids[i]);
}

static int get_image(const char *name, struct digest *ret_manifest, struct store_image *ret_image,
		     bool *ret_original, struct err *e)
{
	int r = store_find(&engine.store, name, ret_manifest, e);

	if (r == 0)
		r = store_image_get(&engine.store, ret_manifest, &engine.scratch, ret_image, e);
	*ret_original = true;
	for (size_t i = 0; r == 0 && i < ret_image->config.n_diff_ids; i++) {
		struct store_layer_meta m;

		r = store_layer_meta(&engine.store, layer_of(ret_image, i), &m, e);
		if (r == 0 && m.tar_bytes == 0)
			r = err_text(
				e, -ENODATA,
				"%s: it is of an older cleat that did not keep what packing a layer "
				"takes; remove it and pull it again",
				name);
		if (r == 0)
			*ret_original &= is_original(ret_image, i, &m);
	}
	return r;
}

static void send_part(struct client *c, const char *key, const struct digest *d, uint64_t size,
		      const char *type)
{
	char text[DIGEST_TEXT_CAP];

	client_pair(c, key, "%s %llu %s", digest_text(text, d), (unsigned long long)size, type);
}

static int send_manifest(struct client *c, const struct digest *manifest, bool docker,
			 struct err *e)
{
	auto_close int fd = store_image_raw(&engine.store, manifest, "manifest", e);
	struct stat st;
	int r = fd < 0 ? fd : sys_stat(fd, &st);

	if (fd >= 0 && r < 0)
		return err_set(e, r, "the image's manifest");
	if (r == 0)
		send_part(c, "manifest", manifest, (uint64_t)st.st_size,
			  docker ? IMAGE_TYPE_DOCKER_MANIFEST : IMAGE_TYPE_MANIFEST);
	return r;
}

static void send_layer(struct client *c, const struct store_image *img, size_t i, bool original)
{
	const struct image_descriptor *d = &img->manifest.layers[i];
	struct store_layer_meta m = {0};

	store_layer_meta(&engine.store, layer_of(img, i), &m, NULL);
	if (original)
		send_part(c, "layer", &d->digest, d->size, d->media_type);
	else
		send_part(c, "layer", &img->config.diff_ids[i], m.tar_bytes, IMAGE_TYPE_TAR);
}

void verb_save(struct client *c, const struct ctl_request *r, struct msg *m)
{
	auto_scratch size_t mark = scratch_mark();
	char name[REFERENCE_TEXT_CAP];
	struct reference ref;
	struct store_image img;
	struct digest manifest, by_name;
	struct err e = {0};
	bool original;
	int code = get_image(r->name ? r->name : "", &manifest, &img, &original, &e);

	(void)mark;
	(void)m;
	if (code == 0 && reference_parse(r->name, &ref, NULL) == 0 && ref.tag[0] &&
	    store_ref_get(&engine.store, &ref, &by_name, NULL) == 0)
		client_pair(c, "name", "%s", reference_format(name, &ref));
	if (code == 0)
		client_pair(c, "image", "%s", digest_text(name, &manifest));
	if (code == 0 && original)
		code = send_manifest(
			c, &manifest,
			str_starts(img.manifest.config.media_type, "application/vnd.docker"), &e);
	if (code < 0) {
		client_error(c, 1, "%s", e.msg);
		return;
	}
	send_part(c, "config", &img.config.digest, img.manifest.config.size,
		  original ? img.manifest.config.media_type : IMAGE_TYPE_CONFIG);
	for (size_t i = 0; i < img.config.n_diff_ids; i++)
		send_layer(c, &img, i, original);
	client_done(c);
}

static int open_part(const char *name, const char *part, struct err *e)
{
	struct store_layer_meta meta;
	struct store_image img;
	struct digest manifest;
	bool original;
	uint32_t i;
	int r = get_image(name, &manifest, &img, &original, e);

	if (r < 0)
		return r;
	if (num_u32(span_of(part), UINT32_MAX, &i) < 0)
		return store_image_raw(&engine.store, &manifest, part, e);
	if (i >= img.config.n_diff_ids)
		return err_text(e, -EINVAL, "the image has no layer %u", i);
	r = store_layer_meta(&engine.store, layer_of(&img, i), &meta, e);
	if (r < 0)
		return r;
	if (IS_ENABLED(CONFIG_STORE_BLOBS) && original && meta.has_blob)
		return store_layer_part(&engine.store, layer_of(&img, i), STORE_LAYER_BLOB, e);
	return pack_start(layer_of(&img, i), NULL, e);
}

void verb_blob(struct client *c, const struct ctl_request *r, struct msg *m)
{
	auto_scratch size_t mark = scratch_mark();
	struct err e = {0};
	int fd = open_part(r->name ? r->name : "", r->n_args ? r->args[0] : "", &e);

	(void)mark;
	(void)m;
	if (fd < 0) {
		client_error(c, 1, "%s", e.msg);
		return;
	}
	client_send(c, &(struct ctl_reply){.type = CTL_FD, .fds = {fd}, .n_fds = 1});
	sys_close(fd);
	client_done(c);
}
