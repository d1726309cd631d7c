/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the foreground: signals, and if the process has a terminal, keys, output and window size between the
 * caller's terminal and its. One poll over the signals and two streams, each of which waits either for
 * data or for room; so a file as standard input works, and nobody's slowness keeps a signal waiting.
 */
#include "runtime/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "base/str.h"
#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/proc.h"
#include "sys/sock.h"
#include "sys/watch.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif
#define DRAIN_MS                                                                                   \
	100 /* for what was written just before the end; a process in the background may hold the terminal open */
#define MAX_SIGNAL 64

/** bytes on their way; len = 0: waits for some */
struct stream {
	int from, to; /* from -1: over */
	size_t at, len;
	char data[4096]; /* a pipe that is ready for writing takes as many */
};

static struct stream keys, screen;

static int find_host(struct terminal *t, struct err *e)
{
	static const int usual[] = {2, 1, 0};

	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (sys_tty_is(usual[i])) {
			t->host_fd = usual[i];
			return 0;
		}
	t->host_fd = sys_open(AT_FDCWD, "/dev/tty", O_RDWR | O_NOCTTY, 0);
	t->own_host_fd = t->host_fd >= 0;
	return t->own_host_fd ? 0
			      : err_set(e, t->host_fd,
					"process.terminal: neither the standard descriptors nor "
					"/dev/tty are a terminal");
}

int terminal_plan(struct terminal *t, const char *socket, bool foreground, struct oci_process *p,
		  int *ret_fd, struct err *e)
{
	uint32_t rows, columns;
	int pair[2], r;

	terminal_init(t);
	*ret_fd = -1;
	if (!p->terminal)
		return socket ? err_text(e, -EINVAL,
					 "--console-socket is given, but there is no terminal")
			      : 0;
	if (socket) {
		r = *ret_fd = sys_connect_unix(socket, SOCK_STREAM);
		return r < 0 ? err_set(e, r, "console socket %s", socket) : 0;
	}
	if (!foreground)
		return err_text(e, -EINVAL, "cannot allocate tty: detached, use --console-socket");
	r = find_host(t, e);
	if (r < 0)
		return r;
	if (sys_tty_size(t->host_fd, &rows, &columns) == 0 && rows && columns) {
		p->rows = (uint16_t)rows;
		p->columns = (uint16_t)columns;
	}
	p->terminal_ours = true;
	r = sys_socketpair_seqpacket(pair);
	if (r < 0)
		return err_set(e, r, "socket pair");
	t->peer_fd = pair[0];
	*ret_fd = pair[1];
	return 0;
}

void terminal_fini(struct terminal *t)
{
	sys_tty_restore(&t->saved);
	if (t->own_host_fd)
		sys_close(t->host_fd);
	sys_close(t->peer_fd);
	terminal_init(t);
}

/* Return: @pid when it has ended; 0 not yet; -errno */
static pid_t reap(pid_t pid, struct sys_exit *ret_exit)
{
	pid_t r;

	do
		r = sys_wait(-1, WNOHANG, ret_exit);
	while (r > 0 && r != pid);
	return r;
}

/* URG is the runtime of Go programs talking to itself */
static void forward(pid_t pid, int pidfd, int sig)
{
	if (sig != SIGURG && sig != SIGPIPE && sig != SIGCHLD)
		sys_signal_process(pid, pidfd, sig);
}

static int wait_signals(pid_t pid, int pidfd, struct sys_exit *ret_exit)
{
	int r = reap(pid, ret_exit);

	while (r == 0) {
		int sig = sys_signal_wait(-1);

		if (sig < 0)
			return sig;
		forward(pid, pidfd, sig);
		if (sig == SIGCHLD)
			r = reap(pid, ret_exit);
	}
	return r < 0 ? r : 0;
}

static struct pollfd stream_poll(const struct stream *s)
{
	if (s->len)
		return (struct pollfd){.fd = s->to, .events = POLLOUT};
	return (struct pollfd){.fd = s->from, .events = POLLIN};
}

/* One step. What cannot be written any more is dropped, so that the process is not kept waiting. */
static void stream_step(struct stream *s)
{
	ssize_t n;

	if (!s->len) {
		n = sys_read(s->from, s->data, sizeof(s->data));
		if (n > 0)
			s->len = (size_t)n;
		else if (n != -EAGAIN)
			s->from = -1;
		s->at = 0;
		return;
	}
	n = sys_write(s->to, s->data + s->at, s->len - s->at);
	if (n == -EAGAIN)
		return;
	s->at += n < 0 ? s->len - s->at : (size_t)n;
	if (s->at == s->len)
		s->len = 0;
}

