/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's side of the protocol, and the encoding both sides share. */
#include "monitor/monitor.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/str.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/sock.h"

#define SMALL_FRAME 128

const char *monitor_state_name(enum monitor_state s)
{
	static const char *const names[] = {
#define X(name) #name,
		MONITOR_STATES(X)
#undef X
	};

	return (size_t)s < ARRAY_LEN(names) ? names[s] : "?";
}

void monitor_mount_encode(struct enc *e, const struct monitor_mount *m)
{
	enc_strs(e, (const char *const *)m->lower, m->n_lower);
	enc_str(e, m->upper);
	enc_str(e, m->work);
	enc_str(e, m->options);
}

void monitor_mount_decode(struct dec *d, struct monitor_mount *ret_mount)
{
	struct monitor_mount m = {0};

	m.lower = dec_strs(d, MONITOR_MAX_LOWER, &m.n_lower);
	m.upper = dec_str(d);
	m.work = dec_str(d);
	m.options = dec_str(d);
	if (!m.n_lower || !m.upper != !m.work)
		d->bad = true;
	*ret_mount = m;
}

void monitor_create_encode(struct enc *e, const struct monitor_create *c)
{
	enc_str(e, c->runtime);
	enc_strs(e, (const char *const *)c->args, c->n_args);
	enc_str(e, c->oom_events);
	enc_bool(e, c->tty);
	enc_bool(e, c->stdin_open);
	enc_u64(e, c->log_max_bytes);
	enc_u32(e, c->log_files);
}

void monitor_create_decode(struct dec *d, struct monitor_create *ret_create)
{
	struct monitor_create c = {0};

	c.runtime = dec_str_req(d);
	c.args = dec_strs(d, MONITOR_MAX_ARGS, &c.n_args);
	c.oom_events = dec_str(d);
	c.tty = dec_bool(d);
	c.stdin_open = dec_bool(d);
	c.log_max_bytes = dec_u64(d);
	c.log_files = dec_u32(d);
	*ret_create = c;
}

static void read_text(struct dec *d, char *ret_text, size_t cap)
{
	struct span text = dec_bytes(d);

	if (str_copy_n(ret_text, cap, text.p, text.len) < 0)
		d->bad = true;
}

int monitor_event_decode(struct msg *m, struct monitor_event *ret_event)
{
	struct monitor_event ev = {.type = m->type, .fd = -1};
	struct dec d;

	dec_init(&d, m->payload, m->len, NULL);
	switch (m->type) {
	case MON_READY:
	case MON_STARTED:
		break;
	case MON_MOUNTED:
		if (m->n_fds == 1)
			ev.fd = take_fd(&m->fds[0]);
		else
			d.bad = true;
		break;
	case MON_CREATED:
		ev.pid = dec_u32(&d);
		break;
	case MON_STATE:
		ev.state = (enum monitor_state)dec_u32(&d);
		ev.pid = dec_u32(&d);
		ev.started_s = dec_i64(&d);
		if ((uint32_t)ev.state >= MONITOR_STATE_COUNT)
			d.bad = true;
		break;
	case MON_EXITED:
		ev.exit.code = (int32_t)dec_i64(&d);
		ev.exit.signaled = dec_bool(&d);
		ev.exit.oom = dec_bool(&d);
		ev.exit.started_s = dec_i64(&d);
		ev.exit.finished_s = dec_i64(&d);
		ev.exit.finished_ns = dec_u32(&d);
		read_text(&d, ev.exit.error, sizeof(ev.exit.error));
		break;
	case MON_FAILED:
	case MON_REFUSED:
		ev.exit.code = (int32_t)dec_i64(&d);
		read_text(&d, ev.exit.error, sizeof(ev.exit.error));
		break;
	default:
		d.bad = true;
	}
	msg_close_fds(m);
	if (dec_done(&d) < 0) {
		sys_close(ev.fd);
		return -EBADMSG;
	}
	*ret_event = ev;
	return 0;
}

