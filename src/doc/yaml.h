/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define YAML_MAX_DEPTH	 32    /* a Compose file nests to 7 */
#define YAML_MAX_NODES	 16384 /* aliases counted as what they stand for: no billion laughs */
#define YAML_MAX_ANCHORS 64

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node;

/** struct yaml_item - element of a list or pair of a map */
struct yaml_item {
	const struct yaml_node *key; /* maps; always a scalar */
	const struct yaml_node *value;
	struct yaml_item *next;
	bool merged; /* came from "<<" */
};

/** struct yaml_node - where an alias stood, its anchor's node is: the same node may be met twice */
struct yaml_node {
	enum yaml_kind kind;
	bool plain;		   /* scalar without quotes: may mean null, true or a number */
	unsigned int line, column; /* from 1 */
	const char *text;	   /* scalar; NUL-terminated, no NUL inside */
	size_t len;
	struct yaml_item *items; /* list, map; in the order of the file, merged pairs last */
	size_t n;
	size_t weight; /* nodes below it and itself, aliases expanded */
};

/**
 * yaml_parse() - one YAML document to a tree in @a
 * @file: name for messages
 *
 * Anchors, aliases and merge keys ("<<") work as in Compose. Refused: tags, more than one document,
 * maps whose keys are not scalars, keys that are there twice, NUL characters, and everything beyond
 * the limits above. Every refusal starts with "file:line:column: ". libyaml allocates: call it in a
 * role with a memory limit.
 *
 * Return: 0; -EINVAL; -ENOTSUP tag or second document; -EFBIG naming the limit; -ENOMEM.
 */
int yaml_parse(struct span text, const char *file, struct arena *a,
	       const struct yaml_node **ret_root, struct err *e);

/** yaml_fail() - "file:line:column: text" at @n. Return: @code */
int yaml_fail(const struct yaml_node *n, const char *file, struct err *e, int code, const char *fmt,
	      ...) __attribute__((format(printf, 5, 6)));

/** yaml_get() - value of a key in a map, NULL if absent or not a map */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/** yaml_is_null() - plain "", "~", "null": nothing was written */
bool yaml_is_null(const struct yaml_node *n);

/** yaml_is_bool() - plain true or false. yaml_is_number() - plain text that YAML reads as a number
 */
bool yaml_is_bool(const struct yaml_node *n, bool *ret_value);
bool yaml_is_number(const struct yaml_node *n);

/** yaml_describe() - "a list", "a map", "the text \"x\"", for messages. Return: @dst */
char *yaml_describe(char dst[static 96], const struct yaml_node *n);
