/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression is done here and not by libarchive's filters, because only here can both sides be
 * hashed, the ratio be watched and the window be bounded.
 *
 * A gzip layer may have several members (pigz, estargz, zstd:chunked's cousins), a zstd layer
 * several frames, skippable ones included. Anything else behind the last one is refused, as Go's
 * readers do, so that one digest never means two contents.
 */
#include "unpack/stream.h"

#include <errno.h>
#include <string.h>
#include <zstd_errors.h>

#include "base/kconfig.h"
#include "sys/fd.h"

static int start_decoder(struct unpack_stream *s, enum image_compression compression, struct err *e)
{
	s->compression = compression;
	s->whole = compression == IMAGE_TAR;
	switch (compression) {
	case IMAGE_TAR:
		return 0;
	case IMAGE_TAR_GZIP:
		if (gunzip_init(&s->gzip) == 0)
			return 0;
		return err_text(e, -ENOMEM, "no memory to read gzip");
	case IMAGE_TAR_ZSTD:
		s->zstd = ZSTD_createDStream();
		if (s->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax,
								    CONFIG_ZSTD_WINDOW_LOG)))
			return 0;
		unpack_stream_fini(s);
		return err_text(e, -ENOMEM, "no memory to read zstd");
	}
	return err_text(e, -ENOTSUP, "unknown compression %d", (int)compression);
}

int unpack_stream_init(struct unpack_stream *s, int fd, enum image_compression compression,
		       uint64_t max_bytes, struct err *e)
{
	s->fd = fd;
	s->max_bytes = max_bytes;
	s->in_bytes = s->out_bytes = 0;
	s->copy_fd = 0;
	s->limit = "CONFIG_UNPACK_MAX_MIB";
	s->plain = s->ended = s->pending = false;
	s->in_pos = s->in_len = 0;
	s->zstd = NULL;
	sha256_init(&s->blob);
	sha256_init(&s->tar);
	return start_decoder(s, compression, e);
}

void unpack_stream_fini(struct unpack_stream *s)
{
	if (s->compression == IMAGE_TAR_GZIP)
		gunzip_fini(&s->gzip);
	ZSTD_freeDStream(s->zstd);
	s->zstd = NULL;
}

/* more compressed bytes behind those not used yet; sets ended at the end of file */
static int fill(struct unpack_stream *s, struct err *e)
{
	uint8_t *in;
	ssize_t n;
	int r;

	if (s->in_pos == s->in_len)
		s->in_pos = s->in_len = 0;
	in = s->in + s->in_len;
	n = sys_read(s->fd, in, sizeof(s->in) - s->in_len);

	if (n < 0)
		return err_set(e, (int)n, "read the layer after %llu bytes",
			       (unsigned long long)s->in_bytes);
	s->ended = n == 0;
	if (IS_ENABLED(CONFIG_STORE_BLOBS) && s->copy_fd > 0 && n > 0) {
		r = sys_write_all(s->copy_fd, in, (size_t)n);
		if (r < 0)
			return err_set(e, r, "keep the compressed layer");
	}
	s->in_len += (size_t)n;
	s->in_bytes += (size_t)n;
	if (!s->plain)
		sha256_update(&s->blob, in, (size_t)n);
	return 0;
}

int unpack_stream_detect(struct unpack_stream *s, struct err *e)
{
	static const uint8_t gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd},
			     skippable[] = {0x2a, 0x4d, 0x18};
	enum image_compression found = IMAGE_TAR;
	int r = 0;

	while (r == 0 && !s->ended && s->in_len < sizeof(zstd)) /* a pipe may give one byte */
		r = fill(s, e);
	if (r < 0)
		return r;
	if (s->in_len >= 2 && memcmp(s->in, gzip, 2) == 0)
		found = IMAGE_TAR_GZIP;
	else if (s->in_len >= 4 && (memcmp(s->in, zstd, 4) == 0 ||
				    (s->in[0] >> 4 == 5 && memcmp(s->in + 1, skippable, 3) == 0)))
		found = IMAGE_TAR_ZSTD;
	if (found == IMAGE_TAR)
		return 0;
	return start_decoder(s, found, e);
}

static int damaged(struct unpack_stream *s, const char *why, struct err *e)
{
	return err_text(e, -EBADMSG, "the layer's %s data is damaged before byte %llu: %s",
			s->compression == IMAGE_TAR_GZIP ? "gzip" : "zstd",
			(unsigned long long)(s->in_bytes - (s->in_len - s->in_pos)), why);
}

