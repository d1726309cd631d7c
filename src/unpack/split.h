/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/digest.h"
#include "base/err.h"
#include "unpack/name.h"

/*
 * What a tree does not tell of the tar archive that it came from: headers, padding, order. Kept
 * beside the tree, it makes the very same archive again, so that a layer can be saved, pushed and
 * checked by its diff ID although only its tree is stored.
 *
 * The file: "TSP1", then blocks: u16 bytes, u16 packed bytes (0: as they are), data; little-endian, the
 * packing is LZ4's block format. A block of no bytes is the end. Unpacked they are a sequence of
 *
 *	varint n*2, n bytes            bytes of the archive
 *	varint n*2+1, n bytes of path, varint offset, varint length
 *	                               the archive has this part of the file here
 *
 * An empty file: this layer cannot be made again (it names a file twice, or content that is not kept is
 * too much of it).
 */

#define SPLIT_BLOCK (32 * 1024)

/** lz_pack() - @len <= SPLIT_BLOCK bytes. Return: packed length; 0 if that is not less than @len */
size_t lz_pack(const uint8_t *in, size_t len, uint8_t *out);

/** lz_unpack() - Return: 0; -EBADMSG unless exactly @len bytes come out */
int lz_unpack(const uint8_t *in, size_t in_len, uint8_t *out, size_t len);

/** struct split - a writer; static memory */
struct split {
	int fd;		      /* borrowed; -1 = nothing is written */
	uint64_t at;	      /* bytes of the archive that are accounted for */
	const uint8_t *piece; /* of the archive, as long as it is valid */
	uint64_t piece_at;
	size_t piece_len;
	char path[UNPACK_PATH_CAP]; /* content that may still grow */
	uint64_t offset, length;
	uint64_t written;
	size_t len;
	int code; /* first failure */
	uint8_t block[SPLIT_BLOCK], packed[SPLIT_BLOCK];
};

void split_init(struct split *s, int fd);

/** split_piece() - the next bytes of the archive; the last ones are no longer valid then: call with
 * NULL before they go */
void split_piece(struct split *s, const void *data, size_t len);

/** split_content() - @len bytes at @at of the archive are at @offset of file @path */
void split_content(struct split *s, const char *path, uint64_t at, uint64_t offset, size_t len);

/** split_drop() - the archive cannot be made again from the tree */
void split_drop(struct split *s);

/** split_finish() - Return: 0; -ENOSPC, -EIO */
int split_finish(struct split *s, struct err *e);

/**
 * split_join() - make the archive again
 * @split_fd: what split_finish() left
 * @tree_fd:  the layer's tree; paths are resolved inside it
 * @out_fd:   where the archive goes; -1 = nowhere, for its digest
 *
 * The file may have been written by somebody who took the unpack role over: whoever calls this compares
 * the digest. Uses static memory.
 *
 * Return: 0; -ENODATA this layer has no split; -EBADMSG damaged, or a file is shorter; -errno.
 */
int split_join(int split_fd, int tree_fd, int out_fd, struct digest *ret_digest,
	       uint64_t *ret_bytes, struct err *e);
