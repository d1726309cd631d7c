/*
 * Starting roles and listening to them, with a table of this test's own: roles that a document or a
 * server has taken over. This program is the roles too, re-executed as "@name".
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "fake/old_kernel.h"
#include "role/calls.h"
#include "role/role.h"
#include "roles.h"
#include "sys/fd.h"
#include "sys/watch.h"

enum { FRAME_ASK = 0x10, FRAME_ANSWER = 0x20, FRAME_OTHER = 0x21 };

static const int calls[] = {CALLS_BASE, SYS_CALL_END};
static const uint32_t accepts[] = {FRAME_ANSWER, 0};

static int answer_what_was_asked(int fd)
{
	static uint8_t buf[128], out[MSG_MAX];
	struct msg_out o;
	struct msg m;
	struct dec d;
	uint32_t what;

	if (msg_recv(fd, buf, sizeof(buf), &m, 0) != 1)
		return 3;
	dec_init(&d, m.payload, m.len, NULL);
	what = dec_u32(&d);
	if (what == 1 && write(fd, "ab", 2) == 2) /* too short to have a type */
		return (int)read(fd, buf, 1);
	msg_begin(&o, out, sizeof(out), what);
	enc_u32(&o.enc, 7);
	if (what == FRAME_OTHER)
		msg_add_fd(&o, fd);
	msg_send(fd, &o);
	msg_recv(fd, buf, sizeof(buf), &m, 0); /* until we are killed or left */
	return 5;
}

/* the descriptor that came along, as an exit status */
static int read_argument(int fd)
{
	char c = 0;

	(void)fd;
	return read(ROLE_FD_ARG, &c, 1) == 1 ? c : 99;
}

const struct role roles[ROLE_COUNT] = {
	[ROLE_PARSE] = {.name = "@talker",
			.calls = calls,
			.max_memory_kib = 8192,
			.max_fds = 16,
			.accepts = accepts,
			.main = answer_what_was_asked},
	[ROLE_FETCH] = {.name = "@reader",
			.calls = calls,
			.n_args = 1,
			.max_memory_kib = 8192,
			.max_fds = 16,
			.accepts = accepts,
			.main = read_argument},
	[ROLE_UNPACK] = {.name = "@absent"},
};

static struct err e;

static struct role_proc ask(uint32_t what)
{
	struct role_proc p;
	struct msg_out o;
	uint8_t mem[16];

	assert_int_equal(role_spawn(ROLE_PARSE, NULL, 0, NULL, &p, &e), 0);
	msg_begin(&o, mem, sizeof(mem), FRAME_ASK);
	enc_u32(&o.enc, what);
	assert_int_equal(msg_send(p.peer_fd, &o), 0);
	return p;
}

static void allowed_frame_comes(void **state)
{
	struct role_proc p = ask(FRAME_ANSWER);
	struct sys_exit exit = {0};
	uint8_t buf[64];
	struct msg m;

	(void)state;
	assert_int_equal(role_recv(&p, buf, sizeof(buf), &m, 0), 1);
	assert_int_equal(m.type, FRAME_ANSWER);
	assert_int_equal(role_recv(&p, buf, sizeof(buf), &m, MSG_DONTWAIT), -EAGAIN);
	role_end(&p, &exit);
	assert_true(exit.signaled && exit.code == SIGKILL);
	role_end(&p, &exit); /* idempotent */
	assert_int_equal(p.peer_fd, -1);
}

static void other_frames_cost_the_role_its_life(void **state)
{
	static const uint32_t what[] = {FRAME_OTHER, FRAME_ASK, 0, 1};
	int highest = dup(0);

	(void)state;
	close(highest);
	for (size_t i = 0; i < ARRAY_LEN(what); i++) {
		struct role_proc p = ask(what[i]);
		struct sys_exit exit = {0};
		uint8_t buf[64];
		struct msg m;
		int now;

		assert_int_equal(role_recv(&p, buf, sizeof(buf), &m, 0), -EPROTO);
		assert_int_equal(p.peer_fd, -1);
		role_end(&p, &exit);
		assert_true(exit.signaled && exit.code == SIGKILL);
		now = dup(0); /* nothing that came along is left open */
		close(now);
		assert_int_equal(now, highest);
	}
}

static void frame_that_does_not_fit(void **state)
{
	struct role_proc p = ask(FRAME_ANSWER);
	uint8_t buf[6];
	struct msg m;

	(void)state;
	assert_int_equal(role_recv(&p, buf, sizeof(buf), &m, 0), -EPROTO);
	role_end(&p, NULL);
}

