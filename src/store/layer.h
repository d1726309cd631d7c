/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/store.h"

#define LAYER_TREE   "fs"
#define LAYER_OPAQUE "trusted.overlay.opaque"

/** layer_sum() - of the tree in a layer's directory, without the content of its files; inside store/ only. Return: 0; -errno */
int layer_sum(int layer_fd, struct digest *ret_sum, struct err *e);

/** store_layer_bytes() - unpacked bytes of a layer, from its meta; inside store/ only. Return: 0;
 * -ENOENT; -EBADMSG */
int store_layer_bytes(const struct store *s, const struct digest *layer, uint64_t *ret_bytes,
		      struct err *e);
