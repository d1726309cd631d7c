/* SPDX-License-Identifier: Apache-2.0 */
#include "msg/msg.h"

#include <errno.h>
#include <string.h>

#include "sys/fd.h"

void msg_begin(struct msg_out *o, void *mem, size_t cap, uint32_t type)
{
	enc_init(&o->enc, mem, cap > MSG_MAX ? MSG_MAX : cap);
	o->n_fds = 0;
	enc_u32(&o->enc, type);
}

void msg_add_fd(struct msg_out *o, int fd)
{
	if (o->n_fds == MSG_MAX_FDS || fd < 0) {
		o->enc.overflow = true;
		return;
	}
	o->fds[o->n_fds++] = fd;
}

int msg_send(int fd, struct msg_out *o)
{
	if (!enc_ok(&o->enc))
		return -EMSGSIZE;
	return sys_send_fds(fd, o->enc.p, o->enc.len, o->fds, o->n_fds);
}

int msg_recv(int fd, void *buf, size_t cap, struct msg *ret_msg, int flags)
{
	struct msg m = {0};
	struct dec d;
	ssize_t n;

	n = sys_recv_fds(fd, buf, cap, m.fds, MSG_MAX_FDS, &m.n_fds, flags);
	if (n <= 0)
		return (int)n;
	dec_init(&d, buf, (size_t)n, NULL);
	m.type = dec_u32(&d);
	if (d.bad) {
		msg_close_fds(&m);
		return -EBADMSG;
	}
	m.payload = (const uint8_t *)buf + d.pos;
	m.len = (size_t)n - d.pos;
	*ret_msg = m;
	return 1;
}

void msg_close_fds(struct msg *m)
{
	for (size_t i = 0; i < m->n_fds; i++)
		sys_close(m->fds[i]);
	m->n_fds = 0;
}

int msg_send_simple(int fd, uint32_t type)
{
	struct msg_out o;
	uint8_t mem[4];

	msg_begin(&o, mem, sizeof(mem), type);
	return msg_send(fd, &o);
}
