/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PEM_FILE_MAX (8 * 1024 * 1024) /* Debian's bundle has 220 KiB */

/** struct pem - reads the certificates of a file one at a time */
struct pem {
	int fd; /* borrowed; its offset is not used */
	off_t at;
	size_t pos, len;
	char chunk[2048];
};

void pem_init(struct pem *p, int fd);

/**
 * pem_next() - decode the next "BEGIN CERTIFICATE" block into @der
 *
 * Text around the blocks and blocks of other kinds are skipped, as is a certificate that is larger
 * than @cap or not base64: a bundle must not become useless by one entry.
 *
 * Return: length; 0 at the end; -EFBIG the file is larger than PEM_FILE_MAX; -errno. Spec: RFC 7468, 5
 */
ssize_t pem_next(struct pem *p, uint8_t *der, size_t cap);
