/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/** base64_encode() - append; with padding. Spec: RFC 4648, 4 */
void base64_encode(struct buf *b, const void *data, size_t len);

/** struct base64 - a decoder that takes its text in pieces; zeroed but for dst and cap */
struct base64 {
	uint8_t *dst;
	size_t cap, len;
	uint32_t bits;
	unsigned int n_bits;
	bool bad; /* not base64, or more than @cap bytes */
	bool padded;
};

void base64_decode(struct base64 *b, struct span text);
