/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs against an engine that follows a script: this process. The command line runs in a forked
 * child with its own standard input and outputs; what it asks for and what it prints are compared.
 */
#include "test.h"

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
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "log/entry.h"
#include "manifest/manifest.h"
#include "sys/fd.h"
#include "sys/sock.h"

static char run_dir[256], out_text[65536], err_text_[65536];
static int listen_fd = -1, conn = -1, out_fd, err_fd, in_fd = -1;
static pid_t child;
static uint8_t frame[MSG_MAX];
static _Alignas(16) uint8_t memory[2 * MSG_MAX];
static struct arena arena;
static struct msg last;

/* start "cleat --run DIR WORD..." in a child; @in becomes its standard input */
static void start(int in, const char *const *words)
{
	char *argv[32] = {(char *)"cleat", (char *)"--run", run_dir};
	static const struct cmd_hooks no_hooks;
	int argc = 3;

	for (; *words; words++)
		argv[argc++] = (char *)(uintptr_t)*words;
	out_fd = sys_memfd("out", 0);
	err_fd = sys_memfd("err", 0);
	child = fork();
	assert_true(child >= 0);
	if (child)
		return;
	dup2(in >= 0 ? in : open("/dev/null", O_RDONLY), 0);
	dup2(out_fd, 1);
	dup2(err_fd, 2);
	exit(cmd_main(argc, argv, &no_hooks));
}

#define START(...) start(-1, (const char *const[]){__VA_ARGS__, NULL})

static size_t slurp(int fd, char *into)
{
	ssize_t n = pread(fd, into, 65535, 0);

	assert_true(n >= 0);
	into[n] = '\0';
	return (size_t)n;
}