/* Return: bytes put into out; 0 more input is needed; -errno */
static ssize_t gunzip(struct unpack_stream *s, struct err *e)
{
	const uint8_t *in = s->in + s->in_pos;
	size_t left = s->in_len - s->in_pos, n = 0;
	const char *why = NULL;
	int r;

	if (s->whole) { /* another member, or rubbish */
		gunzip_next(&s->gzip);
		s->whole = false;
	}
	r = gunzip_step(&s->gzip, &in, &left, s->out, sizeof(s->out), &n, &s->whole, &why);
	s->in_pos = s->in_len - left;
	if (r == 0)
		return (ssize_t)n;
	if (r == -ENOMEM)
		return err_text(e, r, "no memory to read gzip");
	return damaged(s, why, e);
}

static ssize_t unzstd(struct unpack_stream *s, struct err *e)
{
	ZSTD_inBuffer in = {s->in, s->in_len, s->in_pos};
	ZSTD_outBuffer out = {s->out, sizeof(s->out), 0};
	size_t r = ZSTD_decompressStream(s->zstd, &out, &in);

	s->in_pos = in.pos;
	if (!ZSTD_isError(r)) {
		s->whole = r == 0;
		return (ssize_t)out.pos;
	}
	switch ((int)ZSTD_getErrorCode(r)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return err_text(e, -EFBIG,
				"the layer's zstd window is larger than 2^%d bytes "
				"(CONFIG_ZSTD_WINDOW_LOG)",
				CONFIG_ZSTD_WINDOW_LOG);
	case ZSTD_error_memory_allocation:
		return err_text(e, -ENOMEM, "no memory for the layer's zstd window");
	case ZSTD_error_prefix_unknown:
		return damaged(s, "not zstd", e);
	case ZSTD_error_checksum_wrong:
		return damaged(s, "wrong checksum", e);
	default:
		return damaged(s, "it cannot be decoded", e);
	}
}

static int check_size(struct unpack_stream *s, struct err *e)
{
	const uint64_t free_bytes = (uint64_t)CONFIG_UNPACK_RATIO_FREE_MIB << 20;

	if (s->out_bytes > s->max_bytes)
		return err_text(e, -EFBIG,
				"the layer unpacks to more than the allowed %llu bytes (%s)",
				(unsigned long long)s->max_bytes, s->limit);
	if (s->out_bytes > free_bytes && s->out_bytes / CONFIG_UNPACK_MAX_RATIO > s->in_bytes)
		return err_text(e, -EFBIG,
				"the layer unpacks to more than %d times its size "
				"(CONFIG_UNPACK_MAX_RATIO): %llu bytes from the first %llu",
				CONFIG_UNPACK_MAX_RATIO, (unsigned long long)s->out_bytes,
				(unsigned long long)s->in_bytes);
	return 0;
}

/* Return: bytes in *ret_data; 0 nothing came out of this step; -errno */
static ssize_t step(struct unpack_stream *s, const void **ret_data, struct err *e)
{
	*ret_data = s->out;
	switch (s->compression) {
	case IMAGE_TAR:
		*ret_data = s->in;
		s->in_pos = s->in_len;
		return (ssize_t)s->in_len;
	case IMAGE_TAR_GZIP:
		return gunzip(s, e);
	case IMAGE_TAR_ZSTD:
		return unzstd(s, e);
	}
	return -ENOTSUP;
}

ssize_t unpack_stream_read(struct unpack_stream *s, const void **ret_data, struct err *e)
{
	ssize_t n = 0;
	int r;

	while (n == 0) {
		if (s->in_pos == s->in_len && !s->pending) {
			r = s->ended ? 0 : fill(s, e);
			if (r < 0)
				return r;
			if (s->ended && !s->whole)
				return err_text(e, -EBADMSG,
						"the layer is cut off after %llu bytes",
						(unsigned long long)s->in_bytes);
			if (s->ended)
				return 0;
		}
		n = step(s, ret_data, e);
		if (n < 0)
			return n;
		s->pending = !s->whole && n == (ssize_t)sizeof(s->out);
	}
	s->out_bytes += (size_t)n;
	if (s->plain)
		return n;
	sha256_update(&s->tar, *ret_data, (size_t)n);
	r = check_size(s, e);
	return r < 0 ? r : n;
}

int unpack_stream_finish(struct unpack_stream *s, struct digest *ret_blob,
			 struct digest *ret_diff_id, struct err *e)
{
	const void *data;
	ssize_t n;

	do {
		n = unpack_stream_read(s, &data, e);
	} while (n > 0);
	if (n < 0)
		return (int)n;
	sha256_final(&s->blob, ret_blob);
	sha256_final(&s->tar, ret_diff_id);
	return 0;
}
