/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ISA-L's inflate. The member's header is read here: ISA-L forgets which fields the header has when it is
 * cut between two reads, and takes the rest of them for data. What follows the functions of gunzip.h are
 * parts of ISA-L that are not built, as only gzip is read here and zlib's checksum is fast enough.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "unpack/gunzip.h"

enum { FLAG_HCRC = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16, FLAG_RESERVED = 0xe0 };

int gunzip_init(struct gunzip *g)
{
	isal_inflate_init(&g->isal);
	gunzip_next(g);
	return 0;
}

void gunzip_fini(struct gunzip *g)
{
	(void)g;
}

void gunzip_next(struct gunzip *g)
{
	isal_inflate_reset(&g->isal);
	g->isal.crc_flag = ISAL_GZIP_NO_HDR_VER;
	g->at = GUNZIP_ID1;
	g->header_crc = 0;
}

/* the field after this one */
static void next_field(struct gunzip *g)
{
	static const uint8_t flags[] = {
		[GUNZIP_EXTRA_LEN1] = FLAG_EXTRA, [GUNZIP_EXTRA_LEN2] = FLAG_EXTRA,
		[GUNZIP_NAME] = FLAG_NAME,	  [GUNZIP_COMMENT] = FLAG_COMMENT,
		[GUNZIP_HCRC1] = FLAG_HCRC,	  [GUNZIP_HCRC2] = FLAG_HCRC,
	};

	do {
		g->at++;
	} while ((g->at == GUNZIP_EXTRA && !g->left) ||
		 (g->at < sizeof(flags) && flags[g->at] && !(g->flags & flags[g->at])));
}

/* Return: NULL, or what is wrong */
static const char *header_byte(struct gunzip *g, uint8_t c)
{
	uint16_t sum = (uint16_t)g->header_crc;
	bool ends = true;

	switch ((enum gunzip_at)g->at) {
	case GUNZIP_ID1:
		if (c != 0x1f)
			return "not gzip";
		break;
	case GUNZIP_ID2:
		if (c != 0x8b)
			return "not gzip";
		break;
	case GUNZIP_METHOD:
		if (c != 8)
			return "not gzip";
		break;
	case GUNZIP_FLAGS:
		if (c & FLAG_RESERVED)
			return "not gzip";
		g->flags = c;
		g->left = 6; /* time, extra flags, system */
		break;
	case GUNZIP_FIXED:
	case GUNZIP_EXTRA:
		ends = --g->left == 0;
		break;
	case GUNZIP_EXTRA_LEN1:
		g->left = c;
		break;
	case GUNZIP_EXTRA_LEN2:
		g->left |= (unsigned int)c << 8;
		break;
	case GUNZIP_NAME:
	case GUNZIP_COMMENT:
		ends = c == 0;
		break;
	case GUNZIP_HCRC1:
		if (c != (sum & 0xff))
			return "wrong checksum of its header";
		g->left = sum >> 8;
		break;
	case GUNZIP_HCRC2:
		if (c != g->left)
			return "wrong checksum of its header";
		break;
	case GUNZIP_DATA:
		return NULL;
	}
	g->header_crc = (uint32_t)crc32_z(g->header_crc, &c, 1);
	if (ends)
		next_field(g);
	return NULL;
}

static const char *why(int code)
{
	return code == ISAL_INCORRECT_CHECKSUM ? "wrong checksum" : "it cannot be decoded";
}

int gunzip_step(struct gunzip *g, const uint8_t **in, size_t *in_len, uint8_t *out, size_t cap,
		size_t *ret_n, bool *ret_whole, const char **ret_why)
{
	struct inflate_state *s = &g->isal;
	int r;

	*ret_n = 0;
	*ret_whole = false;
	for (; g->at != GUNZIP_DATA && *in_len; ++*in, --*in_len) {
		*ret_why = header_byte(g, **in);
		if (*ret_why)
			return -EBADMSG;
	}
	if (g->at != GUNZIP_DATA)
		return 0;
	s->next_in = (uint8_t *)(uintptr_t)*in;
	s->avail_in = (uint32_t)*in_len;
	s->next_out = out;
	s->avail_out = (uint32_t)cap;
	r = isal_inflate(s);
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
