/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if CONFIG_INFLATE_ISAL
#include <igzip_lib.h>

/* where in a member's header, in its order */
enum gunzip_at {
	GUNZIP_ID1,
	GUNZIP_ID2,
	GUNZIP_METHOD,
	GUNZIP_FLAGS,
	GUNZIP_FIXED,
	GUNZIP_EXTRA_LEN1,
	GUNZIP_EXTRA_LEN2,
	GUNZIP_EXTRA,
	GUNZIP_NAME,
	GUNZIP_COMMENT,
	GUNZIP_HCRC1,
	GUNZIP_HCRC2,
	GUNZIP_DATA,
};

/** struct gunzip - in the caller's memory (85 KiB); nothing on the heap */
struct gunzip {
	struct inflate_state isal;
	unsigned int at;    /* enum gunzip_at */
	unsigned int flags; /* of the header */
	unsigned int left;  /* bytes of the field, or the byte that is to come */
	uint32_t header_crc;
};
#else
#include <zlib.h>

/** struct gunzip - the window (40 KiB) is on the heap */
struct gunzip {
	z_stream zlib;
};
#endif

/** gunzip_init() - Return: 0; -ENOMEM */
int gunzip_init(struct gunzip *g);
void gunzip_fini(struct gunzip *g);

/** gunzip_next() - the next member begins */
void gunzip_next(struct gunzip *g);

/**
 * gunzip_step() - decompress from *in to @out
 * @in, @in_len: advanced by what was used
 * @ret_n:       bytes in @out
 * @ret_whole:   the member ended, its checksum and length are right
 * @ret_why:     set on -EBADMSG
 *
 * Returns early only when the input is used up, @out is full or the member ended.
 *
 * Return: 0; -EBADMSG; -ENOMEM. Spec: RFC 1951, RFC 1952.
 */
int gunzip_step(struct gunzip *g, const uint8_t **in, size_t *in_len, uint8_t *out, size_t cap,
		size_t *ret_n, bool *ret_whole, const char **ret_why);
