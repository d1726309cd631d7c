/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/store.h"

/** store_layer_bytes() - unpacked bytes of a layer, from its meta; inside store/ only. Return: 0;
 * -ENOENT; -EBADMSG */
int store_layer_bytes(const struct store *s, const struct digest *diff_id, uint64_t *ret_bytes,
		      struct err *e);
