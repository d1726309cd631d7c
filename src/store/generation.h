/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/store.h"

#define GENERATION_CURRENT  "current"
#define GENERATION_PREVIOUS "previous"

/** generation_previous() - inside store/ only. Return: 0; -ENOENT none; -EBADMSG */
int generation_previous(const struct store *s, uint64_t *ret_number, struct err *e);
