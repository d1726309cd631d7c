/* SPDX-License-Identifier: Apache-2.0 */
/* What the cells of the table do. Each is called in the state that comes after it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/num.h"
#include "base/str.h"
#include "file/durable.h"
#include "monitor/monitor_state.h"
#include "sys/fd.h"
#include "sys/mem.h"
#include "sys/sock.h"

#define MAX_CODE_TEXT 256
#define PATH_CAP      512

/* One line to whoever looks at the engine's output. */
static void complain(struct monitor *m, const char *text)
{
	char line[MAX_CODE_TEXT + 128];
	int n = snprintf(line, sizeof(line), "cleat @monitor %.64s: %s\n", m->id, text);

	if (n > 0)
		sys_write(2, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* Answers -------------------------------------------------------------------------------------- */

static void send_small(struct monitor *m, uint32_t type, const uint32_t *number)
{
	uint8_t mem[16];
	struct msg_out o;

	msg_begin(&o, mem, sizeof(mem), type);
	if (number)
		enc_u32(&o.enc, *number);
	msg_send(m->conn_fd,
		 &o); /* an engine that is gone or does not read learns it by MON_STATUS */
}

static void send_text(struct monitor *m, uint32_t type, int code, const char *text)
{
	uint8_t mem[MAX_CODE_TEXT + 32];
	struct msg_out o;

	msg_begin(&o, mem, sizeof(mem), type);
	enc_i64(&o.enc, code);
	enc_str(&o.enc, text);
	msg_send(m->conn_fd, &o);
}

void monitor_tell_state(struct monitor *m)
{
	uint8_t mem[32];
	struct msg_out o;

	msg_begin(&o, mem, sizeof(mem), MON_STATE);
	enc_u32(&o.enc, m->state);
	enc_u32(&o.enc, (uint32_t)m->pid);
	enc_i64(&o.enc, m->record.started_s);
	msg_send(m->conn_fd, &o);
}

static void copy_cut(char *dst, size_t cap, const char *src)
{
	size_t n = 0;

	while (n < cap - 1 && src[n])
		n++;
	str_copy_n(dst, cap, src, n);
	if (src[n])
		dst[n - 1] = '~';
}

void monitor_fail(struct monitor *m, int code, const char *text)
{
	struct monitor_exit *x = &m->record;

	m->failed = true;
	x->code = code;
	copy_cut(x->error, sizeof(x->error), text);
	send_text(m, MON_FAILED, code, x->error);
}

/* Mount and create ----------------------------------------------------------------------------- */

static void malformed(struct monitor *m)
{
	monitor_fail(m, 125, "the engine sent a malformed frame");
	monitor_step(m, EVENT_FAILED);
}

/* Decoded strings: only while the frame is handled. On pages of its own, which are given back. */
static _Alignas(4096) uint8_t space[MSG_MAX];

void monitor_do_mount(struct monitor *m)
{
	struct monitor_mount mnt;
	struct msg_out o;
	struct err e = {0};
	struct arena a;
	struct dec d;
	uint8_t mem[8];
	int fd;

	arena_init(&a, space, sizeof(space));
	dec_init(&d, m->frame->payload, m->frame->len, &a);
	monitor_mount_decode(&d, &mnt);
	if (dec_done(&d) < 0) {
		malformed(m);
		return;
	}
	fd = monitor_overlay(m->run_fd, m->run_dir, &mnt, &e);
	sys_release(space, sizeof(space));
	if (fd < 0) {
		monitor_fail(m, 125, e.msg);
		monitor_step(m, EVENT_FAILED);
		return;
	}
	msg_begin(&o, mem, sizeof(mem), MON_MOUNTED);
	msg_add_fd(&o, fd);
	msg_send(m->conn_fd, &o);
	sys_close(fd);
}

static int make_stdio(struct monitor *m, const char *console_path, int child_fds[3])
{
	int message[2], r;

	if (!m->create.tty)
		return stdio_pipes(&m->stdio, m->create.stdin_open, child_fds);
	m->console_fd = sys_listen_unix(console_path, 0600, SOCK_STREAM);
	if (m->console_fd < 0)
		return m->console_fd;
	r = sys_pipe(message, O_NONBLOCK);
	if (r < 0)
		return r;
	m->message_fd = message[0];
	child_fds[2] = message[1];
	return 0;
}

static int run_create(struct monitor *m)
{
	char pid_file[PATH_CAP], console[PATH_CAP];
	const char *args[9] = {"create", "--bundle", m->run_dir, "--pid-file", pid_file};
	int child_fds[3] = {-1, -1, -1}, r;
	size_t n = 5;

	if (str_printf(pid_file, sizeof(pid_file), "%s/pid", m->run_dir) < 0 ||
	    str_printf(console, sizeof(console), "%s/console.sock", m->run_dir) < 0)
		return -ENAMETOOLONG;
	if (m->create.tty) {
		args[n++] = "--console-socket";
		args[n++] = console;
	}
	args[n++] = m->id;
	args[n] = NULL;
	r = make_stdio(m, console, child_fds);
	if (r == 0)
		r = monitor_run(m, args, child_fds);
	for (size_t i = 0; i < 3; i++)
		sys_close(child_fds[i]);
	return r;
}

/* a command that only has something to say when it fails */
static int run_simple(struct monitor *m, const char *const *args)
{
	int message[2], child_fds[3] = {-1, -1, -1}, r;

	sys_close(take_fd(&m->message_fd));
	r = sys_pipe(message, O_NONBLOCK);
	if (r == 0) {
		m->message_fd = message[0];
		child_fds[1] = child_fds[2] = message[1];
		r = monitor_run(m, args, child_fds);
		sys_close(message[1]);
	}
	if (r < 0)
		err_set(&m->error, r, "run %s %s", m->create.runtime, args[0]);
	return r;
}

void monitor_do_create(struct monitor *m)
{
	struct err e = {0};
	struct dec d;
	int r;

	dec_init(&d, m->frame->payload, m->frame->len, &m->keep);
	monitor_create_decode(&d, &m->create);
	if (dec_done(&d) < 0) {
		malformed(m);
		return;
	}
	if (log_writer_open(&m->stdio.log, m->log_fd, m->create.log_max_bytes, m->create.log_files,
			    &e) < 0)
		complain(m, e.msg); /* no reason not to run: lines are counted as lost */
	r = run_create(m);
	if (r < 0) {
		err_set(&e, r, "run %s create", m->create.runtime);
		monitor_fail(m, 125, e.msg);
		monitor_step(m, EVENT_FAILED);
	}
}

static int take_terminal(struct monitor *m)
{
	auto_close int conn = sys_accept(m->console_fd);
	char name[64];
	size_t n_fds = 0;
	ssize_t n;
	int fd;

	if (conn < 0)
		return conn;
	n = sys_recv_fds(conn, name, sizeof(name), &fd, 1, &n_fds, MSG_DONTWAIT);
	if (n < 0)
		return (int)n;
	return n_fds == 1 ? stdio_terminal(&m->stdio, fd) : -EBADMSG;
}

static int read_pid(struct monitor *m, struct err *e)
{
	char text[32];
	uint32_t pid;
	ssize_t n = file_read(m->run_fd, "pid", text, sizeof(text), e);

	if (n < 0)
		return (int)n;
	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (num_u32((struct span){text, (size_t)n}, INT32_MAX, &pid) < 0 || pid < 2)
		return err_text(e, -EBADMSG, "the runtime's pid file holds no pid");
	m->pid = (pid_t)pid;
	return 0;
}

static void container_ended(struct monitor *m, struct sys_exit exit)
{
	struct monitor_exit *x = &m->record;

	m->gone = true;
	if (!m->failed) {
		x->code = sys_exit_code(exit);
		x->signaled = exit.signaled;
	}
	x->oom = monitor_oom_happened(m->oom_fd); /* now: the cgroup goes with the delete */
	sys_realtime(&x->finished_s, &x->finished_ns);
	monitor_step(m, EVENT_CONTAINER_END);
}

static void on_container_end(struct loop_child *c, struct sys_exit exit)
{
	container_ended(c->data, exit);
}

/* It is our child since the runtime has gone, and may have ended before we knew its pid. */
static void watch_container(struct monitor *m)
{
	for (size_t i = 0; i < MONITOR_MAX_ORPHANS; i++) {
		if (m->orphans[i].pid == m->pid) {
			container_ended(m, m->orphans[i].exit);
			return;
		}
	}
	m->pidfd = sys_pidfd_open(m->pid);
	loop_child_init(&m->container, &m->loop, m->pid, on_container_end, m);
}

static int take_over(struct monitor *m, struct err *e)
{
	int r = read_pid(m, e);

	if (r < 0)
		return r;
	if (m->create.tty) {
		r = take_terminal(m);
		if (r < 0)
			return err_set(e, r, "take the terminal from %s", m->create.runtime);
	}
	if (m->create.oom_events)
		m->oom_fd = sys_open(AT_FDCWD, m->create.oom_events, O_RDONLY, 0);
	r = stdio_begin(&m->stdio);
	return r < 0 ? err_set(e, r, "watch the container's output") : 0;
}

void monitor_created(struct monitor *m)
{
	struct err e = {0};
	uint32_t pid;

	if (take_over(m, &e) < 0 || m->aborted) {
		monitor_fail(m, 125, m->aborted ? "given up while it was created" : e.msg);
		monitor_step(m, EVENT_FAILED);
		return;
	}
	pid = (uint32_t)m->pid;
	send_small(m, MON_CREATED, &pid);
	watch_container(m);
}

static void fail_by_runtime(struct monitor *m)
{
	char text[MAX_CODE_TEXT];
	int code;

	monitor_runtime_message(m, text, sizeof(text));
	code = m->runtime_code == 126 || m->runtime_code == 127 ? m->runtime_code
								: monitor_exit_code_of(text);
	monitor_fail(m, code, text);
}

void monitor_create_failed(struct monitor *m)
{
	if (m->aborted)
		monitor_fail(m, 125, "given up while it was created");
	else
		fail_by_runtime(m);
	monitor_step(
		m, EVENT_DRAINED); /* there is nothing to drain, but something to delete perhaps */
}

/* Start and run -------------------------------------------------------------------------------- */

void monitor_do_start(struct monitor *m)
{
	const char *const args[] = {"start", m->id, NULL};

	if (run_simple(m, args) < 0)
		monitor_step(m, EVENT_RUNTIME_FAILED);
}

void monitor_started(struct monitor *m)
{
	uint32_t ns;

	sys_realtime(&m->record.started_s, &ns);
	send_small(m, MON_STARTED, NULL);
	if (m->gone)
		monitor_step(m, EVENT_CONTAINER_END);
}

static void signal_container(struct monitor *m, int sig)
{
	if (m->gone || m->pid <= 1)
		return;
	if (m->pidfd < 0 || sys_pidfd_signal(m->pidfd, sig) == -ENOSYS)
		sys_kill(m->pid, sig); /* not reaped yet, so the number is still its own */
}

void monitor_start_failed(struct monitor *m)
{
	fail_by_runtime(m);
	signal_container(m, SIGKILL);
	if (m->gone)
		monitor_step(m, EVENT_CONTAINER_END);
}

void monitor_note_end(struct monitor *m)
{
	(void)m; /* the start's end comes first: it looks at m->gone */
}

void monitor_do_kill(struct monitor *m)
{
	struct dec d;
	uint32_t sig;

	dec_init(&d, m->frame->payload, m->frame->len, NULL);
	sig = dec_u32(&d);
	if (dec_done(&d) == 0 && sig >= 1 && sig <= 64)
		signal_container(m, (int)sig);
	else
		send_text(m, MON_REFUSED, 125, "not a signal");
}

void monitor_do_attach(struct monitor *m)
{
	uint32_t id, stdio;
	struct err e = {0};
	struct dec d;
	int r;

	dec_init(&d, m->frame->payload, m->frame->len, NULL);
	id = dec_u32(&d);
	stdio = dec_u32(&d);
	r = dec_done(&d);
	if (r == 0) {
		r = stdio_attach(&m->stdio, id, stdio, m->frame->fds, m->frame->n_fds);
		m->frame->n_fds = 0;
	}
	if (r < 0) {
		err_set(&e, r, "attach (at most CONFIG_MONITOR_CLIENTS=%d clients)",
			CONFIG_MONITOR_CLIENTS);
		send_text(m, MON_REFUSED, 125, e.msg);
	}
}

void monitor_do_detach(struct monitor *m)
{
	struct dec d;
	uint32_t id;

	dec_init(&d, m->frame->payload, m->frame->len, NULL);
	id = dec_u32(&d);
	if (dec_done(&d) == 0)
		stdio_detach(&m->stdio, id);
}

void monitor_do_resize(struct monitor *m)
{
	uint32_t rows, columns;
	struct dec d;

	dec_init(&d, m->frame->payload, m->frame->len, NULL);
	rows = dec_u32(&d);
	columns = dec_u32(&d);
	if (dec_done(&d) < 0 || rows > 0xffff || columns > 0xffff ||
	    stdio_resize(&m->stdio, rows, columns) < 0)
		send_text(m, MON_REFUSED, 125, "the container has no terminal of such a size");
}

void monitor_abort(struct monitor *m)
{
	m->aborted = true;
	if (m->state == MONITOR_CREATING)
		monitor_run_cancel(m);
	else
		signal_container(m, SIGKILL);
}

/* The end -------------------------------------------------------------------------------------- */

static void on_drained(void *data)
{
	monitor_step(data, EVENT_DRAINED);
}

void monitor_do_drain(struct monitor *m)
{
	stdio_drain(&m->stdio, on_drained, m);
}

void monitor_give_up(struct monitor *m)
{
	signal_container(m, SIGKILL);
	monitor_step(m, EVENT_DRAINED);
}

void monitor_do_delete(struct monitor *m)
{
	const char *args[] = {"delete", m->id, NULL, NULL};

	stdio_fini(&m->stdio);
	if (m->failed || m->aborted) {
		args[1] = "--force"; /* it may be half made, or not quite dead */
		args[2] = m->id;
	}
	if (run_simple(m, args) < 0)
		monitor_step(m, EVENT_RUNTIME_FAILED);
}

void monitor_deleted(struct monitor *m)
{
	monitor_end(m);
}

void monitor_delete_failed(struct monitor *m)
{
	char text[MAX_CODE_TEXT];

	complain(m, monitor_runtime_message(m, text, sizeof(text)));
	monitor_end(m);
}

static void send_exited(struct monitor *m)
{
	const struct monitor_exit *x = &m->record;
	uint8_t mem[sizeof(x->error) + 64];
	struct msg_out o;

	msg_begin(&o, mem, sizeof(mem), MON_EXITED);
	enc_i64(&o.enc, x->code);
	enc_bool(&o.enc, x->signaled);
	enc_bool(&o.enc, x->oom);
	enc_i64(&o.enc, x->started_s);
	enc_i64(&o.enc, x->finished_s);
	enc_u32(&o.enc, x->finished_ns);
	enc_str(&o.enc, x->error);
	msg_send(m->conn_fd, &o);
}

void monitor_end(struct monitor *m)
{
	struct monitor_exit *x = &m->record;
	struct err e = {0};

	if (!m->gone) { /* it never ran */
		if (!m->failed) {
			x->code = 125;
			str_copy(x->error, sizeof(x->error), "given up before it was created");
		}
		sys_realtime(&x->finished_s, &x->finished_ns);
	}
	if (monitor_exit_write(m->run_fd, x, &e) < 0)
		complain(m, e.msg);
	if (!m->failed)
		send_exited(m);
	sys_unlink(m->run_fd, "console.sock", 0);
	sys_unlink(m->run_fd, "monitor.sock", 0);
	loop_stop(&m->loop, 0);
}
