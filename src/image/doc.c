/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON of a registry to struct image_doc. What a document is, is decided once and must not be open
 * to two readings: its own mediaType, the transport's Content-Type and its contents have to agree
 * (image-spec CVE-2021-41190). "urls" of descriptors are never followed (containerd
 * CVE-2020-15157).
 */
#include <errno.h>
#include <string.h>

#include "doc/json.h"
#include "doc/pool.h"
#include "image/image.h"

#define OCI    "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

static const struct {
	const char *name;
	enum image_doc_kind kind;
} doc_types[] = {
	{OCI "index.v1+json", IMAGE_DOC_INDEX},
	{DOCKER "distribution.manifest.list.v2+json", IMAGE_DOC_INDEX},
	{OCI "manifest.v1+json", IMAGE_DOC_MANIFEST},
	{DOCKER "distribution.manifest.v2+json", IMAGE_DOC_MANIFEST},
};

static const struct {
	const char *name;
	enum image_compression compression;
} layer_types[] = {
	{OCI "layer.v1.tar", IMAGE_TAR},
	{OCI "layer.v1.tar+gzip", IMAGE_TAR_GZIP},
	{OCI "layer.v1.tar+zstd", IMAGE_TAR_ZSTD},
	{DOCKER "image.rootfs.diff.tar", IMAGE_TAR},
	{DOCKER "image.rootfs.diff.tar.gzip", IMAGE_TAR_GZIP},
	{DOCKER "image.rootfs.diff.tar.zstd", IMAGE_TAR_ZSTD},
};

/* parts of media types that are met and not read */
static const struct {
	const char *part, *why;
} no_layers[] = {
	{"nondistributable", "foreign layers are not in the registry"},
	{"foreign", "foreign layers are not in the registry"},
	{"encrypted", "encrypted layers are not read"},
	{"in-toto", "this is a build attestation, no container image"},
	{"cosign", "this is a signature, no container image"},
};

/* Return: kind, -ENOENT if @type is none that we know */
static int kind_of(struct span type)
{
	for (size_t i = 0; i < ARRAY_LEN(doc_types); i++)
		if (span_eq_nocase(type, doc_types[i].name))
			return (int)doc_types[i].kind;
	return -ENOENT;
}

static bool is_schema1(struct span type)
{
	return span_eq(type, DOCKER "distribution.manifest.v1+json") ||
	       span_eq(type, DOCKER "distribution.manifest.v1+prettyjws");
}

/* half a platform is none: of a single entry the configuration tells */
static void parse_platform(const struct json *v, struct image_platform *ret)
{
	struct json os = json_get(v, "os"), arch = json_get(v, "architecture"),
		    variant = json_get(v, "variant");
	struct image_platform p = {json_str_opt(&os), json_str_opt(&arch), json_str_opt(&variant),
				   false};

	if (str_empty(p.os) || str_empty(p.arch))
		return;
	if (str_empty(p.variant))
		p.variant = NULL;
	*ret = p;
}

static void parse_descriptor(const struct json *v, struct image_descriptor *ret)
{
	struct json digest = json_get(v, "digest"), size = json_get(v, "size"),
		    type = json_get(v, "mediaType"), platform = json_get(v, "platform");

	if (!json_has(v))
		json_fail(v, -EBADMSG, "expected a descriptor, found nothing");
	ret->media_type = json_str(&type);
	json_digest(&digest, &ret->digest);
	ret->size = json_u64(&size, INT64_MAX);
	parse_platform(&platform, &ret->platform);
}

static void parse_layer(const struct json *v, struct image_descriptor *ret)
{
	parse_descriptor(v, ret);
	for (size_t i = 0; i < ARRAY_LEN(layer_types); i++) {
		if (!str_eq(ret->media_type, layer_types[i].name))
			continue;
		ret->compression = layer_types[i].compression;
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(no_layers); i++) {
		if (!strstr(ret->media_type, no_layers[i].part))
			continue;
		json_fail(v, -ENOTSUP, "layer type %.100s is not supported: %s", ret->media_type,
			  no_layers[i].why);
		return;
	}
	json_fail(v, -ENOTSUP, "layer type \"%.100s\" is not supported", ret->media_type);
}

static bool is_config(const char *type)
{
	return str_eq(type, OCI "config.v1+json") || str_eq(type, DOCKER "container.image.v1+json");
}

/* @artifact: what the manifest says it is, or NULL */
static void parse_config_descriptor(const struct json *v, const char *artifact,
				    struct image_descriptor *ret)
{
	parse_descriptor(v, ret);
	if (!is_config(ret->media_type))
		json_fail(v, -ENOTSUP, "%s \"%.100s\": this is no container image",
			  artifact ? "artifact of type" : "config type",
			  artifact ? artifact : ret->media_type);
	else if (ret->size > (uint64_t)CONFIG_PARSE_DOCUMENT_KIB * 1024)
		json_fail(
			v, -EFBIG,
			"the image config has %llu bytes, above %d KiB (CONFIG_PARSE_DOCUMENT_KIB)",
			(unsigned long long)ret->size, CONFIG_PARSE_DOCUMENT_KIB);
}

bool image_is_index(const struct image_descriptor *d)
{
	return d->media_type && kind_of(span_of(d->media_type)) == IMAGE_DOC_INDEX;
}

