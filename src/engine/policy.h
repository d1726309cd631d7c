/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/digest.h"
#include "verify/verify.h"

/*
 * Whose signature an image must have: what CONFIG/policy.yaml says of the machine, and a manifest of its
 * own images. Both count: a manifest can ask for more, never for less.
 */

#define POLICY_MAX_KEYS 2

struct policy_key {
	char path[VERIFY_PATH_CAP];
	struct digest digest; /* of the file's bytes: how the store names the key */
	char pem[VERIFY_KEY_CAP];
};

struct policy_keys {
	struct policy_key keys[POLICY_MAX_KEYS];
	size_t n; /* 0 = it needs no signature */
};

/**
 * policy_find() - what is asked of an image of this name
 * @own: path of the key that a manifest asks for, or NULL
 *
 * The parse role reads policy.yaml: blocks for milliseconds if there is one.
 *
 * Return: 0; -EACCES images of this name are rejected, or a file is not root's alone; -errno: then nothing of it may be
 * used.
 */
int policy_find(const struct reference *ref, const char *own, struct policy_keys *ret_keys,
		struct err *e);

/**
 * policy_admits() - may the store's image be used under this name?
 *
 * Return: 0; -EKEYREJECTED its signature has to be looked for at the registry; -errno as policy_find().
 */
int policy_admits(const struct reference *ref, const char *own, const struct digest *image,
		  struct err *e);

/** policy_own() - the same of a manifest's rules. @ret_key: NULL = none. Return: 0; -EACCES it rejects them */
int policy_own(const struct verify_policy *rules, const struct reference *ref, const char **ret_key,
	       struct err *e);
