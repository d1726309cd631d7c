/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/*
 * A TLS client on a connected socket. This header is all that others see of the library behind it;
 * struct tls_stream (one connection) and struct tls_checker (one handshake at a time) come from the
 * configured one.
 */
#if CONFIG_TLS_BEARSSL
#include "tls/bearssl.h"
#else
#include "tls/mbedtls.h"
#endif

#define TLS_MIN_BYTES 1024 /* what a peer must send in stall_ms, or it is broken */

/**
 * tls_connect() - handshake
 * @checker:  scratch memory for this call
 * @own:      our certificate, if the server asks for one; NULL = none. The key is read and wiped within this call
 * @fd:       connected, non-blocking; borrowed
 * @host:     what the certificate must be for: a name, or an address literal without brackets
 * @stall_ms: longest wait for the peer's next bytes
 * @ret_class: set on failure
 *
 * TLS 1.2 or, if the library has it, 1.3, with forward secrecy and authenticated encryption; SHA-1 signatures, RSA keys below 2048
 * bits and certificates without subjectAltName are refused.
 *
 * Return: 0; -EBADMSG, -ETIMEDOUT, -ECONNRESET ... with a text for people that says what to do.
 */
int tls_connect(struct tls_stream *s, struct tls_checker *checker, const struct tls_trust *trust,
		const struct tls_identity *own, int fd, const char *host, int stall_ms,
		enum tls_class *ret_class, struct err *e);

/** tls_own_hint() - what to say when the server refuses, because of our certificate or the lack of it. Return: "" = nothing */
const char *tls_own_hint(const struct tls_stream *s);

/** tls_close() - forget the connection's keys; idempotent, after tls_connect() has succeeded or failed. @fd stays open */
void tls_close(struct tls_stream *s);

/** tls_send() - all of @data, flushed. Return: 0; -errno */
int tls_send(struct tls_stream *s, const void *data, size_t len, struct err *e);

/**
 * tls_peek() - wait for data and look at it in the record buffer; tls_skip() - use up @len bytes of it
 *
 * Return: 1; 0 the peer ended the stream properly; -ETIMEDOUT stalled, also one that sends a record too
 * slowly to be waited for; -ECONNRESET cut off; -EBADMSG, also records that hold nothing without end.
 */
int tls_peek(struct tls_stream *s, struct span *ret_data, struct err *e);
void tls_skip(struct tls_stream *s, size_t len);

/** tls_pending() - is there anything unread, or has the peer ended the stream? Then it cannot be reused */
bool tls_pending(struct tls_stream *s);
