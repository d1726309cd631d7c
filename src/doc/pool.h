/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The parse role's memory for the tree of its one document: the pool of json_parse() or the arena
 * of yaml_parse(). Pages that a small document does not touch cost nothing.
 */
#define DOC_POOL_BYTES (CONFIG_PARSE_TREE_KIB * 1024)

extern _Alignas(16) unsigned char doc_pool[DOC_POOL_BYTES];
