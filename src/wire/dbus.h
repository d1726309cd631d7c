/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * Messages of D-Bus, little-endian, between two ends of a socket without a bus. Written into a buf that holds
 * one message and nothing else, because alignment counts from its start; read from the bytes of one.
 * Spec: D-Bus Specification 0.43, "Message Protocol", "Marshaling (Wire Format)".
 */

#define DBUS_HEAD_BYTES	 16 /* what dbus_length() looks at */
#define DBUS_MAX_MESSAGE (128 * 1024 * 1024)

enum dbus_type { DBUS_CALL = 1, DBUS_RETURN = 2, DBUS_ERROR = 3, DBUS_SIGNAL = 4 };

/** struct dbus_message - one that was read: spans point into it, missing fields are empty */
struct dbus_message {
	uint8_t type;
	uint32_t serial, reply_serial;
	struct span path, interface, member, error, signature, body;
};

/** struct dbus_call - where a method is called; @signature: the types of its arguments, or NULL */
struct dbus_call {
	const char *path, *interface, *member, *signature;
};

/**
 * dbus_begin() - head of a method call with @serial (not 0); the arguments follow by the dbus_put functions
 * dbus_end() - close the message; ask buf_ok()
 */
void dbus_begin(struct buf *b, uint32_t serial, const struct dbus_call *c);
void dbus_end(struct buf *b);

/** dbus_align() - to @n bytes: 8 before each structure and entry of a dictionary */
void dbus_align(struct buf *b, size_t n);
void dbus_put_u32(struct buf *b, uint32_t v); /* also booleans and int32 */
void dbus_put_u64(struct buf *b, uint64_t v);
void dbus_put_str(struct buf *b, const char *s); /* also object paths */
void dbus_put_sig(struct buf *b, const char *s); /* the first half of a variant too */

/** dbus_open() - an array whose elements are aligned to @align. Return: @at of dbus_close(), which ends it */
size_t dbus_open(struct buf *b, size_t align);
void dbus_close(struct buf *b, size_t at, size_t align);

/** dbus_length() - of the message that begins with these bytes. Return: bytes; -EBADMSG no message of ours */
int64_t dbus_length(const uint8_t head[DBUS_HEAD_BYTES]);

/** dbus_parse() - one whole message. Return: 0; -EBADMSG */
int dbus_parse(struct span whole, struct dbus_message *ret_message);

/** struct dbus_in - arguments as they are read, first { .data = message.body }; what does not fit sets @bad and reads as nothing */
struct dbus_in {
	struct span data;
	size_t at;
	bool bad;
};
uint32_t dbus_get_u32(struct dbus_in *in);
struct span dbus_get_str(struct dbus_in *in); /* also object paths */
