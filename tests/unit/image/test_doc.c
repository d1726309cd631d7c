/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "image/image.h"

#define D1		 "\"sha256:1111111111111111111111111111111111111111111111111111111111111111\""
#define D2		 "\"sha256:2222222222222222222222222222222222222222222222222222222222222222\""
#define D3		 "\"sha256:3333333333333333333333333333333333333333333333333333333333333333\""
#define OCI		 "application/vnd.oci.image."
#define CONFIG		 "\"config\":{\"mediaType\":\"" OCI "config.v1+json\",\"digest\":" D1 ",\"size\":100}"
#define LAYER(type)	 "{\"mediaType\":\"" type "\",\"digest\":" D2 ",\"size\":5}"
#define MANIFEST(layers) "{\"schemaVersion\":2," CONFIG ",\"layers\":[" layers "]}"

static _Alignas(16) char memory[64 * 1024];
static struct image_doc doc;
static struct arena arena;
static struct err err;

static int parse(const char *text, const char *content_type)
{
	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	doc = (struct image_doc){0};
	return image_parse_doc(span_of(text), content_type, &arena, &doc, &err);
}

static void manifest(void **state)
{
	char text[DIGEST_TEXT_CAP];

	(void)state;
	assert_int_equal(
		parse(MANIFEST(LAYER(OCI "layer.v1.tar+gzip") "," LAYER(
			      OCI
			      "layer.v1.tar") "," LAYER(OCI
							"layer.v1.tar+zstd") "," LAYER("application"
										       "/vnd."
										       "docker."
										       "image."
										       "rootfs."
										       "diff.tar."
										       "gzip")),
		      OCI "manifest.v1+json; charset=utf-8"),
		0);
	assert_int_equal(doc.kind, IMAGE_DOC_MANIFEST);
	assert_int_equal(doc.n_layers, 4);
	assert_int_equal(doc.layers[0].compression, IMAGE_TAR_GZIP);
	assert_int_equal(doc.layers[1].compression, IMAGE_TAR);
	assert_int_equal(doc.layers[2].compression, IMAGE_TAR_ZSTD);
	assert_int_equal(doc.layers[3].compression, IMAGE_TAR_GZIP);
	assert_int_equal(doc.config.size, 100);
	assert_string_equal(
		digest_text(text, &doc.layers[0].digest),
		"sha256:2222222222222222222222222222222222222222222222222222222222222222");
}

