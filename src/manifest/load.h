/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "doc/yaml.h"
#include "manifest/manifest.h"

/* Private to manifest/: from YAML nodes to the model. */

/** struct load_nodes - where the entries of one service's lists stand, for checks across services */
struct load_nodes {
	const struct yaml_node *key, *network_mode;
	const struct yaml_node **ports, **mounts, **depends, **networks;
};

struct load {
	const char *file;
	struct arena *a;
	struct err *e;
	struct manifest *m;
	struct load_nodes *nodes; /* [i] belongs to m->services[i] */
};

/** load_fail() - yaml_fail() with the file. load_full() - the arena is full */
#define load_fail(l, node, code, ...) yaml_fail(node, (l)->file, (l)->e, code, __VA_ARGS__)
int load_full(struct load *l, const struct yaml_node *n);

/** load_wrap() - put the position in front of an error that knows none. Return: its code */
int load_wrap(struct load *l, const struct yaml_node *n);

/* value.c: scalars. All resolve "$$" and "${NAME:-default}". Return: 0; -EINVAL; -ENOTSUP; -EFBIG */

/** load_scalar() - text, number or true/false as text; load_text() - refuses unquoted numbers and so on */
int load_scalar(struct load *l, const struct yaml_node *n, char **ret_text);
int load_text(struct load *l, const struct yaml_node *n, char **ret_text);
int load_bool(struct load *l, const struct yaml_node *n, bool *ret_value);
int load_u64(struct load *l, const struct yaml_node *n, uint64_t min, uint64_t max,
	     uint64_t *ret_value);
int load_bytes(struct load *l, const struct yaml_node *n, uint64_t *ret_bytes);

/** load_texts() - list of texts, NULL-terminated */
int load_texts(struct load *l, const struct yaml_node *n, char ***ret_list, size_t *ret_n);

/** load_words() - one text, split as a shell would, or a list of texts */
int load_words(struct load *l, const struct yaml_node *n, char ***ret_list, size_t *ret_n);

/** load_name() - check of a service's, volume's or network's name */
int load_name(struct load *l, const struct yaml_node *n, const char *what, const char *name);

/** load_array() - zeroed array of @n + 1 elements; NULL was reported */
void *load_array(struct load *l, const struct yaml_node *n, size_t count, size_t size);

/** load_count() - entries of a list or map within MANIFEST_MAX_LIST. Return: 0; -EFBIG; -EINVAL not @kind */
int load_count(struct load *l, const struct yaml_node *n, enum yaml_kind kind);

/* words.c */

/**
 * words_split() - "a 'b c' d\ e" to words, as Compose does; what only a shell could do is refused
 *
 * Return: 0; -EINVAL; -EFBIG; -ENOMEM @a is full.
 */
int words_split(const char *text, struct arena *a, char ***ret_words, size_t *ret_n, struct err *e);

/* keys.c */

enum keys_place { KEYS_TOP, KEYS_SERVICE, KEYS_OTHER };

/**
 * keys_refuse() - why @key cannot be used here
 * @known: names that can, NULL-terminated
 * @where: "service \"web\"" and so on
 *
 * Return: -ENOTSUP a key of Compose that a device cannot honour; -EINVAL unknown.
 */
int keys_refuse(struct load *l, const struct yaml_node *key, enum keys_place place,
		const char *const *known, const char *where);

/** keys_check() - every key of @map is among @known or starts with "x-". Return: 0; as keys_refuse() */
int keys_check(struct load *l, const struct yaml_node *map, const char *const *known,
	       const char *where);

/* lists.c, mounts.c: lists of a service */
int load_env(struct load *l, const struct yaml_node *n, struct manifest_service *s);
int load_labels(struct load *l, const struct yaml_node *n, struct manifest_service *s);
int load_depends(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		 struct load_nodes *at);
int load_networks(struct load *l, const struct yaml_node *n, struct manifest_service *s,
		  struct load_nodes *at);
int load_ports(struct load *l, const struct yaml_node *n, struct manifest_service *s,
	       struct load_nodes *at);
int load_expose(struct load *l, const struct yaml_node *n);

/** load_mounts() - volumes: and tmpfs:, either may be NULL */
int load_mounts(struct load *l, const struct yaml_node *volumes, const struct yaml_node *tmpfs,
		struct manifest_service *s, struct load_nodes *at);

/* service.c, check.c */
int load_service(struct load *l, const struct yaml_node *key, const struct yaml_node *n,
		 struct manifest_service *s, struct load_nodes *at);

/** load_check() - what concerns more than one key or service; then services are in dependency order */
int load_check(struct load *l);
