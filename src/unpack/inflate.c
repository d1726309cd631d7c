/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inflate role: one compressed layer in, its archive out, both hashed. It has no capability, no file
 * system and no network: whoever takes it over by way of a decompressor can write bytes into a pipe.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "msg/msg.h"
#include "role/role.h"
#include "sys/fd.h"
#include "sys/watch.h"
#include "unpack/stream.h"
#include "unpack/unpack.h"

#define FD_IN	ROLE_FD_ARG
#define FD_OUT	(ROLE_FD_ARG + 1)
#define FD_COPY (ROLE_FD_ARG + 2)

static struct unpack_stream stream;
static char limit[64];
static uint8_t frame[512];

static int receive_start(int peer_fd, uint32_t *ret_compression, uint64_t *ret_max_bytes,
			 struct err *e)
{
	struct arena arena;
	struct dec d;
	struct msg m;
	int r = msg_recv(peer_fd, frame, sizeof(frame), &m, 0);

	if (r <= 0)
		return r < 0 ? err_set(e, r, "inflate: receive the order") : -EPIPE;
	msg_close_fds(&m);
	arena_init(&arena, limit, sizeof(limit));
	dec_init(&d, m.payload, m.len, &arena);
	*ret_compression = dec_u32(&d);
	*ret_max_bytes = dec_u64(&d);
	stream.limit = dec_str_req(&d);
	if (m.type != INFLATE_START || dec_done(&d) < 0 || *ret_compression > UNPACK_DETECT)
		return err_text(e, -EBADMSG, "inflate: malformed order");
	return 0;
}

static int begin(int peer_fd, struct err *e)
{
	const uint64_t most = (uint64_t)CONFIG_UNPACK_MAX_MIB << 20;
	uint64_t max_bytes = 0;
	uint32_t compression = 0;
	const char *symbol;
	int r = receive_start(peer_fd, &compression, &max_bytes, e);

	if (r < 0)
		return r;
	symbol = stream.limit;
	r = unpack_stream_init(&stream, FD_IN,
			       compression == UNPACK_DETECT ? IMAGE_TAR
							    : (enum image_compression)compression,
			       max_bytes && max_bytes < most ? max_bytes : most, e);
	if (r < 0)
		return r;
	if (max_bytes && max_bytes < most)
		stream.limit = symbol;
	stream.copy_fd = FD_COPY;
	return compression == UNPACK_DETECT ? unpack_stream_detect(&stream, e) : 0;
}

static int pass_on(struct err *e)
{
	const void *data;
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = unpack_stream_read(&stream, &data, e)) != 0)
		r = n < 0 ? (int)n : sys_write_all(FD_OUT, data, (size_t)n);
	return r < 0 && !e->code ? err_set(e, r, "pass the archive on") : r;
}

static int send_done(int peer_fd)
{
	struct digest blob, diff_id;
	struct msg_out o;

	sha256_final(&stream.blob, &blob);
	sha256_final(&stream.tar, &diff_id);
	msg_begin(&o, frame, sizeof(frame), INFLATE_DONE);
	enc_digest(&o.enc, &blob);
	enc_digest(&o.enc, &diff_id);
	enc_u64(&o.enc, stream.in_bytes);
	enc_u64(&o.enc, stream.out_bytes);
	return msg_send(peer_fd, &o);
}

static int send_error(int peer_fd, const struct err *e)
{
	struct msg_out o;

	msg_begin(&o, frame, sizeof(frame), INFLATE_ERROR);
	enc_i64(&o.enc, e->code);
	enc_str(&o.enc, e->msg);
	return msg_send(peer_fd, &o);
}

int inflate_role_main(int peer_fd)
{
	struct err e = {0};
	int r = sys_ignore_signal(SIGPIPE); /* the reader may go away at any time */

	if (r == 0)
		r = begin(peer_fd, &e);
	if (r == 0)
		r = pass_on(&e);
	r = r < 0 ? send_error(peer_fd, &e) : send_done(peer_fd);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
