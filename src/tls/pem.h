/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PEM_FILE_MAX (8 * 1024 * 1024) /* Debian's bundle has 220 KiB */

/** struct pem - reads the certificates of a file one at a time */
struct pem {
	int fd; /* borrowed; its offset is not used */
	off_t at;
	size_t pos, len;
	bool encrypted; /* a key was passed over, as it is encrypted */
	char chunk[2048];
};

void pem_init(struct pem *p, int fd);

enum pem_kind {
	PEM_CERTIFICATE, /* "CERTIFICATE" */
	PEM_KEY,	 /* "PRIVATE KEY", and the older "RSA PRIVATE KEY", "EC PRIVATE KEY" */
};

/**
 * pem_next() - decode the next block of @kind into @der
 *
 * Text around the blocks and blocks of other kinds are skipped, as is a block that is larger than @cap, encrypted, or
 * not base64: a bundle must not become useless by one entry. Of a key, @p and @der hold copies that the caller wipes.
 *
 * Return: length; 0 at the end; -EFBIG the file is larger than PEM_FILE_MAX; -errno.
 * Spec: RFC 7468, 5, 10, 11; RFC 1421, 4.6.1.1 (encrypted).
 */
ssize_t pem_next(struct pem *p, enum pem_kind kind, uint8_t *der, size_t cap);
