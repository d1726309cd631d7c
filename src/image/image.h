/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"

/*
 * The image-spec model: what the parse role makes of indexes, manifests and configs, and what the
 * store keeps beside the raw bytes. All pointers live in one arena.
 * Spec: OCI image-spec v1.1; Docker image manifest v2 schema 2.
 */

#define IMAGE_MAX_LAYERS    128
#define IMAGE_MAX_MANIFESTS 256 /* entries of an index */
#define IMAGE_MAX_STRINGS   512 /* env, entrypoint, labels, ... each */

enum image_compression { IMAGE_TAR, IMAGE_TAR_GZIP, IMAGE_TAR_ZSTD };

#define IMAGE_PLATFORM_CAP 64

struct image_platform {
	char *os, *arch, *variant; /* GOOS, GOARCH, "v7"; variant NULL if none */
	/* of this machine only: programs of the 32-bit sibling run as well */
	bool compat;
};

/** struct image_descriptor - Spec: image-spec "Content Descriptors" */
struct image_descriptor {
	struct digest digest;
	uint64_t size; /* bytes */
	char *media_type;
	enum image_compression compression; /* layers only */
	struct image_platform platform;	    /* index entries only; os NULL if absent */
	/* index entry that is no image (unknown/unknown, or an artifact) */
	bool attestation;
	char *name; /* index entries only: what an archive calls the image; NULL if nothing */
};

enum image_doc_kind { IMAGE_DOC_INDEX, IMAGE_DOC_MANIFEST };

/** struct image_doc - an index or a manifest, whichever the registry answered with */
struct image_doc {
	enum image_doc_kind kind;
	struct digest digest;		    /* of the raw bytes */
	struct image_descriptor *manifests; /* index */
	size_t n_manifests;
	struct image_descriptor config;	 /* manifest */
	struct image_descriptor *layers; /* manifest, lowest first */
	size_t n_layers;
};

struct image_config {
	struct digest digest; /* of the raw bytes = Docker's image ID */
	struct image_platform platform;
	char *created; /* RFC 3339 or NULL */
	struct digest *diff_ids;
	size_t n_diff_ids;
	char *user, *working_dir, *stop_signal; /* NULL if absent */
	/* labels: "key=value" */
	char **entrypoint, **cmd, **env, **volumes, **exposed_ports, **labels;
	size_t n_entrypoint, n_cmd, n_env, n_volumes, n_exposed_ports, n_labels;
};

#define IMAGE_MAX_HISTORY 512
#define IMAGE_HISTORY_LINES                                                                        \
	4 /* of each entry: created, created by, comment, "1" if it made no layer */

struct image_history {
	char **lines;
	size_t n;
};

void image_doc_encode(struct enc *e, const struct image_doc *doc);
void image_doc_decode(struct dec *d, struct image_doc *ret_doc); /* then dec_done() */
void image_config_encode(struct enc *e, const struct image_config *c);
void image_config_decode(struct dec *d, struct image_config *ret_config);

/**
 * image_host_platform() - of this build and this CPU: arm v6/v7/v8 as the kernel calls it, amd64 v1 to
 * v4 by cpuid, and whether 32-bit programs run
 */
struct image_platform image_host_platform(void);

/**
 * image_platform_parse() - "linux/arm64/v8", "linux/amd64", "arm64"
 * @mem: for the parts
 *
 * Return: 0; -EINVAL; -ENOTSUP an operating system that is not Linux.
 * Spec: containerd's platforms: names of the same thing are one ("aarch64" is "arm64").
 */
int image_platform_parse(const char *text, char mem[static IMAGE_PLATFORM_CAP],
			 struct image_platform *ret, struct err *e);

/** image_platform_text() - "linux/arm/v7". Return: @dst */
char *image_platform_text(char dst[static IMAGE_PLATFORM_CAP], const struct image_platform *p);

/** image_platform_fits() - would an image of @p do for @want? A missing variant of @p is believed */
bool image_platform_fits(const struct image_platform *p, const struct image_platform *want);

/** image_is_index() - does an entry of an index lead to an index? */
bool image_is_index(const struct image_descriptor *d);

/**
 * image_choose() - the entry of an index for @want: same os and arch, best variant not above the
 * wanted one; the 32-bit sibling if there is none and @want can run it; then an index inside the index;
 * then a single entry that says nothing, whose configuration will tell
 *
 * Return: its position; -ENOENT, @e then lists what the index offers.
 */
int image_choose(const struct image_doc *index, const struct image_platform *want, struct err *e);

/** image_check_config() - config fits manifest and @want: as many diff IDs as layers, os/arch. Return: 0; -EBADMSG; -ENOEXEC wrong architecture, named */
int image_check_config(const struct image_doc *manifest, const struct image_config *c,
		       const struct image_platform *want, struct err *e);

/** media types of what we write */
#define IMAGE_TYPE_MANIFEST	   "application/vnd.oci.image.manifest.v1+json"
#define IMAGE_TYPE_CONFIG	   "application/vnd.oci.image.config.v1+json"
#define IMAGE_TYPE_TAR		   "application/vnd.oci.image.layer.v1.tar"
#define IMAGE_TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"

/** image_same_name() - are both one reference, or the same text? */
bool image_same_name(const char *a, const char *b);

/** image_several() - what is wrong when @pick (may be NULL) chooses no one image of @names. Return: < 0 */
int image_several(const char *pick, const struct buf *names, struct err *e);

/**
 * image_parse_archive() - manifest.json of a docker-archive; for the parse role and tests only
 * @pick: which of its images; NULL = the only one
 *
 * Return: 0, paths inside the archive are where media types would be; -ENOENT, -EINVAL image_several();
 * -EBADMSG.
 */
int image_parse_archive(struct span json, const char *pick, struct arena *a,
			struct image_doc *ret_doc, struct err *e);

/** image_write_manifest() - the OCI manifest of these parts, always the same bytes; ask buf_ok() */
void image_write_manifest(struct buf *b, const struct image_descriptor *config,
			  const struct image_descriptor *layers, size_t n_layers);

/** image_parse_doc()/image_parse_config() - raw JSON to model; for the parse role and tests only.
 *  Return: 0; -EBADMSG with position; -EFBIG naming the limit; -ENOTSUP schema 1, foreign layer, other digest algorithm */
int image_parse_doc(struct span json, const char *content_type, struct arena *a,
		    struct image_doc *ret_doc, struct err *e);
int image_parse_config(struct span json, struct arena *a, struct image_config *ret_config,
		       struct err *e);
int image_parse_history(struct span json, struct arena *a, struct image_history *ret_history,
			struct err *e);
