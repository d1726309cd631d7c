/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/container.h"
#include "engine/plan.h"
#include "engine/server.h"

/*
 * Inside of the wish: what desired.c, desired_apply.c and desired_check.c share. A generation is a
 * checked manifest with the digest of every image. It becomes the wish as a whole, once all its images
 * are in the store; until then, and whatever fails before, what runs is left alone.
 */

struct wish_service {
	char name[CONTAINER_NAME_CAP];
	struct digest image, hash; /* set when `ready` */
	bool ready;		   /* its image is in the store */
	bool again;		   /* start it although it has ended: it was applied anew */
	uint64_t after_started, after_completed;
	char error[200]; /* why no container could be made, "" otherwise */
};

struct wish {
	bool valid;	    /* false: nothing is known, so nothing may be removed */
	uint64_t number;    /* of the generation, 0 = none yet */
	struct digest seen; /* of CONFIG/manifest.yaml when it was last applied */
	struct wish_service services[PLAN_MAX];
	size_t n_services;
	size_t len;
	_Alignas(8) uint8_t encoded[CONFIG_MANIFEST_KIB * 1024]; /* manifest_encode() */
};

extern struct wish wish;

/** wish_set() - from a checked manifest; images are not ready. Return: 0; -EFBIG; -ENOTSUP names what cannot be waited for */
int wish_set(struct wish *w, const struct manifest *m, struct err *e);

/** wish_copy() - only what is used, so that the rest costs no memory */
void wish_copy(struct wish *dst, const struct wish *src);

/** wish_manifest() - into the scratch arena. Return: 0; -EBADMSG; -ENOMEM */
int wish_manifest(const struct wish *w, struct manifest *ret_manifest, struct err *e);

/** wish_set_image() - the image of a service is in the store under this digest */
int wish_set_image(struct wish *w, size_t index, const struct digest *image, struct err *e);
bool wish_ready(const struct wish *w);

/** wish_put() - as a new generation, durable and current. Nothing is written if @w is what is current */
int wish_put(struct wish *w, struct span yaml, struct err *e);

/** wish_service_error() - why a service does not do what it should: "" if it does. Return: @dst */
char *wish_service_error(size_t index, char *dst, size_t cap);

/** desired_document() - copy of a regular file, sealed. Return: memfd; -EINVAL; -EFBIG CONFIG_MANIFEST_KIB */
int desired_document(int fd, const char *name, struct digest *ret_digest, struct err *e);

/** apply_boot() - CONFIG/manifest.yaml, if it is there and has changed since it was applied */
void apply_boot(void);

/** apply_settled() - no step is left or under way */
void apply_settled(void);
void apply_client_gone(const struct client *c);

/** apply_images() - digests that a manifest under way has resolved. Return: count */
size_t apply_images(struct digest *dst, size_t cap);
void check_client_gone(const struct client *c);
