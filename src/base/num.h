/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/str.h"

/*
 * The only integer parser of the tree. No sign, no blanks, no prefix, no empty string: what is not
 * exactly digits is refused (THREATS: USER "0x0", " 1000", "1e3", 4294967296).
 */

/** num_u64() - decimal. Return: 0; -EINVAL not a number; -ERANGE above @max */
int num_u64(struct span s, uint64_t max, uint64_t *ret_value);
int num_u32(struct span s, uint32_t max, uint32_t *ret_value);
int num_hex(struct span s, uint64_t max, uint64_t *ret_value);
int num_oct(struct span s, uint64_t max, uint64_t *ret_value);

/** num_i64() - decimal with an optional leading minus. Return: 0; -EINVAL; -ERANGE */
int num_i64(struct span s, int64_t min, int64_t max, int64_t *ret_value);

/** num_bytes() - Docker's size: "32m", "1.5g", "512k", "100", "64mb", binary multiples. Return: 0; -EINVAL; -ERANGE */
int num_bytes(struct span s, uint64_t *ret_bytes);

/** num_milli() - decimal fraction as thousandths: "0.5" → 500. Return: 0; -EINVAL; -ERANGE */
int num_milli(struct span s, uint64_t max_milli, uint64_t *ret_milli);

/** num_duration_ms() - Compose duration: "1m30s", "500ms", "2h"; a bare number is refused. Return: 0; -EINVAL; -ERANGE */
int num_duration_ms(struct span s, uint64_t *ret_ms);
