/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images: images/<manifest digest>/{manifest,config} are the raw documents, `model` is what parse
 * made of them, so that nobody has to parse them again. A model is a magic number, the sha256 of all
 * that follows, a head of digests (struct image_head), and the two models of image/image.h in base/codec
 * form.
 *
 * Not done here: reading JSON. The store believes the models because they were made from bytes with
 * these digests when the image was put; fsck checks that the bytes are still those.
 */
#include "store/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "file/durable.h"
#include "store/layer.h"
#include "store/stage.h"
#include "sys/fd.h"

#define MODEL_NAME  "model"
#define MODEL_MAGIC 0x324c444du /* "MDL2" */

static uint8_t model_mem[CONFIG_STORE_MODEL_KIB * 1024];
static struct image_head head; /* of the last model read */

/* behind the magic number and the digest of all that follows */
#define MODEL_BODY (4 + DIGEST_LEN)

static void hash_model(size_t len, struct digest *ret_digest)
{
	struct sha256 h;

	sha256_init(&h);
	sha256_update(&h, model_mem + MODEL_BODY, len - MODEL_BODY);
	sha256_final(&h, ret_digest);
}

static const struct digest *layers_of(const struct store_image *img)
{
	return img->layers ? img->layers : img->config.diff_ids;
}

static int encode_model(const struct store_image *img, struct span *ret_model, struct err *e)
{
	struct digest d = {0};
	struct enc enc, front;

	enc_init(&enc, model_mem, sizeof(model_mem));
	enc_u32(&enc, MODEL_MAGIC);
	enc_digest(&enc, &d);
	enc_digest(&enc, &img->manifest.digest);
	enc_digest(&enc, &img->config.digest);
	enc_u32(&enc, (uint32_t)img->config.n_diff_ids);
	for (size_t i = 0; i < img->config.n_diff_ids; i++)
		enc_digest(&enc, &layers_of(img)[i]);
	image_doc_encode(&enc, &img->manifest);
	image_config_encode(&enc, &img->config);
	if (!enc_ok(&enc))
		return err_text(
			e, -EFBIG,
			"the image's model is larger than %zu bytes (CONFIG_STORE_MODEL_KIB)",
			sizeof(model_mem));
	hash_model(enc.len, &d);
	enc_init(&front, model_mem, MODEL_BODY);
	enc_u32(&front, MODEL_MAGIC);
	enc_digest(&front, &d);
	*ret_model = (struct span){(const char *)model_mem, enc.len};
	return 0;
}

static void decode_head(struct dec *d)
{
	struct image_head *h = &head;

	dec_digest(d, &h->manifest);
	dec_digest(d, &h->config);
	h->n_layers = dec_count(d, IMAGE_MAX_LAYERS);
	for (size_t i = 0; i < h->n_layers; i++)
		dec_digest(d, &h->layers[i]);
}

static int open_file(const struct store *s, const struct digest *manifest, const char *which,
		     struct err *e)
{
	char path[LAYOUT_PATH_CAP], text[DIGEST_TEXT_CAP];
	int fd;