static void table_decides(void **state)
{
	(void)state;
	assert_true(role_accepts(ROLE_PARSE, FRAME_ANSWER));
	assert_false(role_accepts(ROLE_PARSE, FRAME_OTHER));
	assert_false(role_accepts(ROLE_PARSE, 0)); /* the list's own end */
	assert_false(role_accepts(ROLE_UNPACK, FRAME_ANSWER));
}

static void arguments_are_counted(void **state)
{
	struct role_proc p;
	struct sys_exit exit = {0};
	int fds[2], two[2];

	(void)state;
	assert_int_equal(role_spawn(ROLE_FETCH, NULL, 0, NULL, &p, &e), -EINVAL);
	assert_int_equal(pipe(fds), 0);
	two[0] = two[1] = fds[0];
	assert_int_equal(role_spawn(ROLE_FETCH, two, 2, NULL, &p, &e), -EINVAL);
	assert_int_equal(write(fds[1], "\x2a", 1), 1);
	assert_int_equal(role_spawn(ROLE_FETCH, fds, 1, NULL, &p, &e), 0);
	assert_int_equal(sys_wait(p.pid, 0, &exit), p.pid);
	assert_false(exit.signaled);
	assert_int_equal(exit.code, 42);
	sys_close(p.peer_fd);
	sys_close(p.pidfd);
	close(fds[0]);
	close(fds[1]);
}

static void absent_role(void **state)
{
	struct role_proc p;

	(void)state;
	assert_int_equal(role_spawn(ROLE_UNPACK, NULL, 0, NULL, &p, &e), -ENOSYS);
	assert_int_equal(role_main("@absent"), -ENOENT);
	assert_int_equal(role_main("@nonsense"), -ENOENT);
}

static void enters_its_cgroup(void **state)
{
	const char *const procs[] = {"procs", NULL};
	char text[4] = {0};
	struct role_proc p;
	int fd;

	(void)state;
	close(open("procs", O_CREAT | O_WRONLY | O_TRUNC, 0600));
	assert_int_equal(role_spawn(ROLE_PARSE, NULL, 0, procs, &p, &e), 0);
	fd = open("procs", O_RDONLY);
	assert_int_equal(read(fd, text, 3), 1);
	assert_string_equal(text, "0");
	close(fd);
	role_end(&p, NULL);
}

/* a starter that dies takes its roles along, also one that does not look at its socket */
static void dies_with_its_starter(void **state)
{
	struct role_proc p;
	int report[2];
	pid_t starter, role = 0;
	struct sys_exit exit;

	(void)state;
	assert_int_equal(pipe(report), 0);
	starter = fork();
	if (starter == 0) {
		if (role_spawn(ROLE_PARSE, NULL, 0, NULL, &p, &e) < 0)
			_exit(1);
		sys_sleep_ms(100); /* it has entered */
		fcntl(p.peer_fd, F_DUPFD, 100);
		_exit(write(report[1], &p.pid, sizeof(p.pid)) != sizeof(p.pid));
	}
	assert_int_equal(sys_wait(starter, 0, &exit), starter);
	assert_int_equal(exit.code, 0);
	assert_int_equal(read(report[0], &role, sizeof(role)), sizeof(role));
	for (int i = 0; i < 100 && kill(role, 0) == 0; i++)
		sys_sleep_ms(20);
	assert_int_equal(kill(role, 0), -1);
	close(report[0]);
	close(report[1]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allowed_frame_comes),
		cmocka_unit_test(other_frames_cost_the_role_its_life),
		cmocka_unit_test(frame_that_does_not_fit),
		cmocka_unit_test(table_decides),
		cmocka_unit_test(arguments_are_counted),
		cmocka_unit_test(absent_role),
		cmocka_unit_test(enters_its_cgroup),
		cmocka_unit_test(dies_with_its_starter),
	};
	static const int young[] = {SYS_clone3, SYS_pidfd_open, SYS_pidfd_send_signal,
				    SYS_close_range, SYS_openat2};
	int r;

	if (argc == 2 && argv[1][0] == '@')
		return role_main(argv[1]);
	if (roles_skip_all())
		return 0;
	r = cmocka_run_group_tests_name("this kernel", tests, NULL, NULL);
	old_kernel(young, ARRAY_LEN(young));
	return r | cmocka_run_group_tests_name("old kernel", tests, NULL, NULL);
}
