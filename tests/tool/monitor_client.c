/*
 * The engine's part in one container's life, for story tests:
 *
 *	monitor_client [OPTION...] CLEAT ID RUN_DIR LOG_DIR RUNTIME [RUNTIME-ARG...]
 *
 *	-t		with a terminal		-i	stdin_open, and ours goes there
 *	-a		attach our stdout and stderr
 *	-l DIR		a layer, top first; repeatable
 *	-u DIR -w DIR	upper and work directory of the overlay
 *	-o FILE		the cgroup's out-of-memory counter
 *	-s FILE		say "running" there, with pids of monitor and container
 *
 * What the monitor says is told on stderr. Ends with the container; SIGTERM becomes MON_KILL
 * SIGTERM, SIGUSR1 makes this engine go away without a word.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "monitor/monitor.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/sock.h"

static char *lower[MONITOR_MAX_LOWER];
static struct monitor_mount layers = {.lower = lower};
static struct monitor_create create = {.log_max_bytes = 1 << 20, .log_files = 2};
static const char *say_path;
static bool attach;
static int fd = -1;
static pid_t monitor_pid;

static _Noreturn void usage(void)
{
	fputs("usage: monitor_client [OPTION...] CLEAT ID RUN_DIR LOG_DIR RUNTIME [ARG...]\n",
	      stderr);
	exit(2);
}

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		_exit(0);
	monitor_send_kill(fd, sig);
}

static pid_t spawn(const char *cleat, const char *id, const char *run_dir, const char *log_dir)
{
	const char *const argv[] = {"cleat", "@monitor", id, run_dir, log_dir, NULL};
	int fds[4] = {-1, -1, 2, -1}, pair[2], pidfd;
	struct sys_spawn s = {.path = cleat,
			      .argv = argv,
			      .fds = fds,
			      .n_fds = 4,
			      .cgroup_fd = -1,
			      .new_session = true};
	pid_t pid;

	if (sys_socketpair_seqpacket(pair) < 0)
		return -1;
	fds[3] = pair[1];
	pid = sys_spawn(&s, &pidfd);
	sys_close(pair[1]);
	fd = pair[0];
	return pid;
}

static void say_running(uint32_t pid)
{
	FILE *f = say_path ? fopen(say_path, "w") : NULL;

	if (!f)
		return;
	fprintf(f, "running %d %u\n", (int)monitor_pid, pid);
	fclose(f);
}

static void do_attach(void)
{
	int fds[3];
	uint32_t bits = 0;
	size_t n = 0;

	if (create.stdin_open) {
		bits |= MON_ATTACH_STDIN | MON_ATTACH_STDIN_ONCE;
		fds[n++] = 0;
	}
	if (attach) {
		bits |= MON_ATTACH_STDOUT | MON_ATTACH_STDERR;
		fds[n++] = 1;
		fds[n++] = 2;
	}
	if (bits)
		monitor_send_attach(fd, 1, bits, fds, n);
}

/* Return: exit status when all is over; -1 */
static int on_event(const struct monitor_event *ev)
{
	static uint32_t pid;

	switch (ev->type) {
	case MON_READY:
		if (layers.n_lower)
			monitor_send_mount(fd, &layers);
		else
			monitor_send_create(fd, &create);
		break;
	case MON_MOUNTED:
		monitor_send_create(fd, &create);
		break;
	case MON_CREATED:
		pid = ev->pid;
		do_attach();
		monitor_send_simple(fd, MON_START);
		break;
	case MON_STARTED:
		say_running(pid);
		break;
	case MON_EXITED:
		fprintf(stderr, "exited %d%s%s\n", ev->exit.code,
			ev->exit.signaled ? " signaled" : "", ev->exit.oom ? " oom" : "");
		return ev->exit.code;
	case MON_FAILED:
		fprintf(stderr, "failed %d %s\n", ev->exit.code, ev->exit.error);
		return ev->exit.code;
	default:
		fprintf(stderr, "frame %#x %s\n", ev->type, ev->exit.error);
	}
	return -1;
}

static int talk(void)
{
	static uint8_t frame[MSG_MAX];

	for (;;) {
		struct monitor_event ev;
		struct sys_exit exit;
		struct msg m;
		int r = msg_recv(fd, frame, sizeof(frame), &m, 0);

		if (r == 0 || (r < 0 && r != -EINTR)) {
			fputs("the monitor is gone\n", stderr);
			return 99;
		}
		if (r < 0)
			continue;
		if (monitor_event_decode(&m, &ev) < 0) {
			fputs("the monitor sends nonsense\n", stderr);
			return 98;
		}
		r = on_event(&ev);
		sys_close(ev.fd);
		if (r >= 0) {
			sys_wait(monitor_pid, 0, &exit);
			return r;
		}
	}
}

int main(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "+tial:u:w:o:s:")) != -1) {
		switch (o) {
		case 't':
			create.tty = true;
			break;
		case 'i':
			create.stdin_open = true;
			break;
		case 'a':
			attach = true;
			break;
		case 'l':
			lower[layers.n_lower++] = optarg;
			break;
		case 'u':
			layers.upper = optarg;
			break;
		case 'w':
			layers.work = optarg;
			break;
		case 'o':
			create.oom_events = optarg;
			break;
		case 's':
			say_path = optarg;
			break;
		default:
			usage();
		}
	}
	argv += optind;
	argc -= optind;
	if (argc < 5)
		usage();
	create.runtime = argv[4];
	create.args = argv + 5;
	create.n_args = (size_t)(argc - 5);
	signal(SIGTERM, on_signal);
	signal(SIGUSR1, on_signal);
	monitor_pid = spawn(argv[0], argv[1], argv[2], argv[3]);
	if (monitor_pid < 0) {
		fputs("the monitor does not start\n", stderr);
		return 97;
	}
	return talk();
}
