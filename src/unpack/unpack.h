/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/*
 * Protocol of the unpack role: one layer. Descriptors of role_spawn(): ROLE_FD_ARG = compressed
 * bytes for reading (pipe or file), ROLE_FD_ARG+1 = the empty staging directory, which becomes its
 * root directory.
 *
 * ROLE_FD_ARG+2 = a new file for what split.h keeps, ROLE_FD_ARG+3 = a new file for the compressed
 * bytes (CONFIG_STORE_BLOBS); /dev/null where nobody wants it. ROLE_FD_ARG+4 = the file of the memory
 * cgroup by which the kernel takes back what it can (memory.reclaim, or memory.force_empty of v1).
 *
 *   UNPACK_START   u32 compression (enum image_compression), u64 max_bytes (of the tar stream), u64
 *                  max_entries, u64 offset, u64 length of the layer in its file; length 0 = a pipe, or the
 *                  whole file. 0 = what the build allows (CONFIG_UNPACK_MAX_MIB,
 *                  CONFIG_UNPACK_MAX_ENTRIES), which also bounds other values
 *   UNPACK_LOWER   str path, bool directory, u64 max_bytes: make what the layers below have under this
 *                  name in the staging directory (store/lower.h): the attributes of a directory that
 *                  the archive does not mention, the file that a hard link leads to. The role waits for
 *   UNPACK_LOWER_IS i64 code (0, -ENOENT, -errno), u64 bytes copied
 *   UNPACK_OPAQUE  str path: what lower layers hold in this directory is to be hidden. Any number
 * of them, before DONE. The starter calls store_layer_opaque(): the mark of overlayfs is a
 * trusted.* attribute, which needs CAP_SYS_ADMIN, and a role that parses tar shall not have that
 *   UNPACK_DONE    digest blob, digest diff_id, u64 compressed bytes, u64 unpacked bytes (of file
 *                  content), u64 entries, u64 length of the tar stream
 *   UNPACK_ERROR   i64 code, str text
 *
 * The starter compares both digests, then store_layer_commit(). Whiteouts are in overlayfs form
 * (character device 0:0). After UNPACK_ERROR the staging directory holds rubbish: abort it.
 */
#define UNPACK_DETECT 3 /* instead of a compression: by the first bytes */

enum unpack_frame {
	UNPACK_START = 0x300,
	UNPACK_DONE = 0x301,
	UNPACK_ERROR = 0x302,
	UNPACK_OPAQUE = 0x303,
	UNPACK_LOWER = 0x304,
	UNPACK_LOWER_IS = 0x305, /* from the starter */
};

int unpack_role_main(int peer_fd);

/*
 * Protocol of the pack role: a layer's tree to the archive that it came from. Descriptors:
 * ROLE_FD_ARG = its split, ROLE_FD_ARG+1 = its tree, which becomes the root directory, read-only,
 * ROLE_FD_ARG+2 = where the archive goes. No request: it begins at once.
 *
 *   PACK_DONE      digest of the archive, u64 its bytes
 *   PACK_ERROR     i64 code, str text
 */
enum pack_frame { PACK_DONE = 0x380, PACK_ERROR = 0x381 };

int pack_role_main(int peer_fd);
