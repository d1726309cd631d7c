/*
 * A real monitor with a runtime that this program plays itself: as "@monitor" it is the monitor, as
 * "@runtime MODE create|start|delete" an OCI runtime whose container does what MODE says.
 */
#include "test.h"

#include "roles.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "fake/old_kernel.h"
#include "log/follow.h"
#include "monitor/monitor.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/sock.h"
#include "sys/watch.h"

/* The runtime ---------------------------------------------------------------------------------- */

static const char *option(int argc, char **argv, const char *name)
{
	for (int i = 0; i + 1 < argc; i++)
		if (str_eq(argv[i], name))
			return argv[i + 1];
	return NULL;
}

static void touch(const char *path)
{
	close(open(path, O_CREAT | O_WRONLY, 0600));
}

static void put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		_exit(99);
}

static void flood(size_t total)
{
	char line[100];

	memset(line, 'f', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (size_t n = 0; n < total; n += sizeof(line))
		if (write(1, line, sizeof(line)) < 0)
			_exit(99);
}

static int container(const char *mode)
{
	char buf[2048];
	ssize_t n;

	if (str_eq(mode, "echo")) {
		put(1, "hello\n");
		put(2, "oops\n");
		put(1, "no newline");
		return 7;
	}
	if (str_eq(mode, "cat") || str_eq(mode, "tty")) {
		while ((n = read(0, buf, sizeof(buf))) > 0)
			if (write(1, buf, (size_t)n) != n)
				return 98;
		return 0;
	}
	if (str_eq(mode, "size")) {
		struct winsize w = {0};

		while (w.ws_row != 33 && ioctl(0, TIOCGWINSZ, &w) == 0)
			sys_sleep_ms(5);
		snprintf(buf, sizeof(buf), "%d x %d\n", w.ws_row, w.ws_col);
		put(1, buf);
		return 0;
	}
	if (str_eq(mode, "flood"))
		flood(1 << 20);
	if (str_eq(mode, "kill"))
		raise(SIGKILL);
	if (str_eq(mode, "sleep"))
		for (;;)
			pause();
	return 0;
}

static void run_container(const char *mode)
{
	char c;
	int fd = open("go", O_RDONLY);

	if (fd < 0 || read(fd, &c, 1) != 1)
		_exit(97);
	close(fd);
	_exit(container(mode));
}

static int open_terminal(const char *socket_path)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), sock, unlock = 0, slave;
	unsigned int number = 0;
	char name[32];
	struct termios raw;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 ||
	    ioctl(master, TIOCGPTN, &number) < 0)
		_exit(96);
	snprintf(name, sizeof(name), "/dev/pts/%u", number);
	slave = open(name, O_RDWR | O_NOCTTY);
	tcgetattr(slave, &raw);
	raw.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(slave, TCSANOW, &raw);
	sock = sys_connect_unix(socket_path, SOCK_STREAM);
	if (sock < 0 || sys_send_fds(sock, "/dev/ptmx", 9, &master, 1) < 0)
		_exit(95);
	return slave;
}

static int create(const char *mode, int argc, char **argv)
{
	const char *console = option(argc, argv, "--console-socket");
	int slave = console ? open_terminal(console) : -1;
	char text[16];
	pid_t pid;
	FILE *f;

	if (chdir(option(argc, argv, "--bundle")) < 0)
		return 94;
	if (str_eq(mode, "no-create")) {
		put(2, "cannot create:\n\tno luck\n");
		return 1;
	}
	if (str_eq(mode, "not-found")) {
		put(2, "exec: \"nope\": executable file not found in $PATH\n");
		return 1;
	}
	if (str_eq(mode, "own-code"))
		return 126;
	if (str_eq(mode, "hang"))
		for (;;)
			pause();
	if (str_eq(mode, "no-pid"))
		return 0;
	mkfifo("go", 0600);
	pid = fork();
	if (pid == 0) {
		if (str_eq(mode, "early"))
			_exit(5);
		for (int i = 0; slave >= 0 && i < 3; i++)
			dup2(slave, i);
		if (slave > 2)
			close(slave);
		run_container(mode);
	}
	if (str_eq(mode, "early"))
		sys_sleep_ms(50);
	f = fopen(option(argc, argv, "--pid-file"), "w");
	snprintf(text, sizeof(text), "%d", (int)pid);
	fputs(text, f);
	fclose(f);
	return 0;
}

