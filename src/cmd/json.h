/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * JSON on standard output: an array of objects, or one object. Calls write at once, so that nothing
 * has to be kept.
 */

void json_out_begin(bool array);
void json_out_object(void); /* begins the next object, ends the one before */
void json_out_str(const char *key, const char *value); /* NULL is null */
void json_out_num(const char *key, int64_t value);
void json_out_bool(const char *key, bool value);
void json_out_time(const char *key, int64_t s); /* RFC 3339; 0 is null */
void json_out_end(void);
