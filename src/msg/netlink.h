/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Netlink messages: built in a fixed block of the caller's, parsed without trusting a length.
 * Spec: RFC 3549; the kernel's Documentation/userspace-api/netlink/intro.rst.
 */

struct nlmsghdr;

/** struct nl_buf - messages under construction. Overflow is sticky: append unchecked, ask nl_ok() once */
struct nl_buf {
	uint8_t *p; /* aligned to 4 */
	size_t cap, len;
	size_t msg_at; /* start of the open message */
	uint32_t seq;  /* of the newest message */
	bool overflow;
};

void nl_buf_init(struct nl_buf *b, void *mem, size_t cap);
void nl_buf_reset(struct nl_buf *b); /* empty again; sequence numbers go on */
static inline bool nl_ok(const struct nl_buf *b)
{
	return !b->overflow;
}

/** nl_begin() - start a message with its family header; NLM_F_REQUEST is added. Return: its sequence number */
uint32_t nl_begin(struct nl_buf *b, uint16_t type, uint16_t flags, const void *header, size_t len);
void nl_end(struct nl_buf *b);

void nl_put(struct nl_buf *b, uint16_t type, const void *data, size_t len);
void nl_put_u8(struct nl_buf *b, uint16_t type, uint8_t v);
void nl_put_u32(struct nl_buf *b, uint16_t type, uint32_t v); /* host byte order: rtnetlink */
void nl_put_be16(struct nl_buf *b, uint16_t type,
		 uint16_t v); /* network byte order: addresses, nftables */
void nl_put_be32(struct nl_buf *b, uint16_t type, uint32_t v);
void nl_put_str(struct nl_buf *b, uint16_t type, const char *s); /* with its NUL */

/** nl_nest() - open a nested attribute; give the result to nl_nest_end() */
size_t nl_nest(struct nl_buf *b, uint16_t type);
void nl_nest_end(struct nl_buf *b, size_t at);

/** struct nl_view - attributes that belong to somebody else */
struct nl_view {
	const uint8_t *p;
	size_t len;
};

/** nl_next() - the first message of *@rest, which moves behind it; NULL at the end or if malformed */
const struct nlmsghdr *nl_next(struct nl_view *rest);

/** nl_attrs() - what follows a family header of @header_len bytes; empty if the message is too short */
struct nl_view nl_attrs(const struct nlmsghdr *m, size_t header_len);

/** nl_find() - payload of attribute @type (nested flag ignored). Return: false if missing or malformed */
bool nl_find(struct nl_view attrs, uint16_t type, struct nl_view *ret_payload);
bool nl_find_u32(struct nl_view attrs, uint16_t type, uint32_t *ret_value); /* host byte order */
bool nl_find_be32(struct nl_view attrs, uint16_t type,
		  uint32_t *ret_value); /* network byte order */
bool nl_find_str(struct nl_view attrs, uint16_t type, char *dst,
		 size_t cap); /* false also if it does not fit */

/** struct nl_failure - what the kernel said about a request it refused */
struct nl_failure {
	uint32_t seq;	 /* of the refused message */
	uint32_t offset; /* of the attribute at fault inside it; 0 = not told */
	int code;	 /* -errno */
	char text[120];	 /* the kernel's own words, or "" */
};

/** nl_failure_read() - decode NLMSG_ERROR. Return: false if @m is none; code 0 is an acknowledgement */
bool nl_failure_read(const struct nlmsghdr *m, struct nl_failure *ret_failure);

typedef void nl_reply(const struct nlmsghdr *m, void *arg);

/** struct nl - one conversation with the kernel */
struct nl {
	int fd;
};

/** nl_open() - @netns_fd: -1 = our own namespace. Return: 0; -EOPNOTSUPP the kernel has no such family */
int nl_open(struct nl *nl, int protocol, int netns_fd, struct err *e);
void nl_close(struct nl *nl);

/**
 * nl_talk() - send the one request in @b, give each reply to @reply (may be NULL), wait for its end
 * @what: for the message: "<what>: <kernel's words>: <errno text>"
 *
 * Return: 0; the kernel's -errno; -EINTR a dump that changed under way (ask again); -ENOBUFS, -EPROTO.
 */
int nl_talk(struct nl *nl, struct nl_buf *b, nl_reply *reply, void *arg, const char *what,
	    struct err *e);