	layout_object(path, LAYOUT_IMAGES, manifest, which);
	fd = sys_open(s->root_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	return fd < 0 ? err_set(e, fd, "image %s: open its %s", digest_text(text, manifest), which)
		      : fd;
}

static int damaged(const struct digest *manifest, struct err *e)
{
	char text[DIGEST_TEXT_CAP];

	return err_text(e, -EBADMSG, "image %s: its model is damaged; pull the image again",
			digest_text(text, manifest));
}

/* reads into model_mem, checks it and sets @d to its body */
static int read_model(const struct store *s, const struct digest *manifest, struct arena *a,
		      struct dec *d, struct err *e)
{
	auto_close int fd = open_file(s, manifest, MODEL_NAME, e);
	struct digest want, is;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = sys_read_full(fd, model_mem, sizeof(model_mem));
	if (n < 0)
		return err_set(e, (int)n, "store: read an image's model");
	if (n < MODEL_BODY)
		return damaged(manifest, e);
	dec_init(d, model_mem, (size_t)n, a);
	if (dec_u32(d) != MODEL_MAGIC)
		return damaged(manifest, e);
	dec_digest(d, &want);
	hash_model((size_t)n, &is);
	return digest_eq(&want, &is) ? 0 : damaged(manifest, e);
}

int image_head_read(const struct store *s, const struct digest *manifest,
		    const struct image_head **ret_head, struct err *e)
{
	struct dec d;
	int r = read_model(s, manifest, NULL, &d, e);

	if (r < 0)
		return r;
	decode_head(&d);
	if (d.bad || !digest_eq(&head.manifest, manifest))
		return damaged(manifest, e);
	*ret_head = &head;
	return 0;
}

int store_image_get(const struct store *s, const struct digest *manifest, struct arena *a,
		    struct store_image *ret_image, struct err *e)
{
	struct store_image img = {0};
	struct digest *layers;
	struct dec d;
	int r = store_is_bad(s, manifest) ? err_text(e, -EAGAIN, "the image is being repaired")
					  : read_model(s, manifest, a, &d, e);

	if (r < 0)
		return r;
	decode_head(&d);
	image_doc_decode(&d, &img.manifest);
	image_config_decode(&d, &img.config);
	if (dec_done(&d) < 0 || !digest_eq(&img.manifest.digest, manifest) ||
	    !digest_eq(&img.config.digest, &head.config) ||
	    img.config.n_diff_ids != head.n_layers || img.manifest.n_layers != head.n_layers)
		return damaged(manifest, e);
	layers = arena_array(a, head.n_layers + 1, sizeof(*layers));
	if (!layers)
		return err_text(e, -EFBIG, "the image's model does not fit the caller's memory");
	memcpy(layers, head.layers, head.n_layers * sizeof(*layers));
	img.layers = layers;
	*ret_image = img;
	return 0;
}

int store_image_raw(const struct store *s, const struct digest *manifest, const char *which,
		    struct err *e)
{
	if (!str_eq(which, "manifest") && !str_eq(which, "config"))
		return err_text(e, -EINVAL, "an image has no document \"%s\"", which);
	return open_file(s, manifest, which, e);
}

int image_file_digest(const struct store *s, const struct digest *manifest, const char *which,
		      struct digest *ret_digest, struct err *e)
{
	auto_close int fd = open_file(s, manifest, which, e);
	size_t left = (size_t)CONFIG_STORE_DOCUMENT_KIB * 1024;
	char buf[2048];
	struct sha256 h;
	ssize_t n;

	if (fd < 0)
		return fd;
	sha256_init(&h);
	while ((n = sys_read(fd, buf, sizeof(buf))) > 0) {
		if ((size_t)n > left)
			return err_text(e, -EFBIG,
					"an image's %s is larger than %d KiB "
					"(CONFIG_STORE_DOCUMENT_KIB)",
					which, CONFIG_STORE_DOCUMENT_KIB);
		left -= (size_t)n;
		sha256_update(&h, buf, (size_t)n);
	}
	if (n < 0)
		return err_set(e, (int)n, "store: read an image's %s", which);
	sha256_final(&h, ret_digest);
	return 0;
}

static int check_document(struct span json, const struct digest *want, const char *which,
			  struct err *e)
{
	struct sha256 h;
	struct digest d;

