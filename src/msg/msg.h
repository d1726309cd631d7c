/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/codec.h"
#include "base/err.h"
#include "sys/sock.h"

/*
 * Typed frames with descriptors over SEQPACKET sockets: u32 type, then a payload in base/codec form.
 * One frame = one packet. The largest frame is MSG_MAX bytes; a document that is larger travels in
 * a memfd or pipe beside the frame.
 */

#define MSG_MAX	    (64 * 1024)
#define MSG_MAX_FDS SYS_SOCK_MAX_FDS

struct msg {
	uint32_t type;
	const uint8_t *payload; /* in the caller's buffer */
	size_t len;
	int fds[MSG_MAX_FDS]; /* the receiver's to close: msg_close_fds(), or take_fd() */
	size_t n_fds;
};

/** struct msg_out - a frame under construction: msg_begin(), enc_*(&o.enc, ...), msg_send() */
struct msg_out {
	struct enc enc;
	int fds[MSG_MAX_FDS]; /* borrowed */
	size_t n_fds;
};

/** msg_begin() - @mem of @cap bytes holds the frame */
void msg_begin(struct msg_out *o, void *mem, size_t cap, uint32_t type);
void msg_add_fd(struct msg_out *o, int fd); /* borrowed until msg_send() */

/** msg_send() - Return: 0; -EMSGSIZE did not fit @cap; -EAGAIN peer does not read; -EPIPE peer is gone */
int msg_send(int fd, struct msg_out *o);

/**
 * msg_recv() - next frame into @buf
 * @flags: MSG_DONTWAIT or 0
 *
 * Return: 1 frame; 0 the peer closed; -EAGAIN; -EBADMSG too short; -EMSGSIZE cut.
 */
int msg_recv(int fd, void *buf, size_t cap, struct msg *ret_msg, int flags);
void msg_close_fds(struct msg *m);

/** msg_send_simple() - frame without payload */
int msg_send_simple(int fd, uint32_t type);
