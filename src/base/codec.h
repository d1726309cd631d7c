/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"

/*
 * The encoding of typed frames between roles and of typed models in the store. Integers are
 * little-endian and fixed in size, a string is u32 length + bytes + NUL. A decoder trusts nothing:
 * its peer may be a role that untrusted bytes have taken over. Errors are sticky; decode the whole
 * and ask dec_done() once. After an error every getter returns zero, "" or an empty list.
 */

struct enc {
	uint8_t *p;
	size_t cap, len;
	bool overflow;
};

void enc_init(struct enc *e, void *mem, size_t cap);
void enc_u8(struct enc *e, uint8_t v);
void enc_u32(struct enc *e, uint32_t v);
void enc_u64(struct enc *e, uint64_t v);
void enc_i64(struct enc *e, int64_t v);
void enc_bool(struct enc *e, bool v);
void enc_bytes(struct enc *e, const void *data, size_t len);
void enc_str(struct enc *e, const char *s); /* NULL and "" are told apart */
void enc_digest(struct enc *e, const struct digest *d);
void enc_strs(struct enc *e, const char *const *strs, size_t n);
static inline bool enc_ok(const struct enc *e)
{
	return !e->overflow;
}

struct dec {
	const uint8_t *p;
	size_t len, pos;
	struct arena *arena; /* strings and lists are copied here */
	bool bad;
};

void dec_init(struct dec *d, const void *data, size_t len, struct arena *arena);
uint8_t dec_u8(struct dec *d);
uint32_t dec_u32(struct dec *d);
uint64_t dec_u64(struct dec *d);
int64_t dec_i64(struct dec *d);
bool dec_bool(struct dec *d); /* anything but 0 and 1 is bad */

/** dec_count() - a list's element count; bad if above @max or above what the rest can hold */
size_t dec_count(struct dec *d, size_t max);

/** dec_bytes() - points into the frame, not into the arena */
struct span dec_bytes(struct dec *d);
char *dec_str(struct dec *d);	  /* NULL if NULL was encoded, or on error; a NUL inside is bad */
char *dec_str_req(struct dec *d); /* never NULL: "" on error, NULL encoded is bad */
void dec_digest(struct dec *d, struct digest *ret_digest);
char **dec_strs(struct dec *d, size_t max, size_t *ret_n); /* NULL-terminated array */
void *dec_array(struct dec *d, size_t n, size_t size);	   /* zeroed, in the arena; bad when full */

/** dec_done() - Return: 0; -EBADMSG malformed or bytes left over */
int dec_done(const struct dec *d);
