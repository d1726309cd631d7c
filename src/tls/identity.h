/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "tls/cert.h"
#include "tls/key.h"
#include "tls/pem.h"

/* Our own certificate and its key, as far as that is the same for each TLS library. */

#define IDENTITY_CERTS	   4	/* ours and what issued it */
#define IDENTITY_KEY_BYTES 3072 /* RSA with 4096 bits in PKCS#8 has 2.4 KiB */
#define IDENTITY_CERT	   "client.cert"
#define IDENTITY_KEY	   "client.key"

/** struct tls_identity - where they are; see tls_connect() */
struct tls_identity {
	int cert_fd, key_fd; /* PEM, borrowed, read with pread */
	const char *host;    /* whom they are for: nobody else is shown them */
};

/** struct identity - read, for as long as a handshake takes */
struct identity {
	size_t n_certs;
	struct der certs[IDENTITY_CERTS]; /* our own first */
	struct key key, public;
	size_t key_len; /* of key_mem */
	char subject[CERT_NAME_CAP];
	uint8_t chain_mem[CONFIG_TLS_CERT_BYTES]; /* for all of them */
	uint8_t key_mem[IDENTITY_KEY_BYTES];
};

/**
 * identity_load() - read and check both files
 * @registry: whose certs.d folder error texts name
 * @now_s:    what time it is
 * @pem:      scratch, wiped
 *
 * That the key is the certificate's is checked here for RSA; of an EC key the library has to find out.
 *
 * Return: 0; -EINVAL, -EFBIG; -EKEYEXPIRED, -ETIME not valid yet; -errno. Wiped on failure.
 */
int identity_load(struct identity *id, const struct tls_identity *files, const char *registry,
		  int64_t now_s, struct pem *pem, struct err *e);

/** identity_wipe() - forget the key; harmless if there is none */
void identity_wipe(struct identity *id);

/** identity_other_key() - explain that the key is not the certificate's. Return: -EINVAL */
int identity_other_key(const char *registry, struct err *e);