pid_t monitor_spawn(const char *id, const char *run_dir, const char *log_dir, int *ret_fd,
		    struct err *e)
{
	const char *const argv[] = {"cleat", "@monitor", id, run_dir, log_dir, NULL};
	int fds[4] = {-1, -1, 2, -1}, pair[2], pidfd = -1, r;
	struct sys_spawn s = {
		.path = "/proc/self/exe",
		.argv = argv,
		.fds = fds,
		.n_fds = 4,
		.cgroup_fd = -1,
		.new_session = true,
	};
	pid_t pid;

	r = sys_socketpair_seqpacket(pair);
	if (r < 0)
		return err_set(e, r, "make a socket for the monitor of %s", id);
	fds[3] = pair[1];
	pid = sys_spawn(&s, &pidfd);
	sys_close(pair[1]);
	sys_close(pidfd);
	if (pid > 0)
		r = sys_set_nonblock(pair[0], 1);
	if (pid < 0 || r < 0) {
		sys_close(pair[0]);
		return err_set(e, pid < 0 ? pid : r, "start the monitor of %s", id);
	}
	*ret_fd = pair[0];
	return pid;
}

int monitor_connect(const char *run_dir, struct err *e)
{
	auto_close int fd = -1;
	char path[512];
	int r;

	if (str_printf(path, sizeof(path), "%s/monitor.sock", run_dir) < 0)
		return err_set(e, -ENAMETOOLONG, "socket in %s", run_dir);
	fd = sys_connect_unix(path, SOCK_SEQPACKET);
	if (fd < 0)
		return err_set(e, fd, "connect to %s", path);
	r = sys_set_nonblock(fd, 1);
	return r < 0 ? err_set(e, r, "connect to %s", path) : take_fd(&fd);
}

/* One frame at a time is built here; there are no threads. */
static uint8_t big_frame[MSG_MAX];

int monitor_send_mount(int fd, const struct monitor_mount *m)
{
	struct msg_out o;

	msg_begin(&o, big_frame, sizeof(big_frame), MON_MOUNT);
	monitor_mount_encode(&o.enc, m);
	return msg_send(fd, &o);
}

int monitor_send_create(int fd, const struct monitor_create *c)
{
	struct msg_out o;

	msg_begin(&o, big_frame, sizeof(big_frame), MON_CREATE);
	monitor_create_encode(&o.enc, c);
	return msg_send(fd, &o);
}

int monitor_send_simple(int fd, enum monitor_frame type)
{
	return msg_send_simple(fd, type);
}

static int send_numbers(int fd, enum monitor_frame type, uint32_t a, const uint32_t *b)
{
	uint8_t mem[SMALL_FRAME];
	struct msg_out o;

	msg_begin(&o, mem, sizeof(mem), type);
	enc_u32(&o.enc, a);
	if (b)
		enc_u32(&o.enc, *b);
	return msg_send(fd, &o);
}

int monitor_send_kill(int fd, int sig)
{
	return send_numbers(fd, MON_KILL, (uint32_t)sig, NULL);
}

int monitor_send_resize(int fd, uint32_t rows, uint32_t columns)
{
	return send_numbers(fd, MON_RESIZE, rows, &columns);
}

int monitor_send_detach(int fd, uint32_t client)
{
	return send_numbers(fd, MON_DETACH, client, NULL);
}

int monitor_send_attach(int fd, uint32_t client, uint32_t stdio, const int *fds, size_t n_fds)
{
	uint8_t mem[SMALL_FRAME];
	struct msg_out o;

	msg_begin(&o, mem, sizeof(mem), MON_ATTACH);
	enc_u32(&o.enc, client);
	enc_u32(&o.enc, stdio);
	for (size_t i = 0; i < n_fds; i++)
		msg_add_fd(&o, fds[i]);
	return msg_send(fd, &o);
}