/* What an index lists beside images: build attestations, signatures, what needs an unknown kernel. */
static bool is_no_image(const struct json *v, const struct image_descriptor *d)
{
	struct json annotations = json_get(v, "annotations"),
		    artifact = json_get(v, "artifactType"),
		    reference = json_get(&annotations, "vnd.docker.reference.type"),
		    platform = json_get(v, "platform"),
		    features = json_get(&platform, "os.features");
	const char *type = json_str_opt(&artifact);

	/* a referrers list says of images, too, what their configuration is */
	if (json_has(&reference) || (type && !is_config(type)))
		return true;
	if (d->platform.os && str_eq(d->platform.os, "unknown") &&
	    str_eq(d->platform.arch, "unknown"))
		return true;
	return json_array(&features, IMAGE_MAX_STRINGS) > 0 || kind_of(span_of(d->media_type)) < 0;
}

static struct image_descriptor *descriptors(const struct json *list, size_t n)
{
	struct image_descriptor *d = arena_array(list->doc->arena, n + 1, sizeof(*d));

	if (!d)
		json_fail(list, -EFBIG, "%zu entries do not fit CONFIG_PARSE_MODEL_KIB", n);
	return d;
}

/* as containerd and docker write it, or as the image spec has it */
static char *archive_name(const struct json *v)
{
	struct json annotations = json_get(v, "annotations"),
		    full = json_get(&annotations, "io.containerd.image.name"),
		    ref = json_get(&annotations, "org.opencontainers.image.ref.name");

	return json_has(&full) ? json_str_opt(&full) : json_str_opt(&ref);
}

static void parse_index(const struct json *root, struct image_doc *doc)
{
	struct json list = json_get(root, "manifests"), v;
	size_t n = json_array(&list, IMAGE_MAX_MANIFESTS);
	struct json_iter it = {0};

	doc->manifests = descriptors(&list, n);
	while (doc->manifests && json_next(&list, &it, &v)) {
		struct image_descriptor *d = &doc->manifests[doc->n_manifests++];

		parse_descriptor(&v, d);
		d->attestation = is_no_image(&v, d);
		d->name = archive_name(&v);
	}
}

static void parse_manifest(const struct json *root, struct image_doc *doc)
{
	struct json list = json_get(root, "layers"), config = json_get(root, "config"),
		    artifact = json_get(root, "artifactType"), v;
	size_t n = json_array(&list, IMAGE_MAX_LAYERS);
	struct json_iter it = {0};

	parse_config_descriptor(&config, json_str_opt(&artifact), &doc->config);
	doc->layers = descriptors(&list, n);
	while (doc->layers && json_next(&list, &it, &v))
		parse_layer(&v, &doc->layers[doc->n_layers++]);
}

/* Return: the kind; errors are in the document */
static enum image_doc_kind decide_kind(const struct json *root, struct span content_type)
{
	struct json manifests = json_get(root, "manifests"), layers = json_get(root, "layers"),
		    config = json_get(root, "config"), type = json_get(root, "mediaType");
	bool index = json_has(&manifests), manifest = json_has(&layers) || json_has(&config);
	const char *media_type = json_str_opt(&type);
	enum image_doc_kind kind = index ? IMAGE_DOC_INDEX : IMAGE_DOC_MANIFEST;
	int said = media_type ? kind_of(span_of(media_type)) : -ENOENT,
	    sent = kind_of(content_type);

	if (index && manifest)
		json_fail(root, -EBADMSG,
			  "both \"manifests\" and \"layers\": neither index nor manifest");
	else if (media_type && said < 0)
		json_fail(&type, -ENOTSUP, "\"%.100s\" is no image index or manifest", media_type);
	else if (!index && !manifest)
		json_fail(root, -EBADMSG,
			  "neither \"manifests\" nor \"layers\": no image document");
	else if (said >= 0 && said != (int)kind)
		json_fail(&type, -EBADMSG, "\"%.100s\" contradicts the contents", media_type);
	else if (sent >= 0 && media_type && !span_eq_nocase(content_type, media_type))
		json_fail(&type, -EBADMSG, "\"%.80s\", but it was sent as \"%.*s\"", media_type,
			  (int)content_type.len, content_type.p);
	else if (sent >= 0 && sent != (int)kind)
		json_fail(root, -EBADMSG, "sent as \"%.*s\", which contradicts the contents",
			  (int)content_type.len, content_type.p);
	return kind;
}

static void check_schema(const struct json *root, struct span content_type)
{
	struct json version = json_get(root, "schemaVersion");
	uint64_t v = json_u64(&version, UINT32_MAX);

	if (json_done(root->doc))
		return;
	if (v == 1 || is_schema1(content_type))
		json_fail(root, -ENOTSUP,
			  "image manifest of schema 1 is not supported: push the image again with "
			  "a current tool");
	else if (v != 2)
		json_fail(&version, -EBADMSG, "expected 2, found %llu", (unsigned long long)v);
}

int image_parse_doc(struct span json, const char *content_type, struct arena *a,
		    struct image_doc *ret_doc, struct err *e)
{
	struct span type, rest;
	struct image_doc doc = {0};
	struct json_doc tree;
	struct json root;
	bool found;
	int r;

	type = span_trim(span_cut(span_of(content_type ? content_type : ""), ';', &rest, &found));
	if (type.len > 100)
		type.len = 100;
	r = json_parse(&tree, "image document", json, doc_pool, sizeof(doc_pool),
		       "CONFIG_PARSE_TREE_KIB", a, e);
	if (r < 0)
		return r;
	root = json_root(&tree);
	check_schema(&root, type);
	if (json_done(&tree) == 0)
		doc.kind = decide_kind(&root, type);
	if (json_done(&tree) == 0 && doc.kind == IMAGE_DOC_INDEX)
		parse_index(&root, &doc);
	else if (json_done(&tree) == 0)
		parse_manifest(&root, &doc);
	if (json_done(&tree) == 0)
		*ret_doc = doc;
	return json_done(&tree);
}
