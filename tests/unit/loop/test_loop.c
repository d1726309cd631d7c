#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/loop.h"
#include "sys/fd.h"
#include "sys/watch.h"

static struct loop l;
static int pipes[4][2];
static struct loop_io ios[4];
static int fired[4];

static int set_up(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		fired[i] = 0;
		assert_int_equal(pipe(pipes[i]), 0);
		ios[i] = (struct loop_io){0};
	}
	return loop_init(&l, NULL, 0, NULL, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	loop_fini(&l);
	for (int i = 0; i < 4; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	return 0;
}

static void count(struct loop_io *io, uint32_t events)
{
	char c;

	(void)events;
	assert_int_equal(read(io->fd, &c, 1), 1);
	fired[io - ios]++;
}

/* whoever comes first removes all others, and itself */
static void remove_all(struct loop_io *io, uint32_t events)
{
	(void)events;
	fired[io - ios]++;
	for (int i = 0; i < 4; i++) {
		loop_io_fini(&ios[i]);
		ios[i].fn = NULL; /* a late call would crash */
	}
}

static void readable(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(loop_io_init(&ios[i], &l, pipes[i][0], EPOLLIN, count, NULL), 0);
	assert_int_equal(write(pipes[2][1], "x", 1), 1);
	assert_int_equal(loop_step(&l, 1000), 0);
	assert_true(fired[2] == 1 && !fired[0] && !fired[1] && !fired[3]);
	assert_int_equal(loop_step(&l, 0), 0);
	assert_int_equal(fired[2], 1);
	assert_int_equal(loop_io_set(&ios[2], 0), 0);
	assert_int_equal(write(pipes[2][1], "x", 1), 1);
	loop_step(&l, 20);
	assert_int_equal(fired[2], 1);
	for (int i = 0; i < 4; i++)
		loop_io_fini(&ios[i]);
	loop_io_fini(&ios[0]); /* idempotent */
}

static void removal_within_a_round(void **state)
{
	int sum = 0;

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(loop_io_init(&ios[i], &l, pipes[i][0], EPOLLIN, remove_all, NULL),
				 0);
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
	}
	loop_step(&l, 1000);
	loop_step(&l, 0);
	for (int i = 0; i < 4; i++)
		sum += fired[i];
	assert_int_equal(sum, 1);
}

static int order[8], n_order;
static struct loop_timer timers[4];

static void note(struct loop_timer *t)
{
	order[n_order++] = (int)(t - timers);
}

static void note_and_cancel_next(struct loop_timer *t)
{
	note(t);
	loop_timer_fini(t + 1);
}

static void again(struct loop_timer *t)
{
	note(t);
	loop_timer_set(t, 0);
}

static void timers_in_order(void **state)
{
	(void)state;
	n_order = 0;
	for (int i = 0; i < 4; i++)
		loop_timer_init(&timers[i], &l, note, NULL);
	loop_timer_set(&timers[0], 30);
	loop_timer_set(&timers[1], 10);
	loop_timer_set(&timers[2], 20);
	loop_timer_set(&timers[3], 10);
	loop_timer_set(&timers[0], 5); /* set again */
	while (n_order < 4)
		loop_step(&l, 1000);
	assert_true(order[0] == 0 && order[1] == 1 && order[2] == 3 && order[3] == 2);
	assert_null(l.timers);
}

static void timers_cancel_each_other(void **state)
{
	(void)state;
	n_order = 0;
	loop_timer_init(&timers[0], &l, note_and_cancel_next, NULL);
	loop_timer_init(&timers[1], &l, note, NULL);
	loop_timer_set(&timers[0], 1);
	loop_timer_set(&timers[1], 1);
	sys_sleep_ms(5);
	loop_step(&l, 100);
	loop_step(&l, 5);
	assert_int_equal(n_order, 1);
}

static void timer_that_rearms_does_not_starve(void **state)
{
	(void)state;
	n_order = 0;
	loop_timer_init(&timers[0], &l, again, NULL);
	loop_timer_set(&timers[0], 0);
	for (int i = 0; i < 4; i++)
		loop_step(&l, 100);
	assert_true(n_order >= 1 && n_order <= 4);
	loop_timer_fini(&timers[0]);
}

static int n_children, codes[4];
static struct loop_child children[4];

static void child_ended(struct loop_child *c, struct sys_exit exit)
{
	codes[c - children] = sys_exit_code(exit);
	n_children++;
	/* and takes another watch along */
	if (c == &children[0])
		loop_child_fini(&children[3]);
}

static pid_t child(int code)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (code > 128)
			raise(code - 128);
		_exit(code);
	}
	return pid;
}

static void children_are_reaped(void **state)
{
	(void)state;
	n_children = 0;
	for (int i = 0; i < 3; i++)
		loop_child_init(&children[i], &l, child(i == 2 ? 128 + SIGKILL : i + 5),
				child_ended, NULL);
	loop_child_init(&children[3], &l, 999999, child_ended, NULL); /* not ours */
	loop_child_fini(&children[3]);
	while (n_children < 3)
		assert_int_equal(loop_step(&l, 5000), 0);
	assert_true(codes[0] == 5 && codes[1] == 6 && codes[2] == 137);
	assert_null(l.children);
}

static void child_that_ended_before_the_watch(void **state)
{
	pid_t pid = child(3);

	(void)state;
	n_children = 0;
	sys_sleep_ms(30);
	loop_step(&l, 50); /* takes the signal when nobody watches */
	loop_child_init(&children[1], &l, pid, child_ended, NULL);
	loop_step(&l, 5000);
	assert_int_equal(n_children, 1);
	assert_int_equal(codes[1], 3);
}

static pid_t orphan;

static void on_orphan(struct loop *loop, pid_t pid, struct sys_exit exit)
{
	(void)loop;
	orphan = pid;
	assert_int_equal(exit.code, 9);
}

static void all_are_reaped_on_request(void **state)
{
	pid_t stranger = child(9);

	(void)state;
	n_children = 0;
	l.reap_all = true;
	l.orphan_fn = on_orphan;
	loop_child_init(&children[1], &l, child(4), child_ended, NULL);
	while (n_children < 1 || !orphan)
		loop_step(&l, 5000);
	assert_int_equal(orphan, stranger);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static int got_signal;

static void on_signal(struct loop *loop, int sig, void *data)
{
	assert_ptr_equal(data, &got_signal);
	got_signal = sig;
	loop_stop(loop, 42);
}

static void signals_stop_it(void **state)
{
	static const int wanted[] = {SIGUSR1, SIGTERM};

	(void)state;
	loop_fini(&l);
	assert_int_equal(loop_init(&l, wanted, 2, on_signal, &got_signal), 0);
	kill(getpid(), SIGTERM);
	assert_int_equal(loop_run(&l), 42);
	assert_int_equal(got_signal, SIGTERM);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(readable),
		T(removal_within_a_round),
		T(timers_in_order),
		T(timers_cancel_each_other),
		T(timer_that_rearms_does_not_starve),
		T(children_are_reaped),
		T(child_that_ended_before_the_watch),
		T(all_are_reaped_on_request),
		T(signals_stop_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
