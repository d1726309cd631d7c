/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Images and layers to fill a store with, for the tests of store/ on the fake file system. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fake/fake_sys.h"
#include "store/store.h"
#include "sys/fd.h"

#define ROOT_PATH "/var/lib/cleat"
static const struct store_keep keep_nothing;

#define N_LAYERS 2 /* of each image; the first one is shared by all */

struct world_image {
	struct store_image model;
	struct image_descriptor layers[N_LAYERS];
	struct digest diff_ids[N_LAYERS];
	char manifest[64], config[64];
};

static inline struct digest world_digest(const char *text)
{
	struct sha256 h;
	struct digest d;

	sha256_init(&h);
	sha256_update(&h, text, strlen(text));
	sha256_final(&h, &d);
	return d;
}

/* image number @n: documents, model, digests */
static inline void world_image(struct world_image *w, int n)
{
	static char media_type[] = "application/vnd.oci.image.layer.v1.tar+gzip";
	static char os[] = "linux", arch[] = "amd64";
	char text[32];

	memset(w, 0, sizeof(*w));
	snprintf(w->manifest, sizeof(w->manifest), "{\"manifest\": %d}", n);
	snprintf(w->config, sizeof(w->config), "{\"config\": %d}", n);
	for (int i = 0; i < N_LAYERS; i++) {
		snprintf(text, sizeof(text), "layer %d", i ? n : 0);
		w->diff_ids[i] = world_digest(text);
		w->layers[i] = (struct image_descriptor){.digest = w->diff_ids[i],
							 .size = 10,
							 .media_type = media_type,
							 .compression = IMAGE_TAR_GZIP};
	}
	w->model.manifest = (struct image_doc){.kind = IMAGE_DOC_MANIFEST,
					       .digest = world_digest(w->manifest),
					       .layers = w->layers,
					       .n_layers = N_LAYERS};
	w->model.config = (struct image_config){.digest = world_digest(w->config),
						.platform = {os, arch, NULL},
						.diff_ids = w->diff_ids,
						.n_diff_ids = N_LAYERS};
	w->model.manifest.config.digest = w->model.config.digest;
	w->model.manifest.config.media_type = media_type;
}

/* as a pull does it: a tree with one file, then commit; nothing is left on failure */
static inline int world_add_layer(struct store *s, const struct world_image *w, int i,
				  struct err *e)
{
	char staged[32];
	int fd, file, r;

	fd = store_layer_begin(s, staged, e);
	if (fd < 0)
		return fd;
	file = sys_open(fd, "file", O_WRONLY | O_CREAT | O_EXCL, 0644);
	r = file < 0 ? file : sys_write_all(file, "content", 7);
	sys_close(file);
	sys_close(fd);
	if (r < 0) {
		store_layer_abort(s, staged);
		return err_set(e, r, "unpack");
	}
	r = store_layer_seal(s, staged,
			     &(struct store_layer_meta){.unpacked_bytes = 7, .tar_bytes = 2048}, e);
	if (r == 0)
		r = sys_syncfs(s->root_fd);
	if (r < 0) {
		store_layer_abort(s, staged);
		return err_set(e, r, "sync");
	}
	return store_layer_commit(s, staged, &w->diff_ids[i], e);
}

static inline int world_add_image(struct store *s, const struct world_image *w, struct err *e)
{
	int r = 0;

	for (int i = 0; i < N_LAYERS && r == 0; i++) {
		if (!store_layer_exists(s, &w->diff_ids[i]))
			r = world_add_layer(s, w, i, e);
	}
	return r < 0 ? r
		     : store_image_put(s, span_of(w->manifest), span_of(w->config), &w->model, e);
}

static inline struct reference world_ref(const char *text)
{
	struct reference ref;

	if (reference_parse(text, &ref, NULL) < 0)
		fail_msg("bad reference %s", text);
	return ref;
}

static inline void world_report(enum layout_dir d, const char *name, const char *what, void *data)
{
	(void)d, (void)name;
	print_message("fsck: %s\n", what);
	(void)data;
}

/* number of findings */
static inline int world_fsck(struct store *s)
{
	struct err e = {0};
	int r = store_fsck(s, world_report, NULL, &e);

	if (r < 0)
		fail_msg("fsck: %s", e.msg);
	return r;
}