static int runtime(int argc, char **argv)
{
	const char *mode = argv[0];
	int go;

	if (str_eq(argv[2], "create"))
		return create(mode, argc - 3, argv + 3);
	if (chdir(argv[1]) < 0)
		return 93;
	if (str_eq(argv[2], "start")) {
		if (str_eq(mode, "no-start")) {
			put(2, "exec /bin/x: permission denied\n");
			return 1;
		}
		go = open("go", O_WRONLY);
		if (go < 0 || write(go, "g", 1) != 1)
			return 92;
		if (str_eq(mode, "kill"))
			sys_sleep_ms(50); /* the container ends before its start does */
		return 0;
	}
	touch(str_eq(argv[3], "--force") ? "deleted-force" : "deleted");
	return str_eq(mode, "no-delete");
}

/* The engine ----------------------------------------------------------------------------------- */

static char run_dir[256], log_dir[256], top[200];
static int fd = -1, run_fd = -1;
static pid_t pid;
static uint8_t frame[MSG_MAX];

static struct monitor_event wait_event(int timeout_ms)
{
	struct monitor_event ev = {.fd = -1};
	struct msg m;
	int r = sys_poll_one(fd, POLLIN, timeout_ms);

	if (r == 0)
		fail_msg("the monitor says nothing");
	r = msg_recv(fd, frame, sizeof(frame), &m, 0);
	assert_true(r >= 0);
	if (r == 1)
		assert_int_equal(monitor_event_decode(&m, &ev), 0);
	return ev; /* type 0: it hung up */
}

static struct monitor_event expect(uint32_t type)
{
	struct monitor_event ev = wait_event(10000);

	if (ev.type != type)
		fail_msg("frame %#x instead of %#x: %s", ev.type, type, ev.exit.error);
	return ev;
}

static void begin(const char *mode, bool tty, bool stdin_open)
{
	static char *args[4];
	struct monitor_create c = {.runtime = (char *)"/proc/self/exe",
				   .args = args,
				   .n_args = 3,
				   .tty = tty,
				   .stdin_open = stdin_open,
				   .log_files = 1};
	struct err e = {0};

	args[0] = (char *)"@runtime";
	args[1] = (char *)(uintptr_t)mode;
	args[2] = run_dir;
	pid = monitor_spawn("box", run_dir, log_dir, &fd, &e);
	assert_true(pid > 0);
	expect(MON_READY);
	assert_int_equal(monitor_send_create(fd, &c), 0);
}

static void begin_and_start(const char *mode, bool tty, bool stdin_open)
{
	begin(mode, tty, stdin_open);
	expect(MON_CREATED);
	assert_int_equal(monitor_send_simple(fd, MON_START), 0);
	expect(MON_STARTED);
}

/* The monitor is gone, with this exit record. */
static struct monitor_exit ended(void)
{
	struct monitor_exit x;
	struct err e = {0};
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	pid = 0;
	assert_int_equal(monitor_exit_read(run_fd, &x, &e), 0);
	assert_int_equal(faccessat(run_fd, "monitor.sock", F_OK, 0), -1);
	return x;
}

static bool exists(const char *name)
{
	return faccessat(run_fd, name, F_OK, 0) == 0;
}

