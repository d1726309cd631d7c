/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/str.h"

/** hex_encode() - lower-case; @dst holds 2 * @len + 1 bytes */
void hex_encode(char *dst, const void *data, size_t len);

/** hex_decode() - exactly 2 * @len lower-case digits. Return: 0; -EINVAL */
int hex_decode(void *dst, size_t len, struct span hex);
