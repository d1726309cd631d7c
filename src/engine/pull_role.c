/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talk with the roles of a pull: a frame is checked and decoded in one place, and a role that ends or
 * breaks its protocol is an error like one that it reports.
 */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "engine/pull_job.h"
#include "sys/fd.h"

#define FRAME_CAP (16 * 1024)

static uint8_t frame[FRAME_CAP]; /* of one role at a time, in or out */

static int why_ended(struct role_proc *proc, struct err *e)
{
	const char *name = roles[proc->id].name + 1;
	struct sys_exit x = {0};

	role_end(proc, &x);
	if (x.signaled && x.code == SIGKILL)
		return err_text(
			e, -ENOMEM,
			"the %s role needed more than the pull's memory (CONFIG_PULL_MEMORY_KIB=%d), "
			"or was killed",
			name, CONFIG_PULL_MEMORY_KIB);
	return err_text(e, -ECONNRESET, "the %s role ended with %s %d", name,
			x.signaled ? "signal" : "status", x.code);
}

int pull_broken(const struct pull_role *role, struct err *e)
{
	return err_text(e, -EBADMSG, "the %s role broke its protocol",
			roles[role->proc.id].name + 1);
}

void pull_role_error(const struct pull_role *role, struct dec *d, struct err *e)
{
	int64_t code = dec_i64(d);
	char *text = dec_str_req(d);

	if (d->bad || code >= 0 || code < -4095)
		pull_broken(role, e);
	else
		err_text(e, (int)code, "%s", text);
}

/* Return: 1; 0 nothing yet; -errno the role is gone */
static int receive(struct pull_role *role, struct msg *ret_msg, struct err *e)
{
	struct role_proc *proc = &role->proc;
	int r = role_recv(proc, frame, sizeof(frame), ret_msg, MSG_DONTWAIT);

	if (r == 1)
		return 1;
	if (r == -EAGAIN)
		return 0;
	loop_io_fini(&role->io);
	if (r == -EPROTO) {
		role_end(proc, NULL);
		return err_text(e, r, "the %s role sent what it may not send and was ended",
				roles[proc->id].name + 1);
	}
	return why_ended(proc, e);
}

static void on_role(struct loop_io *io, uint32_t events)
{
	static char strings_mem[8 * 1024];
	static struct arena strings;
	struct pull_role *role = io->data;
	struct err e = {0};
	struct dec d;
	struct msg m;
	int r;

	(void)events;
	r = receive(role, &m, &e);
	if (r == 0)
		return;
	if (r < 0) {
		role->answer(role->data, 0, NULL, &e);
		return;
	}
	arena_init(&strings, strings_mem, sizeof(strings_mem));
	dec_init(&d, m.payload, m.len, &strings);
	msg_close_fds(&m);
	if (m.type == UNPACK_ERROR || m.type == INFLATE_ERROR) {
		pull_role_error(role, &d, &e);
		if (dec_done(&d) < 0)
			pull_broken(role, &e);
		m.type = 0;
	}
	role->answer(role->data, m.type, &d, &e);
}

int pull_role_watch(struct pull_role *role, struct loop *loop, pull_answer_fn *answer, void *data,
		    struct err *e)
{
	int r;

	role->answer = answer;
	role->data = data;
	r = loop_io_init(&role->io, loop, role->proc.peer_fd, EPOLLIN, on_role, role);
	return r < 0 ? err_set(e, r, "watch the %s role", roles[role->proc.id].name + 1) : 0;
}

void pull_role_end(struct pull_role *role)
{
	loop_io_fini(&role->io);
	role_end(&role->proc, NULL);
}

static int start(struct pull_role *role, struct pull_layer *l, enum role_id id, const int *fds,
		 size_t n_fds, pull_answer_fn *answer, struct err *e)
{
	struct pull *p = l->pull;
	int r = role_spawn(id, fds, n_fds, p->cgroup.procs, &role->proc, e);

	return r < 0 ? r : pull_role_watch(role, p->env.loop, answer, l, e);
}

static int order(const struct pull_role *role, struct msg_out *o, struct err *e)
{
	int r = msg_send(role->proc.peer_fd, o);

	return r < 0 ? err_set(e, r, "send the order to the %s role", roles[role->proc.id].name + 1)
		     : 0;
}

int pull_unpack_start(struct pull_layer *l, int in_fd, int staging_fd, int split_fd, int blob_fd,
		      uint32_t compression, uint64_t max_bytes, pull_answer_fn *inflated,
		      pull_answer_fn *unpacked, struct err *e)
{
	auto_close int from_fd = -1;
	auto_close int to_fd = -1;
	auto_close int reclaim_fd = -1;
	struct msg_out o;
	int fds[2], r = sys_pipe(fds, 0);

	if (r < 0)
		return err_set(e, r, "make a pipe");
	from_fd = fds[0];
	to_fd = fds[1];
	sys_pipe_size(to_fd, PULL_PIPE_BYTES);
	reclaim_fd = pull_cgroup_reclaim(l->pull);
	r = start(&l->inflate, l, ROLE_INFLATE, (const int[]){in_fd, to_fd, blob_fd}, 3, inflated,
		  e);
	if (r == 0)
		r = start(&l->unpack, l, ROLE_UNPACK,
			  (const int[]){from_fd, staging_fd, split_fd, reclaim_fd}, 4, unpacked, e);
	if (r < 0)
		return r;
	msg_begin(&o, frame, sizeof(frame), UNPACK_START);
	enc_u64(&o.enc, 0); /* what the build allows, of a file and of entries */
	enc_u64(&o.enc, 0);
	r = order(&l->unpack, &o, e);
	if (r < 0)
		return r;
	msg_begin(&o, frame, sizeof(frame), INFLATE_START);
	enc_u32(&o.enc, compression);
	enc_u64(&o.enc, max_bytes);
	enc_str(&o.enc, "CONFIG_MAX_IMAGE_MIB");
	return order(&l->inflate, &o, e);
}

int pull_unpack_lower_is(struct pull_layer *l, int64_t code, uint64_t bytes)
{
	struct msg_out o;

	msg_begin(&o, frame, sizeof(frame), UNPACK_LOWER_IS);
	enc_i64(&o.enc, code);
	enc_u64(&o.enc, bytes);
	return msg_send(l->unpack.proc.peer_fd, &o);
}