/* all of the log as one text, per stream */
static void read_log(char *out, char *err, size_t cap)
{
	static struct log_reader r;
	struct err e = {0};
	struct log_entry entry;
	size_t n[2] = {0, 0};
	int dir = open(log_dir, O_RDONLY | O_DIRECTORY);

	assert_int_equal(log_reader_open(&r, dir, LOG_TAIL_ALL, INT64_MIN, 0, false, &e), 0);
	while (log_reader_next(&r, &entry) == 1) {
		char *to = entry.stream == LOG_STDERR ? err : out;

		assert_true(n[entry.stream] + entry.len < cap);
		memcpy(to + n[entry.stream], entry.text, entry.len);
		n[entry.stream] += entry.len;
	}
	out[n[0]] = err[n[1]] = '\0';
	log_reader_close(&r);
	close(dir);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(run_dir, sizeof(run_dir), "%s/run", top);
	snprintf(log_dir, sizeof(log_dir), "%s/log", top);
	assert_int_equal(system("rm -rf run log && mkdir run log"), 0);
	run_fd = open(run_dir, O_RDONLY | O_DIRECTORY);
	return run_fd < 0;
}

static int tear_down(void **state)
{
	int status;

	(void)state;
	close(fd);
	close(run_fd);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	fd = run_fd = -1;
	pid = 0;
	return 0;
}

static void a_life(void **state)
{
	static char out[4096], err[4096];
	struct monitor_event ev;
	struct monitor_exit x;

	(void)state;
	begin_and_start("echo", false, false);
	ev = expect(MON_EXITED);
	assert_int_equal(ev.exit.code, 7);
	assert_false(ev.exit.signaled || ev.exit.oom);
	x = ended();
	assert_int_equal(x.code, 7);
	assert_true(x.started_s > 1700000000 && x.finished_s >= x.started_s);
	assert_string_equal(x.error, "");
	assert_true(exists("deleted") && !exists("deleted-force"));
	read_log(out, err, sizeof(out));
	assert_string_equal(out, "hello\nno newline");
	assert_string_equal(err, "oops\n");
}

static void end_before_the_start_returns(void **state)
{
	struct monitor_event ev;

	(void)state;
	begin_and_start("kill", false, false);
	ev = expect(MON_EXITED);
	assert_int_equal(ev.exit.code, 128 + SIGKILL);
	assert_true(ev.exit.signaled);
	assert_true(ev.exit.started_s > 0);
	ended();
}

/* reaped together with, or before, the runtime that would have told its pid */
static void end_before_it_is_known(void **state)
{
	struct monitor_event ev;

	(void)state;
	begin("early", false, false);
	expect(MON_CREATED);
	ev = expect(MON_EXITED);
	assert_int_equal(ev.exit.code, 5);
	assert_int_equal(ev.exit.started_s, 0);
	ended();
}

static void failing_create(void **state)
{
	static const struct {
		const char *mode, *text;
		int code;
	} cases[] = {
		{"no-create", "cannot create:  no luck", 125},
		{"not-found", "exec: \"nope\": executable file not found in $PATH", 127},
		{"own-code", "/proc/self/exe failed without a message", 126},
		{"no-pid", "open pid: No such file or directory", 125},
	};
	struct monitor_event ev;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(cases[i].mode, false, false);
		ev = expect(MON_FAILED);
		assert_int_equal(ev.exit.code, cases[i].code);
		assert_string_equal(ev.exit.error, cases[i].text);
		assert_int_equal(wait_event(5000).type, 0);
		assert_int_equal(ended().code, cases[i].code);
		assert_true(exists("deleted-force"));
		tear_down(state);
		set_up(state);
	}
}

static void missing_runtime(void **state)
{
	struct monitor_create c = {.runtime = (char *)"/nonexistent/runtime", .log_files = 1};
	struct err e = {0};
	struct monitor_event ev;

	(void)state;
	pid = monitor_spawn("box", run_dir, log_dir, &fd, &e);
	expect(MON_READY);
	assert_int_equal(monitor_send_create(fd, &c), 0);
	ev = expect(MON_FAILED);
	assert_int_equal(ev.exit.code, 125);
	assert_string_equal(ev.exit.error,
			    "run /nonexistent/runtime create: No such file or directory");
	ended();
}

