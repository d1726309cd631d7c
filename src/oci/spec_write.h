/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/spec.h"

/* Shared by the files of the writer. They put commas; @key is NULL in an array; what is absent is left out. */

void put_key(struct buf *b, const char *key);
void put_open(struct buf *b, const char *key, char bracket);
void put_str(struct buf *b, const char *key, const char *value);
void put_bool(struct buf *b, const char *key, bool value);
void put_i64(struct buf *b, const char *key, int64_t value);
void put_u64(struct buf *b, const char *key, uint64_t value);
void put_num(struct buf *b, const char *key, struct oci_num n);
void put_kvs(struct buf *b, const char *key, const struct oci_kvs *s);
