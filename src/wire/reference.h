/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/digest.h"
#include "base/err.h"

#define REFERENCE_HOST_CAP     256
#define REFERENCE_REPO_CAP     256
#define REFERENCE_TAG_CAP      129
#define REFERENCE_TEXT_CAP     768
#define REFERENCE_PLATFORM_CAP 64

/** struct reference - an image reference, normalised as Docker does ("nginx" → docker.io/library/nginx:latest) */
struct reference {
	/* with port if one was given: "registry.example.com:5000", "[::1]:5000" */
	char host[REFERENCE_HOST_CAP];
	char repo[REFERENCE_REPO_CAP];
	char tag[REFERENCE_TAG_CAP]; /* "" if only a digest was given */
	struct digest digest;
	bool has_digest; /* then the tag only informs */
	/* which image of an index, "linux/arm64"; "" = this machine's. No part of the text */
	char platform[REFERENCE_PLATFORM_CAP];
};

/** reference_parse() - Return: 0; -EINVAL with what is wrong at which character. Spec: distribution reference grammar */
int reference_parse(const char *text, struct reference *ret_ref, struct err *e);

/** reference_format() - canonical full text, host/repo[:tag][@digest]. Return: @dst */
char *reference_format(char dst[static REFERENCE_TEXT_CAP], const struct reference *ref);

/** reference_same() - the same image of the same platform? */
bool reference_same(const struct reference *a, const struct reference *b);

/** reference_short() - as people write it: without docker.io/library/ . Return: @dst */
char *reference_short(char dst[static REFERENCE_TEXT_CAP], const struct reference *ref);
