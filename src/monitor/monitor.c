/* SPDX-License-Identifier: Apache-2.0 */
/* The process: set-up, the connection to the engine, and frames to events. */
#include "monitor/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/str.h"
#include "monitor/monitor_state.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/mem.h"
#include "sys/mnt.h"
#include "sys/ns.h"
#include "sys/sock.h"
#include "sys/watch.h"

#define FD_ENGINE 3
#define KEEP_CAP  (8 * 1024) /* the strings of MON_CREATE */

static struct monitor monitor;
static uint8_t keep_mem[KEEP_CAP];
static _Alignas(4096) uint8_t frame_mem[MSG_MAX];

static const struct {
	uint32_t type;
	enum monitor_event_id event;
} frame_events[] = {
	{MON_MOUNT, EVENT_MOUNT},   {MON_CREATE, EVENT_CREATE}, {MON_START, EVENT_START},
	{MON_KILL, EVENT_KILL},	    {MON_ATTACH, EVENT_ATTACH}, {MON_DETACH, EVENT_DETACH},
	{MON_RESIZE, EVENT_RESIZE}, {MON_STATUS, EVENT_STATUS}, {MON_ABORT, EVENT_ABORT},
};

static void drop_connection(struct monitor *m)
{
	loop_io_fini(&m->conn_io);
	sys_close(take_fd(&m->conn_fd));
}

static void on_frame(struct loop_io *io, uint32_t events)
{
	struct monitor *m = io->data;
	struct msg msg;
	size_t i = 0;
	int r = msg_recv(m->conn_fd, frame_mem, sizeof(frame_mem), &msg, MSG_DONTWAIT);

	(void)events;
	if (r == -EAGAIN)
		return;
	while (r == 1 && i < ARRAY_LEN(frame_events) && frame_events[i].type != msg.type)
		i++;
	if (r != 1 || i == ARRAY_LEN(frame_events)) { /* gone, or no engine of ours */
		if (r == 1)
			msg_close_fds(&msg);
		drop_connection(m);
		monitor_step(m, EVENT_ENGINE_GONE);
		return;
	}
	m->frame = &msg;
	monitor_step(m, frame_events[i].event);
	msg_close_fds(&msg);
	sys_release(frame_mem, sizeof(frame_mem)); /* the next frame may be months away */
}

static int use_connection(struct monitor *m, int fd)
{
	int r = sys_set_nonblock(fd, 1);

	drop_connection(m);
	if (r == 0)
		r = loop_io_init(&m->conn_io, &m->loop, fd, EPOLLIN, on_frame, m);
	if (r < 0) {
		sys_close(fd);
		return r;
	}
	m->conn_fd = fd;
	return msg_send_simple(fd, MON_READY);
}

/* Only an engine of the same user may talk to us; the latest one is in charge. */
static void on_connect(struct loop_io *io, uint32_t events)
{
	struct monitor *m = io->data;
	int fd = sys_accept(m->listen_fd);
	pid_t pid;
	uid_t uid;
	gid_t gid;

	(void)events;
	if (fd < 0)
		return;
	if (sys_peer_cred(fd, &pid, &uid, &gid) < 0 || uid != sys_get_uid()) {
		sys_close(fd);
		return;
	}
	use_connection(m, fd);
}

/* Ends of processes that nobody watches yet: the container's may be among them. */
static void on_orphan(struct loop *l, pid_t pid, struct sys_exit exit)
{
	struct monitor *m = &monitor;
	size_t at = m->n_orphans++ % MONITOR_MAX_ORPHANS;

	(void)l;
	m->orphans[at].pid = pid;
	m->orphans[at].exit = exit;
}

static int own_namespace(struct err *e)
{
	int r = sys_unshare(CLONE_NEWNS);

	if (r == 0)
		r = sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	return r < 0 ? err_set(e, r, "make a mount namespace") : 0;
}

static int open_dirs(struct monitor *m, const char *log_dir, struct err *e)
{
	m->run_fd = sys_open(AT_FDCWD, m->run_dir, O_RDONLY | O_DIRECTORY, 0);
	if (m->run_fd < 0)
		return err_set(e, m->run_fd, "open %s", m->run_dir);
	m->log_fd = sys_open(AT_FDCWD, log_dir, O_RDONLY | O_DIRECTORY, 0);
	return m->log_fd < 0 ? err_set(e, m->log_fd, "open %s", log_dir) : 0;
}

static int listen_for_engines(struct monitor *m, struct err *e)
{
	char path[512];
	int r;

	if (str_printf(path, sizeof(path), "%s/monitor.sock", m->run_dir) < 0)
		return err_set(e, -ENAMETOOLONG, "socket in %s", m->run_dir);
	m->listen_fd = sys_listen_unix(path, 0600, SOCK_SEQPACKET);
	if (m->listen_fd < 0)
		return err_set(e, m->listen_fd, "listen on %s", path);
	r = loop_io_init(&m->listen_io, &m->loop, m->listen_fd, EPOLLIN, on_connect, m);
	return r < 0 ? err_set(e, r, "listen on %s", path) : 0;
}

static int set_up(struct monitor *m, const char *log_dir, struct err *e)
{
	static const int ignored[] = {SIGPIPE, SIGHUP, SIGINT, SIGTERM};
	int r;

	sys_set_name("cleat-monitor");
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		sys_ignore_signal(ignored[i]); /* a monitor ends when its container has */
	r = sys_set_subreaper(true);
	if (r < 0)
		return err_set(e, r, "become a subreaper");
	r = own_namespace(e);
	if (r == 0)
		r = open_dirs(m, log_dir, e);
	if (r < 0)
		return r;
	r = loop_init(&m->loop, NULL, 0, NULL, NULL);
	if (r < 0)
		return err_set(e, r, "make an event loop");
	m->loop.reap_all = true;
	m->loop.orphan_fn = on_orphan;
	stdio_init(&m->stdio, &m->loop);
	r = listen_for_engines(m, e);
	if (r < 0)
		return r;
	r = use_connection(m, FD_ENGINE);
	return r < 0 ? err_set(e, r, "talk to the engine") : 0;
}

int monitor_main(int argc, char **argv)
{
	struct monitor *m = &monitor;
	struct err e = {0};
	char line[ERR_MSG_MAX + 32];
	int n;

	if (argc != 3)
		return 2;
	m->id = argv[0];
	m->run_dir = argv[1];
	m->run_fd = m->log_fd = m->conn_fd = m->listen_fd = -1;
	m->message_fd = m->console_fd = m->pidfd = m->oom_fd = -1;
	m->stdio.log.fd = -1;
	arena_init(&m->keep, keep_mem, sizeof(keep_mem));
	if (set_up(m, argv[2], &e) < 0) {
		n = snprintf(line, sizeof(line), "cleat @monitor: %s\n", e.msg);
		sys_write(2, line, (size_t)n);
		return 1;
	}
	return loop_run(&m->loop) < 0;
}