	sha256_init(&h);
	sha256_update(&h, json.p, json.len);
	sha256_final(&h, &d);
	return digest_eq(&d, want)
		       ? 0
		       : err_text(e, -EBADMSG, "the %s does not have its digest", which);
}

static int check_image(const struct store *s, struct span manifest_json, struct span config_json,
		       const struct store_image *img, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	int r;

	if (img->manifest.kind != IMAGE_DOC_MANIFEST ||
	    img->manifest.n_layers != img->config.n_diff_ids ||
	    img->config.n_diff_ids > IMAGE_MAX_LAYERS)
		return err_text(e, -EINVAL,
				"the image's manifest and configuration do not fit together");
	r = check_document(manifest_json, &img->manifest.digest, "manifest", e);
	if (r == 0)
		r = check_document(config_json, &img->config.digest, "config", e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < img->config.n_diff_ids; i++) {
		if (!store_layer_exists(s, &layers_of(img)[i]))
			return err_text(e, -ENOENT, "layer %s of the image is not in the store",
					digest_text(text, &img->config.diff_ids[i]));
	}
	return 0;
}

/* is the image here, whole and with this very content? */
static bool present(const struct store *s, const struct digest *manifest,
		    const struct digest *config)
{
	const struct image_head *h;
	struct digest d;

	return image_head_read(s, manifest, &h, NULL) == 0 && digest_eq(&h->config, config) &&
	       image_file_digest(s, manifest, "manifest", &d, NULL) == 0 &&
	       digest_eq(&d, manifest) && image_file_digest(s, manifest, "config", &d, NULL) == 0 &&
	       digest_eq(&d, config);
}

static int write_staged(int dir_fd, struct span manifest_json, struct span config_json,
			const struct store_image *img, struct err *e)
{
	struct span model;
	int r;

	r = stage_file(dir_fd, "manifest", manifest_json, e);
	if (r == 0)
		r = stage_file(dir_fd, "config", config_json, e);
	if (r == 0)
		r = encode_model(img, &model, e);
	if (r == 0)
		r = stage_file(dir_fd, MODEL_NAME, model, e);
	if (r < 0)
		return r;
	r = sys_fsync(dir_fd);
	return r < 0 ? err_set(e, r, "store: sync a staged image") : 0;
}

int store_image_put(struct store *s, struct span manifest_json, struct span config_json,
		    const struct store_image *img, struct err *e)
{
	char staged[STAGE_NAME_CAP], hex[DIGEST_HEX_LEN + 1];
	auto_close int fd = -1;
	int r;

	r = check_image(s, manifest_json, config_json, img, e);
	if (r < 0)
		return r;
	if (present(s, &img->manifest.digest, &img->config.digest)) {
		store_not_bad(s, &img->manifest.digest);
		return 0;
	}
	digest_hex(hex, &img->manifest.digest);
	fd = stage_begin(s, staged, e);
	if (fd < 0)
		return fd;
	r = write_staged(fd, manifest_json, config_json, img, e);
	if (r < 0)
		goto undo;
	/* one that is there but not whole gives way only now that its successor is ready */
	r = stage_discard(s, LAYOUT_IMAGES, hex, NULL);
	if (r < 0 && r != -ENOENT) {
		err_set(e, r, "store: remove the damaged image");
		goto undo;
	}
	r = stage_commit(s, staged, LAYOUT_IMAGES, hex, e);
	if (r < 0)
		goto undo;
	store_not_bad(s, &img->manifest.digest);
	return 0;
undo:
	stage_abort(s, staged);
	return r;
}

bool store_image_exists(const struct store *s, const struct digest *manifest)
{
	char path[LAYOUT_PATH_CAP];

	return store_is_dir(s, layout_object(path, LAYOUT_IMAGES, manifest, NULL));
}

struct each {
	store_image_fn *fn;
	void *data;
};

static int each_image(const char *name, void *data)
{
	const struct each *x = data;
	struct digest d;

	return layout_digest(name, &d) < 0 ? 0 : x->fn(&d, x->data); /* fsck tells of others */
}

int store_image_each(const struct store *s, store_image_fn *fn, void *data, struct err *e)
{
	struct each x = {.fn = fn, .data = data};

	return store_each(s, LAYOUT_IMAGES, each_image, &x, e);
}

uint64_t store_image_bytes(const struct store *s, const struct store_image *img)
{
	uint64_t sum = 0, bytes;

	for (size_t i = 0; i < img->config.n_diff_ids; i++) {
		if (store_layer_bytes(s, &layers_of(img)[i], &bytes, NULL) == 0)
			sum += bytes;
	}
	return sum;
}