static void failing_start(void **state)
{
	struct monitor_event ev;
	struct monitor_exit x;

	(void)state;
	begin("no-start", false, false);
	expect(MON_CREATED);
	assert_int_equal(monitor_send_simple(fd, MON_START), 0);
	ev = expect(MON_FAILED);
	assert_int_equal(ev.exit.code, 126);
	x = ended();
	assert_int_equal(x.code, 126);
	assert_string_equal(x.error, "exec /bin/x: permission denied");
	assert_true(exists("deleted-force"));
}

static void failing_delete_still_ends(void **state)
{
	(void)state;
	begin_and_start("no-delete", false, false);
	expect(MON_EXITED);
	assert_int_equal(ended().code, 0);
}

static void kill_and_refusals(void **state)
{
	struct monitor_event ev;

	(void)state;
	begin("sleep", false, false);
	ev = expect(MON_CREATED);
	assert_true(ev.pid > 1);
	assert_int_equal(monitor_send_resize(fd, 1, 1), 0);
	expect(MON_REFUSED); /* no terminal */
	assert_int_equal(monitor_send_kill(fd, 0), 0);
	expect(MON_REFUSED);
	assert_int_equal(monitor_send_kill(fd, 65), 0);
	expect(MON_REFUSED);
	assert_int_equal(monitor_send_simple(fd, MON_STATUS), 0);
	assert_int_equal(expect(MON_STATE).state, MONITOR_CREATED);
	assert_int_equal(monitor_send_simple(fd, MON_START), 0);
	expect(MON_STARTED);
	assert_int_equal(monitor_send_simple(fd, MON_START), 0);
	ev = expect(MON_REFUSED);
	assert_string_equal(ev.exit.error, "START is not possible in state RUNNING");
	assert_int_equal(monitor_send_kill(fd, SIGUSR1), 0);
	ev = expect(MON_EXITED);
	assert_int_equal(ev.exit.code, 128 + SIGUSR1);
	ended();
}

static void abort_in_each_state(void **state)
{
	struct monitor_exit x;

	begin("hang", false, false); /* CREATING: the runtime is killed */
	assert_int_equal(monitor_send_simple(fd, MON_STATUS), 0);
	assert_int_equal(expect(MON_STATE).state, MONITOR_CREATING);
	assert_int_equal(monitor_send_simple(fd, MON_ABORT), 0);
	expect(MON_FAILED);
	assert_string_equal(ended().error, "given up while it was created");
	tear_down(state);
	set_up(state);

	begin("sleep", false, false); /* CREATED */
	expect(MON_CREATED);
	assert_int_equal(monitor_send_simple(fd, MON_ABORT), 0);
	assert_int_equal(expect(MON_EXITED).exit.code, 137);
	ended();
	assert_true(exists("deleted-force"));
	tear_down(state);
	set_up(state);

	begin_and_start("sleep", false, false); /* RUNNING */
	assert_int_equal(monitor_send_simple(fd, MON_ABORT), 0);
	assert_int_equal(expect(MON_EXITED).exit.code, 137);
	x = ended();
	assert_true(x.signaled);
}

static void engine_gone_before_create_ends_it(void **state)
{
	struct err e = {0};

	(void)state;
	pid = monitor_spawn("box", run_dir, log_dir, &fd, &e);
	expect(MON_READY);
	close(fd);
	fd = -1;
	assert_string_equal(ended().error, "given up before it was created");
}

