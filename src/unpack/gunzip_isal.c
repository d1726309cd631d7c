/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ISA-L's inflate. What follows the functions of gunzip.h are parts of ISA-L that are not built, as
 * only gzip is read here and zlib's checksum is fast enough.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "unpack/gunzip.h"

int gunzip_init(struct gunzip *g)
{
	isal_inflate_init(&g->isal);
	g->isal.crc_flag = ISAL_GZIP;
	g->n_magic = 0;
	return 0;
}

void gunzip_fini(struct gunzip *g)
{
	(void)g;
}

void gunzip_next(struct gunzip *g)
{
	isal_inflate_reset(&g->isal);
	g->n_magic = 0;
}

/* ISA-L waits for a whole header: shorter rubbish would look like a member that is cut off */
static bool begins_well(struct gunzip *g, const uint8_t *in, size_t len)
{
	static const uint8_t magic[] = {0x1f, 0x8b};

	for (; len && g->n_magic < sizeof(magic); in++, len--)
		if (*in != magic[g->n_magic++])
			return false;
	return true;
}

static const char *why(int code)
{
	switch (code) {
	case ISAL_INVALID_WRAPPER:
	case ISAL_UNSUPPORTED_METHOD:
		return "not gzip";
	case ISAL_INCORRECT_CHECKSUM:
		return "wrong checksum";
	default:
		return "it cannot be decoded";
	}
}

int gunzip_step(struct gunzip *g, const uint8_t **in, size_t *in_len, uint8_t *out, size_t cap,
		size_t *ret_n, bool *ret_whole, const char **ret_why)
{
	struct inflate_state *s = &g->isal;
	int r;

	s->next_in = (uint8_t *)(uintptr_t)*in;
	s->avail_in = (uint32_t)*in_len;
	s->next_out = out;
	s->avail_out = (uint32_t)cap;
	r = begins_well(g, *in, *in_len) ? isal_inflate(s) : ISAL_INVALID_WRAPPER;
	*ret_n = cap - s->avail_out;
	*ret_whole = s->block_state == ISAL_BLOCK_FINISH;
	*in = s->next_in;
	if (r == ISAL_DECOMP_OK && s->avail_in == *in_len && *in_len && *ret_n < cap && !*ret_whole)
		r = ISAL_INVALID_STATE; /* neither side moves: it never would */
	*in_len = s->avail_in;
	if (r == ISAL_DECOMP_OK)
		return 0;
	*ret_why = why(r);
	return -EBADMSG;
}

uint32_t crc32_gzip_refl(uint32_t crc, const uint8_t *data, uint64_t len);
uint32_t crc32_gzip_refl(uint32_t crc, const uint8_t *data, uint64_t len)
{
	return (uint32_t)crc32_z(crc, data, (size_t)len);
}

uint32_t isal_adler32_bam1(uint32_t sum, const uint8_t *data, uint64_t len);
uint32_t isal_adler32_bam1(uint32_t sum, const uint8_t *data, uint64_t len)
{
	(void)data;
	(void)len;
	return sum; /* of the zlib format */
}

void isal_gzip_header_init(struct isal_gzip_header *header)
{
	memset(header, 0, sizeof(*header));
}

void isal_zlib_header_init(struct isal_zlib_header *header)
{
	memset(header, 0, sizeof(*header));
}