static void resize(const struct terminal *t)
{
	uint32_t rows, columns;

	if (sys_tty_size(t->host_fd, &rows, &columns) == 0)
		sys_tty_set_size(screen.from, rows, columns);
}

static int on_signals(const struct terminal *t, int signal_fd, pid_t pid, int pidfd,
		      struct sys_exit *ret_exit)
{
	int sig, r = 0;

	while ((sig = sys_signal_next(signal_fd)) > 0) {
		if (sig == SIGWINCH)
			resize(t);
		else
			forward(pid, pidfd, sig);
	}
	r = reap(pid, ret_exit);
	return r;
}

static int copy(const struct terminal *t, int signal_fd, pid_t pid, int pidfd,
		struct sys_exit *ret_exit)
{
	int r = reap(pid, ret_exit);
	bool ended = r > 0;

	while (r >= 0 && (!ended || screen.from >= 0)) {
		struct pollfd p[] = {
			{.fd = signal_fd, .events = POLLIN},
			stream_poll(&screen),
			stream_poll(&keys),
		};

		r = ended ? sys_poll(&p[1], 1, DRAIN_MS) : sys_poll(p, ARRAY_LEN(p), -1);
		if (r == 0)
			break;
		if (p[1].revents)
			stream_step(&screen);
		if (!ended && p[2].revents)
			stream_step(&keys);
		if (!ended && p[0].revents) {
			r = on_signals(t, signal_fd, pid, pidfd, ret_exit);
			ended = r > 0;
		}
	}
	return r < 0 && !ended ? r : 0;
}

static int take_master(struct terminal *t, int *ret_fd)
{
	char name[64];
	size_t n = 0;
	ssize_t r = sys_recv_fds(t->peer_fd, name, sizeof(name), ret_fd, 1, &n, MSG_DONTWAIT);

	if (r >= 0 && n != 1)
		r = -EPROTO;
	return r < 0 ? (int)r : sys_set_nonblock(*ret_fd, 1);
}

static int wait_terminal(struct terminal *t, pid_t pid, int pidfd, struct sys_exit *ret_exit)
{
	int signals[MAX_SIGNAL], r;
	auto_close int signal_fd = -1;
	auto_close int master = -1;

	for (int i = 0; i < MAX_SIGNAL; i++)
		signals[i] = i + 1;
	r = take_master(t, &master);
	if (r == 0)
		r = signal_fd = sys_signal_fd(signals, MAX_SIGNAL);
	if (r >= 0)
		r = sys_tty_raw(&t->saved, t->host_fd, true);
	if (r < 0)
		return r;
	keys = (struct stream){.from = 0, .to = master};
	screen = (struct stream){.from = master, .to = 1};
	return copy(t, signal_fd, pid, pidfd, ret_exit);
}

void terminal_flush(struct terminal *t)
{
	auto_close int master = -1;

	if (t->peer_fd < 0 || take_master(t, &master) < 0)
		return;
	screen = (struct stream){.from = master, .to = 1};
	while (screen.from >= 0) {
		struct pollfd p = stream_poll(&screen);

		if (sys_poll(&p, 1, DRAIN_MS) <= 0)
			return;
		stream_step(&screen);
	}
}

int terminal_slave(int master, const struct oci_process *p, struct err *e)
{
	struct winsize size = {.ws_row = p->rows, .ws_col = p->columns};
	struct statfs fs;
	int unlock = 0, r = master < 0 ? master : sys_statfs(master, &fs);

	if (r < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_text(e, r < 0 ? r : -EINVAL, "a terminal needs a devpts on /dev/pts");
	r = sys_ioctl(master, TIOCSPTLCK, &unlock);
	if (r == 0 && size.ws_row)
		r = sys_ioctl(master, TIOCSWINSZ, &size);
	if (r == 0 && p->terminal_ours)
		r = sys_tty_plain_newlines(master);
	if (r == 0)
		r = sys_ioctl(master, TIOCGPTPEER,
			      (void *)(uintptr_t)(O_RDWR | O_NOCTTY | O_CLOEXEC));
	return r < 0 ? err_set(e, r, "set up a terminal") : r;
}

int terminal_wait(struct terminal *t, pid_t pid, int pidfd, int *ret_status, struct err *e)
{
	struct sys_exit x = {0};
	int r = t->peer_fd < 0 ? wait_signals(pid, pidfd, &x) : wait_terminal(t, pid, pidfd, &x);

	terminal_fini(t);
	if (r < 0)
		return err_set(e, r, "wait for the container");
	*ret_status = sys_exit_code(x);
	return 0;
}
