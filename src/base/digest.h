/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define DIGEST_LEN	32 /* sha256 is the only algorithm; others are refused by name */
#define DIGEST_HEX_LEN	64
#define DIGEST_TEXT_CAP 72 /* "sha256:" + 64 digits + NUL */

struct digest {
	uint8_t b[DIGEST_LEN];
};

/**
 * digest_parse() - "sha256:" and exactly 64 lower-case hex digits
 *
 * Return: 0; -EPROTONOSUPPORT another algorithm; -EINVAL anything else (moby CVE-2014-9358).
 * Spec: OCI image-spec v1.1 "Digests".
 */
int digest_parse(struct span s, struct digest *ret_digest);

/** digest_hex() - 64 digits; digest_text() - with "sha256:" in front. Return: @dst */
char *digest_hex(char dst[static DIGEST_HEX_LEN + 1], const struct digest *d);
char *digest_text(char dst[static DIGEST_TEXT_CAP], const struct digest *d);
bool digest_eq(const struct digest *a, const struct digest *b);

/** struct sha256 - streaming hash, in the caller's memory */
struct sha256 {
	uint64_t len;
	uint32_t state[8];
	uint8_t block[64]; /* len % 64 bytes of it wait for more */
};

void sha256_init(struct sha256 *h);
void sha256_update(struct sha256 *h, const void *data, size_t len);
void sha256_final(const struct sha256 *h, struct digest *ret_digest);
