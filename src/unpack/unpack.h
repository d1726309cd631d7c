/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/*
 * A layer takes two roles, joined by a pipe: inflate has the compressed bytes and may do nothing but read and
 * write; unpack makes files, and sees nothing but the archive. So they work at the same time, and
 * what says that the layer is the right one comes from the one that cannot change it.
 *
 * Protocol of the inflate role. Descriptors of role_spawn(): ROLE_FD_ARG = compressed bytes for reading
 * (pipe or file), ROLE_FD_ARG+1 = where the archive goes, ROLE_FD_ARG+2 = a new file for the compressed
 * bytes (CONFIG_STORE_BLOBS); /dev/null where nobody wants it.
 *
 *   INFLATE_START  u32 compression (enum image_compression, UNPACK_DETECT), u64 max_bytes of the archive, str
 *                  the symbol that they come from. 0 or more than CONFIG_UNPACK_MAX_MIB = that
 *   INFLATE_DONE   digest blob, digest diff_id, u64 compressed bytes, u64 bytes of the archive
 *   INFLATE_ERROR  i64 code, str text; -EPIPE: nobody reads the archive any more
 */
#define UNPACK_DETECT 3 /* instead of a compression: by the first bytes */

enum inflate_frame { INFLATE_START = 0x340, INFLATE_DONE = 0x341, INFLATE_ERROR = 0x342 };

int inflate_role_main(int peer_fd);

/*
 * Protocol of the unpack role. Descriptors: ROLE_FD_ARG = the archive, ROLE_FD_ARG+1 = the empty staging
 * directory, which becomes its root directory, ROLE_FD_ARG+2 = a new file for what split.h keeps,
 * ROLE_FD_ARG+3 = the file of the memory cgroup by which the kernel takes back what it can (memory.reclaim, or
 * memory.force_empty of v1); /dev/null where nobody wants it, or it is not there.
 *
 *   UNPACK_START   u64 max_bytes (of one file), u64 max_entries. 0 = what the build allows
 *                  (CONFIG_UNPACK_MAX_MIB, CONFIG_UNPACK_MAX_ENTRIES), which also bounds other values
 *   UNPACK_LOWER   str path, bool directory, u64 max_bytes: make what the layers below have under this
 *                  name in the staging directory (store/lower.h): the attributes of a directory that
 *                  the archive does not mention, the file that a hard link leads to. The role waits for
 *   UNPACK_LOWER_IS i64 code (0, -ENOENT, -errno), u64 bytes copied
 *   UNPACK_OPAQUE  str path: what lower layers hold in this directory is to be hidden. Any number
 * of them, before DONE. The starter calls store_layer_opaque(): the mark of overlayfs is a
 * trusted.* attribute, which needs CAP_SYS_ADMIN, and a role that parses tar shall not have that
 *   UNPACK_DONE    u64 unpacked bytes (of file content), u64 entries. Nothing is synced. Then the role waits for its
 *                  end, or for
 *   UNPACK_SYNC    the starter has written what belongs to the layer (store_layer_seal()): syncfs. The long
 *                  wait for the medium is the role's, because the starter has other things to do
 *   UNPACK_SYNCED  store_layer_commit() may follow
 *   UNPACK_ERROR   i64 code, str text
 *
 * The starter compares the digests that inflate told. Whiteouts are in overlayfs form (character device 0:0). After an
 * error the staging directory holds rubbish: abort it.
 */
enum unpack_frame {
	UNPACK_START = 0x300,
	UNPACK_DONE = 0x301,
	UNPACK_ERROR = 0x302,
	UNPACK_OPAQUE = 0x303,
	UNPACK_LOWER = 0x304,
	UNPACK_LOWER_IS = 0x305, /* from the starter */
	UNPACK_SYNC = 0x306,	 /* from the starter */
	UNPACK_SYNCED = 0x307,
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