static void survives_its_engine(void **state)
{
	struct err e = {0};
	struct monitor_event ev;
	int old;

	(void)state;
	begin_and_start("sleep", false, false);
	old = fd;
	close(old);
	fd = monitor_connect(run_dir, &e);
	assert_true(fd >= 0);
	expect(MON_READY);
	assert_int_equal(monitor_send_simple(fd, MON_STATUS), 0);
	ev = expect(MON_STATE);
	assert_int_equal(ev.state, MONITOR_RUNNING);
	assert_true(ev.pid > 1 && ev.started_s > 0);
	/* a second engine takes over: the first is hung up on */
	old = fd;
	fd = monitor_connect(run_dir, &e);
	expect(MON_READY);
	assert_true(sys_poll_one(old, POLLIN, 5000) & POLLHUP);
	close(old);
	/* nonsense costs the connection, not the container */
	assert_int_equal(msg_send_simple(fd, 0x9999), 0);
	assert_int_equal(wait_event(5000).type, 0);
	close(fd);
	fd = monitor_connect(run_dir, &e);
	expect(MON_READY);
	assert_int_equal(monitor_send_kill(fd, SIGTERM), 0);
	assert_int_equal(expect(MON_EXITED).exit.code, 143);
	ended();
}

static void ends_alone_without_an_engine(void **state)
{
	struct monitor_exit x;
	struct monitor_event ev;

	(void)state;
	begin_and_start("sleep", false, false);
	assert_int_equal(monitor_send_simple(fd, MON_STATUS), 0);
	ev = expect(MON_STATE);
	close(fd);
	fd = -1;
	kill((pid_t)ev.pid, SIGKILL);
	x = ended();
	assert_int_equal(x.code, 137);
}

static void read_until(int from, char *buf, size_t cap, size_t want)
{
	size_t n = 0;

	while (n < want) {
		ssize_t r;

		if (!(sys_poll_one(from, POLLIN, 5000)))
			fail_msg("%zu of %zu bytes came", n, want);
		r = read(from, buf + n, cap - 1 - n);
		if (r <= 0)
			break;
		n += (size_t)r;
	}
	buf[n] = '\0';
}

static void attached_client_talks(void **state)
{
	static char buf[4096], out[4096], err[4096];
	int in[2], to[2], fds[2];

	(void)state;
	begin("cat", false, true);
	expect(MON_CREATED);
	assert_int_equal(pipe(in) + pipe(to), 0);
	fds[0] = in[0];
	fds[1] = to[1];
	assert_int_equal(
		monitor_send_attach(fd, 1,
				    MON_ATTACH_STDIN | MON_ATTACH_STDOUT | MON_ATTACH_STDIN_ONCE,
				    fds, 2),
		0);
	close(in[0]);
	close(to[1]);
	assert_int_equal(monitor_send_simple(fd, MON_START), 0);
	expect(MON_STARTED);
	put(in[1], "ping\n");
	read_until(to[0], buf, sizeof(buf), 5);
	assert_string_equal(buf, "ping\n");
	put(in[1], "last");
	close(in[1]); /* end of the client's stdin, once: the container's too */
	assert_int_equal(expect(MON_EXITED).exit.code, 0);
	read_until(to[0], buf, sizeof(buf), 5); /* its end is closed when all is over */
	assert_string_equal(buf, "last");
	close(to[0]);
	ended();
	read_log(out, err, sizeof(out));
	assert_string_equal(out, "ping\nlast");
}

