/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <zstd.h>

#include "base/digest.h"
#include "base/err.h"
#include "image/image.h"
#include "unpack/gunzip.h"

#define UNPACK_IN_SIZE	(64 * 1024)
#define UNPACK_OUT_SIZE (128 * 1024)

/**
 * struct unpack_stream - compressed bytes in, tar bytes out, both hashed on the way
 *
 * In the caller's memory (about 200 KiB, and struct gunzip); zlib and zstd take their windows from the heap. All gzip
 * members and zstd frames of the input are read.
 */
struct unpack_stream {
	int fd;	     /* borrowed */
	int copy_fd; /* where its bytes are kept as they are; set after init, 0 = nowhere */
	bool plain;  /* an archive that was hashed and measured already; set after init */
	enum image_compression compression;
	uint64_t max_bytes;
	const char *limit; /* the symbol that it comes from, for messages; set after init */
	struct sha256 blob, tar;
	uint64_t in_bytes, out_bytes; /* read; handed out */
	bool ended;		      /* end of file was read */
	bool whole;		      /* no member or frame is open */
	bool pending;		      /* the decoder may have more without more input */
	size_t in_pos, in_len;
	struct gunzip gzip;
	ZSTD_DStream *zstd;
	uint8_t in[UNPACK_IN_SIZE];
	uint8_t out[UNPACK_OUT_SIZE];
};

/** unpack_stream_init() - @max_bytes bounds the tar stream. Return: 0; -ENOMEM; -ENOTSUP
 * compression */
int unpack_stream_init(struct unpack_stream *s, int fd, enum image_compression compression,
		       uint64_t max_bytes, struct err *e);

/** unpack_stream_detect() - after init as IMAGE_TAR: the compression by the first bytes. Return: 0;
 * as unpack_stream_read() */
int unpack_stream_detect(struct unpack_stream *s, struct err *e);
void unpack_stream_fini(struct unpack_stream *s);

/**
 * unpack_stream_read() - the next piece of the tar stream; valid until the next call
 *
 * Blocks for the peer that writes the compressed bytes.
 *
 * Return: its length; 0 at the end; -EBADMSG damaged or cut off; -EFBIG more than max_bytes, or a
 *ratio above CONFIG_UNPACK_MAX_RATIO, or a window above CONFIG_ZSTD_WINDOW_LOG; -ENOMEM; -EIO.
 */
ssize_t unpack_stream_read(struct unpack_stream *s, const void **ret_data, struct err *e);

/** unpack_stream_finish() - read what is left (what follows the end of the archive is part of both
 * digests). Return: 0; as unpack_stream_read() */
int unpack_stream_finish(struct unpack_stream *s, struct digest *ret_blob,
			 struct digest *ret_diff_id, struct err *e);