static void index_marks_what_is_no_image(void **state)
{
	(void)state;
	assert_int_equal(
		parse("{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\",\"manifests\":["
		      "{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":" D1 ",\"size\":1,"
		      "\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\"}}"
		      ","
		      "{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":" D2 ",\"size\":1,"
		      "\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}},"
		      "{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":" D3 ",\"size\":1,"
		      "\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}},"
		      "{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":" D3 ",\"size\":1,"
		      "\"artifactType\":\"application/vnd.dev.cosign\"},"
		      "{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":" D3 ",\"size\":1,"
		      "\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"os.features\":[\"erofs\"]}},"
		      "{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":" D3
		      ",\"size\":1,\"platform\":{},"
		      "\"artifactType\":\"" OCI "config.v1+json\"},"
		      "{\"mediaType\":\"" OCI "index.v1+json\",\"digest\":" D3 ",\"size\":1}]}",
		      OCI "index.v1+json"),
		0);
	assert_int_equal(doc.kind, IMAGE_DOC_INDEX);
	assert_int_equal(doc.n_manifests, 7);
	assert_false(doc.manifests[0].attestation);
	assert_string_equal(doc.manifests[0].platform.variant, "v7");
	for (size_t i = 1; i < 5; i++)
		assert_true(doc.manifests[i].attestation);
	for (size_t i = 5; i < 7; i++) {
		assert_false(doc.manifests[i].attestation);
		assert_null(doc.manifests[i].platform.os);
		assert_int_equal(image_is_index(&doc.manifests[i]), i == 6);
	}
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *content_type, *msg;
		int code;
	} cases[] = {
		/* CVE-2021-41190 */
		{"{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"manifests\":[]}", NULL,
		 "image document: both \"manifests\" and \"layers\"", -EBADMSG},
		{"{\"schemaVersion\":2," CONFIG ",\"manifests\":[]}", NULL,
		 "image document: both \"manifests\" and \"layers\"", -EBADMSG},
		{"{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\"," CONFIG
		 ",\"layers\":[]}",
		 NULL, "image document: mediaType: ", -EBADMSG},
		{MANIFEST(""), OCI "index.v1+json", "image document: sent as ", -EBADMSG},
		{"{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\"," CONFIG
		 ",\"layers\":[]}",
		 "application/vnd.docker.distribution.manifest.v2+json",
		 "image document: mediaType: ", -EBADMSG},
		{"{\"schemaVersion\":2}", NULL, "image document: neither", -EBADMSG},
		{"{\"schemaVersion\":1,\"fsLayers\":[]}", NULL,
		 "image document: image manifest of schema 1", -ENOTSUP},
		{"{\"schemaVersion\":3,\"manifests\":[]}", NULL,
		 "image document: schemaVersion: ", -EBADMSG},
		{"{\"schemaVersion\":2,\"mediaType\":\"text/x\",\"manifests\":[]}", NULL,
		 "image document: mediaType: \"text/x\"", -ENOTSUP},
		{MANIFEST(LAYER(OCI "layer.nondistributable.v1.tar+gzip")), NULL,
		 "image document: layers[0]: layer type application/vnd.oci", -ENOTSUP},
		{MANIFEST(LAYER("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")), NULL,
		 "image document: layers[0]: layer type application/vnd.docker", -ENOTSUP},
		{MANIFEST(LAYER(OCI "layer.v1.tar+gzip+encrypted")), NULL,
		 "image document: layers[0]: layer type ", -ENOTSUP},
		{MANIFEST("{\"mediaType\":\"" OCI
			  "layer.v1.tar\",\"digest\":\"sha256:../../x\",\"size\":5}"),
		 NULL, "image document: layers[0].digest: ", -EBADMSG},
		{MANIFEST("{\"mediaType\":\"" OCI "layer.v1.tar\",\"digest\":" D1 ",\"size\":-5}"),
		 NULL, "image document: layers[0].size: ", -EBADMSG},
		{MANIFEST("{\"mediaType\":\"" OCI "layer.v1.tar\",\"digest\":" D1 "}"), NULL,
		 "image document: layers[0].size: expected a number, found nothing", -EBADMSG},
		{MANIFEST("null"), NULL, "image document: layers[0]: expected a descriptor",
		 -EBADMSG},
		{"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
		 "vnd.oci.empty.v1+json\","
		 "\"digest\":" D1 ",\"size\":2},\"layers\":[]}",
		 NULL, "image document: config: config type", -ENOTSUP},
		{"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" OCI
		 "config.v1+json\",\"digest\":" D1 ",\"size\":999999999},\"layers\":[]}",
		 NULL, "image document: config: the image config has 999999999 bytes", -EFBIG},
		{"{\"schemaVersion\":2,\"artifactType\":\"application/vnd.x\",\"config\":{\"mediaType\":"
		 "\"application/vnd.oci.empty.v1+json\",\"digest\":" D1
		 ",\"size\":2},\"layers\":[]}",
		 NULL, "image document: config: artifact of type \"application/vnd.x\": this is no",
		 -ENOTSUP},
		{"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.artifact.manifest.v1+json\"}",
		 NULL, "image document: mediaType: \"application/vnd.oci.artifact", -ENOTSUP},
		{MANIFEST(LAYER("application/vnd.in-toto+json")), NULL,
		 "image document: layers[0]: layer type application/vnd.in-toto+json is not supported: this "
		 "is a build attestation",
		 -ENOTSUP},
		{MANIFEST(LAYER("application/vnd.dev.cosign.simplesigning.v1+json")), NULL,
		 "image document: layers[0]: layer type application/vnd.dev.cosign", -ENOTSUP},
		{"{\"schemaVersion\":1,\"name\":\"x\",\"fsLayers\":[],\"signatures\":[]}",
		 "application/vnd.docker.distribution.manifest.v1+prettyjws",
		 "image document: image manifest of schema 1", -ENOTSUP},
		{"{\"schemaVersion\":2,\"fsLayers\":[]}",
		 "application/vnd.docker.distribution.manifest.v1+json",
		 "image document: image manifest of schema 1", -ENOTSUP},
		/* moby CVE-2014-9358, CVE-2014-6408, containers/image CVE-2024-3727 */
		{MANIFEST("{\"mediaType\":\"" OCI "layer.v1.tar\",\"digest\":\"md5:"
			  "11111111111111111111111111111111\",\"size\":5}"),
		 NULL, "image document: layers[0].digest: ", -EBADMSG},
		{MANIFEST("{\"mediaType\":\"" OCI
			  "layer.v1.tar\",\"digest\":\"sha256:AA11111111111111"
			  "11111111111111111111111111111111111111111111111111\",\"size\":5}"),
		 NULL, "image document: layers[0].digest: ", -EBADMSG},
		{MANIFEST("{\"mediaType\":\"" OCI
			  "layer.v1.tar\",\"digest\":\"sha256:1111\",\"size\":5}"),
		 NULL, "image document: layers[0].digest: ", -EBADMSG},
		{MANIFEST("{\"mediaType\":\"" OCI
			  "layer.v1.tar\",\"digest\":\"sha512:../../../etc\",\"size\":5}"),
		 NULL, "image document: layers[0].digest: digest algorithm of \"sha512:",
		 -EPROTONOSUPPORT},
		{"[]", NULL, "image document: ", -EBADMSG},
		{"", NULL, "image document:1:1: ", -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (parse(cases[i].text, cases[i].content_type) != cases[i].code ||
		    !str_starts(err.msg, cases[i].msg))
			fail_msg("%s -> %d %s", cases[i].text, err.code, err.msg);
}

static void too_many_layers(void **state)
{
	static char text[40000];
	size_t n = (size_t)sprintf(text, "{\"schemaVersion\":2," CONFIG ",\"layers\":[");

	(void)state;
	for (int i = 0; i <= IMAGE_MAX_LAYERS; i++)
		n += (size_t)sprintf(text + n, "%s" LAYER(OCI "layer.v1.tar"), i ? "," : "");
	strcpy(text + n, "]}");
	assert_int_equal(parse(text, NULL), -EFBIG);
	assert_string_equal(err.msg, "image document: layers: 129 entries, at most 128 are read");
}

static void models_survive_the_codec(void **state)
{
	static uint8_t one[8192], two[8192];
	static char copy_memory[16 * 1024];
	struct image_doc copy;
	struct arena copies;
	struct enc e;
	struct dec d;

	(void)state;
	assert_int_equal(parse(MANIFEST(LAYER(OCI "layer.v1.tar+zstd")), NULL), 0);
	enc_init(&e, one, sizeof(one));
	image_doc_encode(&e, &doc);
	assert_true(enc_ok(&e));
	arena_init(&copies, copy_memory, sizeof(copy_memory));
	dec_init(&d, one, e.len, &copies);
	image_doc_decode(&d, &copy);
	assert_int_equal(dec_done(&d), 0);
	assert_int_equal(copy.layers[0].compression, IMAGE_TAR_ZSTD);
	enc_init(&e, two, sizeof(two));
	image_doc_encode(&e, &copy);
	assert_memory_equal(one, two, e.len);
	for (size_t cut = 0; cut < e.len; cut++) {
		arena_init(&copies, copy_memory, sizeof(copy_memory));
		dec_init(&d, one, cut, &copies);
		image_doc_decode(&d, &copy);
		assert_int_equal(dec_done(&d), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manifest),
		cmocka_unit_test(index_marks_what_is_no_image),
		cmocka_unit_test(refuses),
		cmocka_unit_test(too_many_layers),
		cmocka_unit_test(models_survive_the_codec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