/* stdin from a file, which epoll does not take */
static void attached_file_is_read_to_its_end(void **state)
{
	static char out[1 << 18], err[16];
	int in = open("input", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct stat st;

	(void)state;
	for (int i = 0; i < 10000; i++)
		dprintf(in, "line %d\n", i);
	assert_int_equal(fstat(in, &st), 0);
	lseek(in, 7, SEEK_SET); /* where the client stands: "line 0\n" is behind it */
	begin_and_start("cat", false, true);
	assert_int_equal(
		monitor_send_attach(fd, 1, MON_ATTACH_STDIN | MON_ATTACH_STDIN_ONCE, &in, 1), 0);
	close(in);
	assert_int_equal(expect(MON_EXITED).exit.code, 0);
	ended();
	read_log(out, err, sizeof(out));
	assert_int_equal(strlen(out), st.st_size - 7);
	assert_int_equal(strncmp(out, "line 1\n", 7), 0);
}

/* A client that reads slowly loses nothing; the container waits for it. */
static void slow_client_gets_everything(void **state)
{
	static char buf[65536];
	size_t total = 0;
	int to[2];
	ssize_t n;

	(void)state;
	begin("flood", false, false);
	expect(MON_CREATED);
	assert_int_equal(pipe(to), 0);
	assert_int_equal(monitor_send_attach(fd, 1, MON_ATTACH_STDOUT, &to[1], 1), 0);
	close(to[1]);
	assert_int_equal(monitor_send_simple(fd, MON_START), 0);
	expect(MON_STARTED);
	while ((n = read(to[0], buf, sizeof(buf))) > 0) {
		total += (size_t)n;
		sys_sleep_ms(5);
	}
	assert_int_equal(total, ((1 << 20) + 99) / 100 * 100);
	close(to[0]);
	expect(MON_EXITED);
	ended();
}

/* A client that never reads holds the container up for a bounded time, and the log is whole. */
static void stuck_client_does_not_block(void **state)
{
	static char out[1 << 21], err[16];
	int64_t start_ms = sys_now_ms();
	struct monitor_event ev;
	int to[2];

	(void)state;
	begin("flood", false, false);
	expect(MON_CREATED);
	assert_int_equal(pipe(to), 0);
	assert_int_equal(monitor_send_attach(fd, 1, MON_ATTACH_STDOUT, &to[1], 1), 0);
	close(to[1]);
	assert_int_equal(monitor_send_simple(fd, MON_START), 0);
	expect(MON_STARTED);
	ev = wait_event(CONFIG_MONITOR_STALL_MS + 10000);
	assert_int_equal(ev.type, MON_EXITED);
	assert_true(sys_now_ms() - start_ms >= CONFIG_MONITOR_STALL_MS);
	assert_true(sys_now_ms() - start_ms < CONFIG_MONITOR_STALL_MS + 5000);
	close(to[0]);
	ended();
	read_log(out, err, sizeof(out));
	assert_int_equal(strlen(out), ((1 << 20) + 99) / 100 * 100);
}

static void gone_client_does_not_block(void **state)
{
	int to[2];

	(void)state;
	begin("flood", false, false);
	expect(MON_CREATED);
	assert_int_equal(pipe(to), 0);
	assert_int_equal(monitor_send_attach(fd, 1, MON_ATTACH_STDOUT, &to[1], 1), 0);
	close(to[1]);
	close(to[0]);
	assert_int_equal(monitor_send_simple(fd, MON_START), 0);
	expect(MON_STARTED);
	expect(MON_EXITED);
	ended();
}

static void clients_flags_are_left_alone(void **state)
{
	int to[2];

	(void)state;
	begin_and_start("sleep", false, false);
	assert_int_equal(pipe(to), 0);
	assert_int_equal(monitor_send_attach(fd, 1, MON_ATTACH_STDOUT, &to[1], 1), 0);
	assert_int_equal(monitor_send_simple(fd, MON_STATUS), 0);
	expect(MON_STATE);
	assert_false(fcntl(to[1], F_GETFL) & O_NONBLOCK);
	close(to[1]);
	assert_int_equal(sys_poll_one(to[0], POLLIN, 0), 0); /* still held by the monitor */
	assert_int_equal(monitor_send_detach(fd, 1), 0);
	assert_true(sys_poll_one(to[0], POLLIN, 5000) & POLLHUP);
	close(to[0]);
	assert_int_equal(monitor_send_simple(fd, MON_ABORT), 0);
	expect(MON_EXITED);
	ended();
}

static void too_many_clients(void **state)
{
	int null = open("/dev/null", O_WRONLY);

	(void)state;
	begin_and_start("sleep", false, false);
	for (uint32_t i = 0; i < CONFIG_MONITOR_CLIENTS; i++)
		assert_int_equal(monitor_send_attach(fd, i, MON_ATTACH_STDOUT, &null, 1), 0);
	assert_int_equal(monitor_send_attach(fd, 99, MON_ATTACH_STDOUT, &null, 1), 0);
	assert_non_null(strstr(expect(MON_REFUSED).exit.error, "CONFIG_MONITOR_CLIENTS"));
	assert_int_equal(monitor_send_detach(fd, 0), 0);
	assert_int_equal(monitor_send_attach(fd, 99, MON_ATTACH_STDOUT, &null, 1), 0);
	/* fewer descriptors than the bits say */
	assert_int_equal(monitor_send_detach(fd, 99), 0);
	assert_int_equal(
		monitor_send_attach(fd, 5, MON_ATTACH_STDOUT | MON_ATTACH_STDERR, &null, 1), 0);
	expect(MON_REFUSED);
	close(null);
	assert_int_equal(monitor_send_simple(fd, MON_ABORT), 0);
	expect(MON_EXITED);
	ended();
}

static void terminal(void **state)
{
	static char buf[4096], out[4096], err[4096];
	int in[2], to[2], fds[2];

	(void)state;
	begin("tty", true, true);
	expect(MON_CREATED);
	assert_int_equal(pipe(in) + pipe(to), 0);
	fds[0] = in[0];
	fds[1] = to[1];
	assert_int_equal(monitor_send_attach(fd, 1, MON_ATTACH_STDIN | MON_ATTACH_STDOUT, fds, 2),
			 0);
	close(in[0]);
	close(to[1]);
	assert_int_equal(monitor_send_simple(fd, MON_START), 0);
	expect(MON_STARTED);
	put(in[1], "ping\n");
	read_until(to[0], buf, sizeof(buf), 6);
	assert_string_equal(buf, "ping\r\n");
	put(in[1], "\004"); /* end of file, as the terminal says it */
	assert_int_equal(expect(MON_EXITED).exit.code, 0);
	close(in[1]);
	close(to[0]);
	ended();
	read_log(out, err, sizeof(out));
	assert_string_equal(out, "ping\r\n");
	assert_false(exists("console.sock"));
}

static void terminal_size(void **state)
{
	static char out[256], err[256];

	(void)state;
	begin_and_start("size", true, false);
	assert_int_equal(monitor_send_resize(fd, 33, 101), 0);
	expect(MON_EXITED);
	ended();
	read_log(out, err, sizeof(out));
	assert_string_equal(out, "33 x 101\r\n");
}

static void overlay_is_mounted_out_of_sight(void **state)
{
	char lower[256], upper[256], work[256], *layers[2];
	struct monitor_mount m = {.lower = layers, .n_lower = 2, .upper = upper, .work = work};
	struct err e = {0};
	struct monitor_event ev;
	int file;

	(void)state;
	assert_int_equal(
		system("rm -rf 'l,1' l2 up wk && mkdir 'l,1' l2 up wk && echo one >l,1/a && "
		       "echo two >l2/a && echo two >l2/b"),
		0);
	snprintf(lower, sizeof(lower), "%s/l,1",
		 top); /* a comma, which must not become an option */
	layers[0] = lower;
	layers[1] = strcpy(malloc(256), top);
	strcat(layers[1], "/l2");
	snprintf(upper, sizeof(upper), "%s/up", top);
	snprintf(work, sizeof(work), "%s/wk", top);
	pid = monitor_spawn("box", run_dir, log_dir, &fd, &e);
	expect(MON_READY);
	assert_int_equal(monitor_send_mount(fd, &m), 0);
	ev = expect(MON_MOUNTED);
	file = openat(ev.fd, "a", O_RDONLY);
	assert_true(file >= 0);
	{
		char text[8] = {0};

		assert_int_equal(read(file, text, 7), 4);
		assert_string_equal(text, "one\n");
	}
	close(file);
	assert_int_equal(faccessat(ev.fd, "b", F_OK, 0), 0);
	file = openat(ev.fd, "new", O_CREAT | O_WRONLY, 0600);
	assert_true(file >= 0);
	close(file);
	assert_int_equal(access("up/new", F_OK), 0);
	assert_int_equal(access("run/rootfs", F_OK), 0);
	assert_int_equal(access("run/rootfs/a", F_OK), -1); /* not in our mount namespace */
	close(ev.fd);
	assert_int_equal(monitor_send_simple(fd, MON_ABORT), 0);
	expect(MON_EXITED);
	ended();
	free(layers[1]);
}

static void bad_layer_is_named(void **state)
{
	char *layers[1] = {(char *)"/nonexistent/layer"};
	struct monitor_mount m = {
		.lower = layers, .n_lower = 1, .upper = (char *)"/x", .work = (char *)"/y"};
	struct err e = {0};

	(void)state;
	pid = monitor_spawn("box", run_dir, log_dir, &fd, &e);
	expect(MON_READY);
	assert_int_equal(monitor_send_mount(fd, &m), 0);
	assert_non_null(strstr(expect(MON_FAILED).exit.error, "/nonexistent/layer"));
	ended();
}

static void oom_is_read_from_the_cgroup_file(void **state)
{
	static const struct {
		const char *text;
		bool oom;
	} cases[] = {
		{"low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n", true},
		{"low 0\nhigh 0\nmax 3\noom 1\noom_kill 0\noom_group_kill 4\n", false},
		{"oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", true}, /* v1 */
		{"oom_kill_disable 1\nunder_oom 0\n", false},
		{"", false},
	};
	static char *args[] = {(char *)"@runtime", (char *)"kill", run_dir};
	char events[256];
	struct monitor_create c = {.runtime = (char *)"/proc/self/exe",
				   .args = args,
				   .n_args = 3,
				   .oom_events = events,
				   .log_files = 1};
	struct err e = {0};

	snprintf(events, sizeof(events), "%s/events", top);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		FILE *f = fopen("events", "w");

		fputs(cases[i].text, f);
		fclose(f);
		pid = monitor_spawn("box", run_dir, log_dir, &fd, &e);
		expect(MON_READY);
		assert_int_equal(monitor_send_create(fd, &c), 0);
		expect(MON_CREATED);
		assert_int_equal(monitor_send_simple(fd, MON_START), 0);
		expect(MON_STARTED);
		assert_int_equal(expect(MON_EXITED).exit.oom, cases[i].oom);
		assert_int_equal(ended().oom, cases[i].oom);
		tear_down(state);
		set_up(state);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		T(a_life),
		T(end_before_the_start_returns),
		T(end_before_it_is_known),
		T(failing_create),
		T(missing_runtime),
		T(failing_start),
		T(failing_delete_still_ends),
		T(kill_and_refusals),
		T(abort_in_each_state),
		T(engine_gone_before_create_ends_it),
		T(survives_its_engine),
		T(ends_alone_without_an_engine),
		T(attached_client_talks),
		T(attached_file_is_read_to_its_end),
		T(slow_client_gets_everything),
		T(stuck_client_does_not_block),
		T(gone_client_does_not_block),
		T(clients_flags_are_left_alone),
		T(too_many_clients),
		T(terminal),
		T(terminal_size),
		T(overlay_is_mounted_out_of_sight),
		T(bad_layer_is_named),
		T(oom_is_read_from_the_cgroup_file),
	};

	static const int young[] = {SYS_clone3, SYS_pidfd_open, SYS_pidfd_send_signal,
				    SYS_close_range, SYS_openat2};
	int r;

	if (argc > 2 && str_eq(argv[1], "@monitor"))
		return monitor_main(argc - 2, argv + 2);
	if (argc > 4 && str_eq(argv[1], "@runtime"))
		return runtime(argc - 2, argv + 2);
	if (emulated_skip_all())
		return 0;
	signal(SIGPIPE, SIG_IGN);
	if (geteuid() != 0 || !getcwd(top, sizeof(top)))
		return 1;
	r = cmocka_run_group_tests_name("this kernel", tests, NULL, NULL);
	if (!old_kernel(young, ARRAY_LEN(young))) {
		printf("ok - old kernel # SKIP no seccomp filters here\n");
		return r;
	}
	return r | cmocka_run_group_tests_name("old kernel", tests, NULL, NULL);
}
