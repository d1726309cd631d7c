/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "image/image.h"
#include "unpack/tree.h"

/** struct unpack_job - one layer to unpack */
struct unpack_job {
	int layer_fd;	/* compressed bytes, borrowed */
	int root_fd;	/* directory that the layer becomes, borrowed */
	int split_fd;	/* where what split.h keeps goes, borrowed; 0 = nowhere */
	int reclaim_fd; /* written to: the kernel takes back memory, borrowed; 0 = none */
	enum image_compression compression;
	bool plain;	      /* they are the archive, and whoever writes them hashes them */
	uint64_t max_bytes;   /* of the tar stream; 0 or too many = CONFIG_UNPACK_MAX_MIB */
	uint64_t max_entries; /* 0 or too many = CONFIG_UNPACK_MAX_ENTRIES */
	unpack_opaque_fn *opaque;
	unpack_lower_fn *lower; /* NULL: no layer is below */
	void *data;		/* of both */
};

struct unpack_result {
	struct digest blob, diff_id;			    /* of nothing if plain */
	uint64_t compressed_bytes, unpacked_bytes, entries; /* unpacked: content of files */
	uint64_t tar_bytes;
};

/**
 * unpack_extract() - a layer into a directory
 *
 * Blocks for the layer's bytes; reads them to the end also after the end of the archive. Uses
 *static memory: one at a time in a process. The process's umask is to be 0. Nothing is synced.
 *
 * Return: 0; -EBADMSG damaged or not allowed in a layer; -EFBIG, -E2BIG, -ENAMETOOLONG, -ELOOP a
 *limit; -ENOMEM; -ENOSPC; other -errno of the file system. @e names the entry. What was unpacked
 *until then stays.
 */
int unpack_extract(const struct unpack_job *job, struct unpack_result *ret_result, struct err *e);
