/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Included by tls/tls.h only: memory of the caller's. Mbed TLS has more, in a heap of its own (mbedtls.c). */

#include <mbedtls/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tls/facts.h"

/** struct tls_stream - a connection: 5 KiB, and 27 KiB of the heap */
struct tls_stream {
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	int fd, stall_ms;
	int io_code;	     /* -errno of the last operation on the connection */
	int first_byte;	     /* of what the server sent; -1 = nothing yet */
	int64_t deadline_ms; /* of the handshake, 0 = it is over */
	int64_t peek_ms;     /* since when, and for how many bytes, a record is waited for */
	size_t peek_bytes;
	enum tls_own own;
	char host[256];
	size_t pos, len;
	unsigned char data[4096];
};

/**
 * struct tls_checker - judges a server's chain
 *
 * Mbed TLS builds the chain and checks signatures; it asks here for authorities, and shows each certificate of the
 * chain before it decides.
 */
struct tls_checker {
	struct tls_facts f;
	const mbedtls_x509_crt *anchors; /* found last; Mbed TLS's */
	mbedtls_x509_crt own_chain;
	mbedtls_pk_context own_key;
	/* scratch */
	uint8_t candidate[CONFIG_TLS_CERT_BYTES];
	struct pem pem;
	struct identity own;
};

/* between the files of this library */
int tls_find_anchors(void *data, mbedtls_x509_crt const *child, mbedtls_x509_crt **ret_list);
int tls_judge(void *data, mbedtls_x509_crt *crt, int depth, uint32_t *flags);
int tls_random(void *data, unsigned char *out, size_t len);
