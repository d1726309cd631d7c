/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image.h"

static void platform_encode(struct enc *e, const struct image_platform *p)
{
	enc_str(e, p->os);
	enc_str(e, p->arch);
	enc_str(e, p->variant);
}

/* os and arch come together or not at all */
static void platform_decode(struct dec *d, struct image_platform *p)
{
	p->os = dec_str(d);
	p->arch = dec_str(d);
	p->variant = dec_str(d);
	if (!p->os != !p->arch)
		d->bad = true;
}

static void descriptor_encode(struct enc *e, const struct image_descriptor *x)
{
	enc_digest(e, &x->digest);
	enc_u64(e, x->size);
	enc_str(e, x->media_type ? x->media_type : "");
	enc_u8(e, (uint8_t)x->compression);
	platform_encode(e, &x->platform);
	enc_bool(e, x->attestation);
}

static void descriptor_decode(struct dec *d, struct image_descriptor *x)
{
	uint8_t compression;

	dec_digest(d, &x->digest);
	x->size = dec_u64(d);
	x->media_type = dec_str_req(d);
	compression = dec_u8(d);
	if (compression > IMAGE_TAR_ZSTD || x->size > INT64_MAX)
		d->bad = true;
	x->compression = (enum image_compression)(d->bad ? 0 : compression);
	platform_decode(d, &x->platform);
	x->attestation = dec_bool(d);
}

static void list_encode(struct enc *e, const struct image_descriptor *list, size_t n)
{
	enc_u32(e, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		descriptor_encode(e, &list[i]);
}

static struct image_descriptor *list_decode(struct dec *d, size_t max, size_t *ret_n)
{
	size_t n = dec_count(d, max);
	struct image_descriptor *list = dec_array(d, n + 1, sizeof(*list));

	for (size_t i = 0; i < n && !d->bad; i++)
		descriptor_decode(d, &list[i]);
	*ret_n = d->bad ? 0 : n;
	return list;
}

void image_doc_encode(struct enc *e, const struct image_doc *doc)
{
	enc_u8(e, (uint8_t)doc->kind);
	enc_digest(e, &doc->digest);
	list_encode(e, doc->manifests, doc->n_manifests);
	for (size_t i = 0; i < doc->n_manifests; i++)
		enc_str(e, doc->manifests[i].name);
	descriptor_encode(e, &doc->config);
	list_encode(e, doc->layers, doc->n_layers);
}

void image_doc_decode(struct dec *d, struct image_doc *ret_doc)
{
	struct image_doc doc = {0};
	uint8_t kind = dec_u8(d);

	if (kind > IMAGE_DOC_MANIFEST)
		d->bad = true;
	doc.kind = kind == IMAGE_DOC_INDEX ? IMAGE_DOC_INDEX : IMAGE_DOC_MANIFEST;
	dec_digest(d, &doc.digest);
	doc.manifests = list_decode(d, IMAGE_MAX_MANIFESTS, &doc.n_manifests);
	for (size_t i = 0; i < doc.n_manifests; i++)
		doc.manifests[i].name = dec_str(d);
	descriptor_decode(d, &doc.config);
	doc.layers = list_decode(d, IMAGE_MAX_LAYERS, &doc.n_layers);
	*ret_doc = d->bad ? (struct image_doc){0} : doc;
}

/* NULL and an empty list are told apart: "no Entrypoint" is not "Entrypoint []" */
static void strs_encode(struct enc *e, char *const *list, size_t n)
{
	enc_bool(e, list != NULL);
	if (list)
		enc_strs(e, (const char *const *)list, n);
}

static char **strs_decode(struct dec *d, size_t *ret_n)
{
	*ret_n = 0;
	return dec_bool(d) ? dec_strs(d, IMAGE_MAX_STRINGS, ret_n) : NULL;
}

void image_config_encode(struct enc *e, const struct image_config *c)
{
	enc_digest(e, &c->digest);
	platform_encode(e, &c->platform);
	enc_str(e, c->created);
	enc_u32(e, (uint32_t)c->n_diff_ids);
	for (size_t i = 0; i < c->n_diff_ids; i++)
		enc_digest(e, &c->diff_ids[i]);
	enc_str(e, c->user);
	enc_str(e, c->working_dir);
	enc_str(e, c->stop_signal);
	strs_encode(e, c->entrypoint, c->n_entrypoint);
	strs_encode(e, c->cmd, c->n_cmd);
	strs_encode(e, c->env, c->n_env);
	strs_encode(e, c->volumes, c->n_volumes);
	strs_encode(e, c->exposed_ports, c->n_exposed_ports);
	strs_encode(e, c->labels, c->n_labels);
}

void image_config_decode(struct dec *d, struct image_config *ret_config)
{
	struct image_config c = {0};
	size_t n;

	dec_digest(d, &c.digest);
	platform_decode(d, &c.platform);
	if (!c.platform.os)
		d->bad = true;
	c.created = dec_str(d);
	n = dec_count(d, IMAGE_MAX_LAYERS);
	c.diff_ids = dec_array(d, n + 1, sizeof(*c.diff_ids));
	for (size_t i = 0; i < n && !d->bad; i++)
		dec_digest(d, &c.diff_ids[i]);
	c.n_diff_ids = n;
	c.user = dec_str(d);
	c.working_dir = dec_str(d);
	c.stop_signal = dec_str(d);
	c.entrypoint = strs_decode(d, &c.n_entrypoint);
	c.cmd = strs_decode(d, &c.n_cmd);
	c.env = strs_decode(d, &c.n_env);
	c.volumes = strs_decode(d, &c.n_volumes);
	c.exposed_ports = strs_decode(d, &c.n_exposed_ports);
	c.labels = strs_decode(d, &c.n_labels);
	*ret_config = d->bad ? (struct image_config){0} : c;
}
