/* SPDX-License-Identifier: Apache-2.0 */
/* The unpack role: one archive becomes one directory. */
#include <errno.h>
#include <stdlib.h>

#include "file/space.h"
#include "msg/msg.h"
#include "role/role.h"
#include "sys/fd.h"
#include "unpack/extract.h"
#include "unpack/unpack.h"

#define FRAME_CAP (UNPACK_PATH_CAP + 64)

_Static_assert(FRAME_CAP <= MSG_MAX, "a path does not fit a frame");

static uint8_t frame[FRAME_CAP];

static int send_opaque(const char *path, void *data, struct err *e)
{
	const int *peer_fd = data;
	struct msg_out o;
	int r;

	msg_begin(&o, frame, sizeof(frame), UNPACK_OPAQUE);
	enc_str(&o.enc, path);
	r = msg_send(*peer_fd, &o);
	return r < 0 ? err_set(e, r, "report an opaque directory") : 0;
}

/* Return: as unpack_lower_fn */
static int64_t read_lower(struct msg *m, struct err *e)
{
	struct dec d;
	int64_t code;
	uint64_t bytes;

	msg_close_fds(m);
	dec_init(&d, m->payload, m->len, NULL);
	code = dec_i64(&d);
	bytes = dec_u64(&d);
	if (m->type != UNPACK_LOWER_IS || dec_done(&d) < 0 || code > 0 || bytes > INT64_MAX)
		return err_text(e, -EBADMSG, "unpack: malformed answer");
	if (code == -ENOENT || code == -ENOTDIR || code == -ELOOP)
		return code;
	if (code == -EPERM)
		return err_text(e, -EPERM, "it is a hard link to something that is no file");
	return code < 0 ? err_set(e, (int)code, "copy from a layer below") : (int64_t)bytes;
}

static int64_t ask_lower(const char *path, bool dir, uint64_t max_bytes, void *data, struct err *e)
{
	const int *peer_fd = data;
	struct msg_out o;
	struct msg m;
	int r;

	msg_begin(&o, frame, sizeof(frame), UNPACK_LOWER);
	enc_str(&o.enc, path);
	enc_bool(&o.enc, dir);
	enc_u64(&o.enc, max_bytes);
	r = msg_send(*peer_fd, &o);
	if (r == 0)
		r = msg_recv(*peer_fd, frame, sizeof(frame), &m, 0);
	if (r <= 0)
		return err_set(e, r < 0 ? r : -EPIPE, "ask for the layers below");
	return read_lower(&m, e);
}

static int send_done(int peer_fd, const struct unpack_result *result)
{
	struct msg_out o;

	msg_begin(&o, frame, sizeof(frame), UNPACK_DONE);
	enc_u64(&o.enc, result->unpacked_bytes);
	enc_u64(&o.enc, result->entries);
	return msg_send(peer_fd, &o);
}

static int send_error(int peer_fd, const struct err *e)
{
	struct msg_out o;

	msg_begin(&o, frame, sizeof(frame), UNPACK_ERROR);
	enc_i64(&o.enc, e->code);
	enc_str(&o.enc, e->msg);
	return msg_send(peer_fd, &o);
}

static int receive_start(int peer_fd, struct unpack_job *job, struct err *e)
{
	struct dec d;
	struct msg m;
	int r = msg_recv(peer_fd, frame, sizeof(frame), &m, 0);

	if (r <= 0)
		return r < 0 ? err_set(e, r, "unpack: receive the order") : -EPIPE;
	msg_close_fds(&m);
	dec_init(&d, m.payload, m.len, NULL);
	job->max_bytes = dec_u64(&d);
	job->max_entries = dec_u64(&d);
	if (m.type != UNPACK_START || dec_done(&d) < 0)
		return err_text(e, -EBADMSG, "unpack: malformed order");
	return 0;
}

/* Return: 0; -EPIPE the starter wants no more; -errno */
static int sync_when_asked(int peer_fd, int root_fd, struct err *e)
{
	struct msg m;
	int r = msg_recv(peer_fd, frame, sizeof(frame), &m, 0);

	if (r <= 0)
		return r < 0 ? r : -EPIPE;
	msg_close_fds(&m);
	if (m.type != UNPACK_SYNC)
		return err_text(e, -EBADMSG, "unpack: malformed order");
	r = sys_syncfs(root_fd);
	if (r == 0)
		return msg_send_simple(peer_fd, UNPACK_SYNCED);
	err_set(e, r, "write the layer to the medium");
	return r == -ENOSPC ? file_no_space(root_fd, e) : r;
}

int unpack_role_main(int peer_fd)
{
	struct unpack_job job = {.layer_fd = ROLE_FD_ARG,
				 .root_fd = ROLE_FD_ARG + 1,
				 .split_fd = ROLE_FD_ARG + 2,
				 .reclaim_fd = ROLE_FD_ARG + 3,
				 .compression = IMAGE_TAR,
				 .plain = true,
				 .opaque = send_opaque,
				 .lower = ask_lower,
				 .data = &peer_fd};
	struct unpack_result result;
	struct err e = {0};
	int r;

	r = receive_start(peer_fd, &job, &e);
	if (r == 0)
		r = unpack_extract(&job, &result, &e);
	sys_close(job.layer_fd); /* or who writes to it would wait for us after a failure */
	if (r == 0)
		r = send_done(peer_fd, &result);
	if (r == 0)
		r = sync_when_asked(peer_fd, job.root_fd, &e);
	if (e.code)
		r = send_error(peer_fd, &e);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
