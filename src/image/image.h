/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

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

struct image_platform {
	char *os, *arch, *variant; /* GOOS, GOARCH, "v7"; variant NULL if none */
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

void image_doc_encode(struct enc *e, const struct image_doc *doc);
void image_doc_decode(struct dec *d, struct image_doc *ret_doc); /* then dec_done() */
void image_config_encode(struct enc *e, const struct image_config *c);
void image_config_decode(struct dec *d, struct image_config *ret_config);

/** image_host_platform() - of this build and CPU (arm: v6/v7/v8 as the hardware says) */
struct image_platform image_host_platform(void);

/**
 * image_choose() - the entry of an index for @want: exact os and arch, best variant not above the wanted one
 *
 * Return: its position; -ENOENT, @e then lists what the index offers.
 */
int image_choose(const struct image_doc *index, const struct image_platform *want, struct err *e);

/** image_check_config() - config fits manifest and host: as many diff IDs as layers, os/arch. Return: 0; -EBADMSG; -ENOEXEC wrong architecture, named */
int image_check_config(const struct image_doc *manifest, const struct image_config *c,
		       const struct image_platform *host, struct err *e);

/** image_parse_doc()/image_parse_config() - raw JSON to model; for the parse role and tests only.
 *  Return: 0; -EBADMSG with position; -EFBIG naming the limit; -ENOTSUP schema 1, foreign layer, other digest algorithm */
int image_parse_doc(struct span json, const char *content_type, struct arena *a,
		    struct image_doc *ret_doc, struct err *e);
int image_parse_config(struct span json, struct arena *a, struct image_config *ret_config,
		       struct err *e);
