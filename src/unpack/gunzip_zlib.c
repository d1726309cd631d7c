/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "unpack/gunzip.h"

#define GZIP_ONLY 16 /* added to zlib's window bits */

int gunzip_init(struct gunzip *g)
{
	memset(g, 0, sizeof(*g));
	return inflateInit2(&g->zlib, MAX_WBITS + GZIP_ONLY) == Z_OK ? 0 : -ENOMEM;
}

void gunzip_fini(struct gunzip *g)
{
	inflateEnd(&g->zlib);
}

void gunzip_next(struct gunzip *g)
{
	inflateReset(&g->zlib);
}

int gunzip_step(struct gunzip *g, const uint8_t **in, size_t *in_len, uint8_t *out, size_t cap,
		size_t *ret_n, bool *ret_whole, const char **ret_why)
{
	z_stream *z = &g->zlib;
	int r;

	z->next_in = (Bytef *)(uintptr_t)*in;
	z->avail_in = (uInt)*in_len;
	z->next_out = out;
	z->avail_out = (uInt)cap;
	r = inflate(z, Z_NO_FLUSH);
	*in = z->next_in;
	*in_len = z->avail_in;
	*ret_n = cap - z->avail_out;
	*ret_whole = r == Z_STREAM_END;
	if (r == Z_OK || r == Z_STREAM_END || (r == Z_BUF_ERROR && z->avail_in == 0))
		return 0;
	if (r == Z_MEM_ERROR)
		return -ENOMEM;
	*ret_why = z->msg ? z->msg : "not gzip";
	return -EBADMSG;
}
