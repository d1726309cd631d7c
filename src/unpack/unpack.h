/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/*
 * Protocol of the unpack role: one layer. Descriptors of role_spawn(): ROLE_FD_ARG = compressed bytes
 * for reading (pipe or file), ROLE_FD_ARG+1 = staging directory (becomes its root directory).
 *
 *   UNPACK_START  u32 compression (enum image_compression), u64 max_bytes (unpacked), u64 max_entries
 *   UNPACK_DONE   digest blob, digest diff_id, u64 compressed bytes, u64 unpacked bytes, u64 entries
 *   UNPACK_ERROR  i64 code, str text
 *
 * The starter compares both digests, then store_layer_commit(). Whiteouts are in overlayfs form.
 */
enum unpack_frame { UNPACK_START = 0x300, UNPACK_DONE = 0x301, UNPACK_ERROR = 0x302 };

int unpack_role_main(int peer_fd);