/* Return: exit status of the child; out_text and err_text_ are what it printed */
static int end(void)
{
	int status;

	sys_close(take_fd(&conn));
	assert_int_equal(waitpid(child, &status, 0), child);
	slurp(out_fd, out_text);
	slurp(err_fd, err_text_);
	sys_close(out_fd);
	sys_close(err_fd);
	if (!WIFEXITED(status))
		fail_msg("the child ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void receive(struct ctl_request *ret)
{
	struct pollfd p = {conn, POLLIN, 0};
	struct dec d;

	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(msg_recv(conn, frame, sizeof(frame), &last, 0), 1);
	arena_init(&arena, memory, sizeof(memory));
	dec_init(&d, last.payload, last.len, &arena);
	ctl_request_decode(&d, (enum ctl_verb)(last.type - CTL_REQUEST), ret);
	assert_int_equal(dec_done(&d), 0);
}

/* the child's connection and first request */
static void accept_request(enum ctl_verb verb, struct ctl_request *ret)
{
	struct pollfd p = {listen_fd, POLLIN, 0};

	if (poll(&p, 1, 5000) != 1) {
		kill(child, SIGKILL);
		end();
		fail_msg("no connection; standard error: %s", err_text_);
	}
	conn = sys_accept(listen_fd);
	assert_true(conn >= 0);
	receive(ret);
	assert_int_equal(ret->verb, verb);
}

static void reply(const struct ctl_reply *r)
{
	static uint8_t mem[8192];
	struct msg_out o;

	msg_begin(&o, mem, sizeof(mem), r->type);
	ctl_reply_encode(&o.enc, r);
	for (size_t i = 0; i < r->n_fds; i++)
		msg_add_fd(&o, r->fds[i]);
	assert_int_equal(msg_send(conn, &o), 0);
}

static void reply_type(uint32_t type)
{
	reply(&(struct ctl_reply){.type = type});
}

static void reply_started(void)
{
	reply(&(struct ctl_reply){.type = CTL_STARTED,
				  .started = {(char *)"abc123", (char *)"web"}});
}

static void reply_exit(int code)
{
	reply(&(struct ctl_reply){.type = CTL_EXIT, .exit_code = code});
	reply_type(CTL_DONE);
}

static void reply_error(int code, const char *text)
{
	reply(&(struct ctl_reply){.type = CTL_ERROR, .error = {code, (char *)(uintptr_t)text}});
}

static const struct ctl_container a_container = {
	.id = (char *)"0123456789abcdef0123456789abcdef",
	.name = (char *)"web",
	.image = (char *)"nginx:1",
	.command = (char *)"nginx -g \033[2J daemon off",
	.state = (char *)"exited",
	.ports = (char *)"0.0.0.0:80->80/tcp",
	.ip = (char *)"172.30.0.2",
	.created_s = 1000,
	.started_s = 1001,
	.finished_s = 1002,
	.exit_code = 3,
	.restarts = 2,
};

static void ps_table(void **state)
{
	struct ctl_request r;

	(void)state;
	START("ps", "-a");
	accept_request(CTL_PS, &r);
	assert_int_equal(r.flags, CTL_F_ALL);
	reply(&(struct ctl_reply){.type = CTL_CONTAINER, .container = a_container});
	reply_type(CTL_DONE);
	assert_int_equal(end(), 0);
	assert_non_null(strstr(out_text, "CONTAINER ID   IMAGE     COMMAND"));
	assert_non_null(strstr(out_text, "\n0123456789ab   nginx:1   \"nginx -g ?[2J daemo…\""));
	assert_non_null(strstr(out_text, "Exited (3) "));
	assert_non_null(strstr(out_text, "0.0.0.0:80->80/tcp   web\n"));
}

static void ps_json(void **state)
{
	struct ctl_request r;

	(void)state;
	START("ps", "--json", "web");
	accept_request(CTL_PS, &r);
	assert_string_equal(r.name, "web");
	reply(&(struct ctl_reply){.type = CTL_CONTAINER, .container = a_container});
	reply(&(struct ctl_reply){.type = CTL_CONTAINER, .container = a_container});
	reply_type(CTL_DONE);
	assert_int_equal(end(), 0);
	assert_true(str_starts(out_text,
			       "[{\"id\":\"0123456789abcdef0123456789abcdef\",\"name\":\"web\""));
	assert_non_null(strstr(out_text, "\"started\":\"1970-01-01T00:16:41.000000000Z\""));
	assert_non_null(strstr(out_text, "\"command\":\"nginx -g \\u001b[2J daemon off\""));
	assert_non_null(strstr(out_text, "\"service\":null"));
	assert_non_null(strstr(out_text, "},\n {\"id\""));
	assert_true(str_ends(out_text, "}]\n"));
}

static void images(void **state)
{
	struct ctl_image image = {.repository = (char *)"nginx", .bytes = 133000000};
	struct ctl_request r;

	(void)state;
	memset(image.id.b, 0xab, sizeof(image.id.b));
	START("images");
	accept_request(CTL_IMAGES, &r);
	reply(&(struct ctl_reply){.type = CTL_IMAGE, .image = image});
	reply_type(CTL_DONE);
	assert_int_equal(end(), 0);
	assert_string_equal(out_text, "REPOSITORY   TAG      IMAGE ID       CREATED   SIZE\n"
				      "nginx        <none>   abababababab   N/A       133MB\n");
}

static void run_sends_a_service(void **state)
{
	struct manifest_service s;
	struct ctl_request r;
	struct dec d;

	(void)state;
	setenv("FROM_HERE", "value", 1);
	START("run", "--rm", "-e", "A=1", "-e", "FROM_HERE", "-e", "UNSET_X", "-e", "A=2", "-p",
	      "8080:80/udp", "-v", "data:/d:ro", "--tmpfs", "/t:size=1m", "-m", "64m", "--cpus=0.5",
	      "-u", "1:2", "-w", "/w", "--entrypoint", "/e", "nginx:1", "-x", "--", "y");
	accept_request(CTL_RUN, &r);
	assert_int_equal(r.flags, CTL_F_RM);
	assert_int_equal(r.stdio, CTL_STDOUT | CTL_STDERR);
	assert_int_equal(last.n_fds, 2);
	dec_init(&d, r.service.p, r.service.len, &arena);
	manifest_service_decode(&d, &s);
	assert_int_equal(dec_done(&d), 0);
	assert_string_equal(s.image, "nginx:1");
	assert_null(s.name);
	assert_int_equal(s.n_env, 2);
	assert_string_equal(s.env[0].value, "2");
	assert_string_equal(s.env[1].name, "FROM_HERE");
	assert_string_equal(s.env[1].value, "value");
	assert_int_equal(s.ports[0].proto, PORT_UDP);
	assert_int_equal(s.n_mounts, 2);
	assert_true(s.mounts[0].read_only);
	assert_int_equal(s.mounts[1].tmpfs_bytes, 1 << 20);
	assert_int_equal(s.mem_limit_bytes, 64 << 20);
	assert_int_equal(s.cpus_milli, 500);
	assert_int_equal(s.n_command, 3);
	assert_string_equal(s.command[1], "--");
	assert_string_equal(s.entrypoint[0], "/e");
	/* its standard output is really handed over */
	assert_int_equal(write(last.fds[0], "hello\n", 6), 6);
	msg_close_fds(&last);
	reply_started();
	reply_exit(42);
	assert_int_equal(end(), 42);
	assert_string_equal(out_text, "hello\n");
}

static void run_detached_prints_the_id(void **state)
{
	struct ctl_request r;

	(void)state;
	START("run", "-d", "nginx");
	accept_request(CTL_RUN, &r);
	assert_int_equal(r.flags, CTL_F_DETACH);
	assert_int_equal(last.n_fds, 0);
	reply(&(struct ctl_reply){.type = CTL_PROGRESS,
				  .progress = {(char *)"nginx", (char *)"pulling", 0, 0}});
	reply_started();
	reply_type(CTL_DONE);
	assert_int_equal(end(), 0);
	assert_string_equal(out_text, "abc123\n");
	assert_string_equal(err_text_, "nginx: pulling\n");
}

static void errors_keep_their_status(void **state)
{
	struct ctl_request r;

	(void)state;
	START("run", "nginx", "nothere");
	accept_request(CTL_RUN, &r);
	msg_close_fds(&last);
	reply_error(127, "nothere: not found in the image");
	assert_int_equal(end(), 127);
	assert_string_equal(err_text_, "cleat: nothere: not found in the image\n");
}

static void engine_that_goes_away(void **state)
{
	struct ctl_request r;

	(void)state;
	START("run", "nginx");
	accept_request(CTL_RUN, &r);
	msg_close_fds(&last);
	reply_started();
	assert_int_equal(end(), 125);
	assert_non_null(strstr(err_text_, "the engine closed the connection"));
	START("stop", "x");
	accept_request(CTL_STOP, &r);
	assert_int_equal(end(), 1);
}

static void signals_are_forwarded(void **state)
{
	struct ctl_request r;

	(void)state;
	START("run", "nginx");
	accept_request(CTL_RUN, &r);
	msg_close_fds(&last);
	reply_started();
	usleep(100000);
	kill(child, SIGTERM);
	receive(&r);
	assert_int_equal(r.verb, CTL_KILL);
	assert_int_equal(r.signal, SIGTERM);
	assert_null(r.name);
	kill(child, SIGINT);
	receive(&r);
	assert_int_equal(r.signal, SIGINT);
	reply_exit(143);
	assert_int_equal(end(), 143);
}

static void signal_before_the_start_gives_up(void **state)
{
	struct ctl_request r;

	(void)state;
	START("run", "nginx");
	accept_request(CTL_RUN, &r);
	msg_close_fds(&last);
	usleep(100000);
	kill(child, SIGINT);
	usleep(100000); /* the connection must not end first */
	assert_int_equal(end(), 130);
}

static int make_pty(int *ret_terminal)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	*ret_terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(*ret_terminal >= 0);
	return master;
}

static bool is_raw(int fd)
{
	struct termios t;

	assert_int_equal(tcgetattr(fd, &t), 0);
	return !(t.c_lflag & (ICANON | ECHO | ISIG));
}

static void make_raw(int fd)
{
	struct termios t;

	assert_int_equal(tcgetattr(fd, &t), 0);
	cfmakeraw(&t);
	assert_int_equal(tcsetattr(fd, TCSANOW, &t), 0);
}

static void expect_read(int fd, const char *want)
{
	struct pollfd p = {fd, POLLIN, 0};
	char got[64] = {0};

	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_true(read(fd, got, sizeof(got) - 1) > 0);
	assert_string_equal(got, want);
}

static void exec_with_a_terminal(void **state)
{
	int terminal, keys = make_pty(&terminal), process, master = make_pty(&process);
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct ctl_reply with_master = {.type = CTL_FD, .n_fds = 1};
	struct ctl_request r;

	(void)state;
	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
	make_raw(process);
	start(terminal, (const char *const[]){"exec", "-it", "-u", "5", "-e", "A=b", "web", "sh",
					      "-c", "x", NULL});
	accept_request(CTL_EXEC, &r);
	assert_int_equal(r.flags, CTL_F_TTY | CTL_F_STDIN);
	assert_int_equal(last.n_fds, 0);
	assert_string_equal(r.name, "web");
	assert_int_equal(r.n_args, 3);
	assert_string_equal(r.env[0], "A=b");
	assert_string_equal(r.user, "5");
	assert_false(is_raw(terminal));
	with_master.fds[0] = master;
	reply(&with_master);
	sys_close(master);
	/* keys go to the process, Ctrl-C among them; its output comes back */
	usleep(100000);
	assert_true(is_raw(terminal));
	assert_int_equal(ioctl(process, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_row, 24);
	assert_int_equal(size.ws_col, 80);
	assert_int_equal(write(keys, "a\003", 2), 2);
	expect_read(process, "a\003");
	assert_int_equal(write(process, "screen", 6), 6);
	reply_exit(7);
	/* what is still under way when the end is told is not lost; another process (the forked child's
	 * copy here) holds the terminal open, which does not matter */
	assert_int_equal(write(process, " end", 4), 4);
	assert_int_equal(end(), 7);
	sys_close(process);
	assert_string_equal(out_text, "screen end");
	assert_false(is_raw(terminal));
	sys_close(keys);
	sys_close(terminal);
}

static int log_folder(void)
{
	static const char text[] =
		"{\"log\":\"one\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05."
		"000000006Z\"}\n"
		"{\"log\":\"two\\n\",\"stream\":\"stderr\",\"time\":\"2026-01-02T03:04:06Z\"}\n"
		"{\"log\":\"three\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:07Z\"}\n";
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/log", run_dir);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/log/" LOG_FILE_NAME, run_dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	sys_close(fd);
	snprintf(path, sizeof(path), "%s/log", run_dir);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void send_log(void)
{
	struct ctl_reply with_log = {.type = CTL_FD, .n_fds = 1};

	with_log.fds[0] = log_folder();
	reply(&with_log);
	sys_close(with_log.fds[0]);
}

static void logs(void **state)
{
	struct ctl_request r;

	(void)state;
	START("logs", "--tail", "2", "-t", "web");
	accept_request(CTL_LOGS, &r);
	assert_int_equal(r.flags, 0);
	send_log();
	/* DONE is not waited for: the log is a file */
	assert_int_equal(end(), 0);
	assert_string_equal(out_text, "2026-01-02T03:04:07.000000000Z three\n");
	assert_string_equal(err_text_, "2026-01-02T03:04:06.000000000Z two\n");
}

static void logs_follow_to_the_end(void **state)
{
	static const char more[] =
		"{\"log\":\"four\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:08Z\"}\n";
	struct ctl_request r;
	char path[300];
	int fd;

	(void)state;
	START("logs", "-f", "--since", "2026-01-02T03:04:07Z", "web");
	accept_request(CTL_LOGS, &r);
	assert_int_equal(r.flags, CTL_F_FOLLOW);
	send_log();
	usleep(100000);
	snprintf(path, sizeof(path), "%s/log/" LOG_FILE_NAME, run_dir);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, more, sizeof(more) - 1), sizeof(more) - 1);
	sys_close(fd);
	reply_type(CTL_DONE);
	assert_int_equal(end(), 0);
	assert_string_equal(out_text, "three\nfour\n");
}

static void several_names_and_the_worst_status(void **state)
{
	struct ctl_request r;

	(void)state;
	START("stop", "-t", "3", "a", "b");
	accept_request(CTL_STOP, &r);
	assert_int_equal(r.timeout_ms, 3000);
	assert_string_equal(r.name, "a");
	reply_error(1, "there is no container a");
	sys_close(take_fd(&conn));
	accept_request(CTL_STOP, &r);
	assert_string_equal(r.name, "b");
	reply_type(CTL_DONE);
	assert_int_equal(end(), 1);
	assert_string_equal(out_text, "b\n");
	assert_string_equal(err_text_, "cleat: there is no container a\n");
}

static void check(void **state)
{
	struct ctl_request r;
	char text[64];

	(void)state;
	in_fd = sys_memfd("in", 0);
	assert_int_equal(write(in_fd, "services: {}\n", 13), 13);
	lseek(in_fd, 0, SEEK_SET);
	start(in_fd, (const char *const[]){"check", "--json", "-", NULL});
	accept_request(CTL_CHECK, &r);
	assert_string_equal(r.name, "standard input");
	assert_int_equal(last.n_fds, 1);
	assert_int_equal(pread(last.fds[0], text, sizeof(text), 0), 13);
	msg_close_fds(&last);
	reply_error(1, "x:1:1: \"bad\"");
	assert_int_equal(end(), 1);
	assert_string_equal(
		out_text,
		"{\"file\":\"standard input\",\"ok\":false,\"error\":\"x:1:1: \\\"bad\\\"\"}\n");
	sys_close(in_fd);
}

static void info(void **state)
{
	struct ctl_request r;

	(void)state;
	START("info", "--json");
	accept_request(CTL_INFO, &r);
	reply(&(struct ctl_reply){.type = CTL_PAIR, .pair = {(char *)"kernel", (char *)"6.1"}});
	reply_type(CTL_DONE);
	assert_int_equal(end(), 0);
	assert_string_equal(out_text, "{\"kernel\":\"6.1\"}\n");
}

static int set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char path[300];

	(void)state;
	snprintf(run_dir, sizeof(run_dir), "%s/run", tmp ? tmp : "/tmp");
	if (mkdir(run_dir, 0700) < 0 && errno != EEXIST)
		return -1;
	snprintf(path, sizeof(path), "%s/ctl.sock", run_dir);
	listen_fd = sys_listen_unix(path, 0600, SOCK_SEQPACKET);
	signal(SIGPIPE, SIG_IGN);
	return listen_fd < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ps_table),
		cmocka_unit_test(ps_json),
		cmocka_unit_test(images),
		cmocka_unit_test(run_sends_a_service),
		cmocka_unit_test(run_detached_prints_the_id),
		cmocka_unit_test(errors_keep_their_status),
		cmocka_unit_test(engine_that_goes_away),
		cmocka_unit_test(signals_are_forwarded),
		cmocka_unit_test(signal_before_the_start_gives_up),
		cmocka_unit_test(exec_with_a_terminal),
		cmocka_unit_test(logs),
		cmocka_unit_test(logs_follow_to_the_end),
		cmocka_unit_test(several_names_and_the_worst_status),
		cmocka_unit_test(check),
		cmocka_unit_test(info),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
