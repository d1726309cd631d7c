/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/store.h"

/** struct image_head - the front of a model file: all that find and gc need, read without decoding
 * the rest */
struct image_head {
	struct digest manifest, config;
	struct digest layers[IMAGE_MAX_LAYERS];
	size_t n_layers;
};

/** image_head_read() - inside store/ only; *ret_head is valid until the next call. Return: 0;
 * -ENOENT; -EBADMSG damaged */
int image_head_read(const struct store *s, const struct digest *manifest,
		    const struct image_head **ret_head, struct err *e);

/** image_file_digest() - sha256 of images/<manifest>/<which>, read in pieces. Return: 0; -EFBIG;
 * -errno */
int image_file_digest(const struct store *s, const struct digest *manifest, const char *which,
		      struct digest *ret_digest, struct err *e);
