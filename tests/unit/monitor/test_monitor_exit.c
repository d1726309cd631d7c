#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "monitor/monitor.h"

static int dir_fd;

static void put(const char *text)
{
	FILE *f = fopen("exit", "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void record_comes_back(void **state)
{
	const struct monitor_exit x = {.code = 137,
				       .signaled = true,
				       .oom = true,
				       .started_s = 1700000000,
				       .finished_s = 1700000100,
				       .finished_ns = 7,
				       .error = "two words=and\nmore"};
	struct monitor_exit y;
	struct err e = {0};

	(void)state;
	assert_int_equal(monitor_exit_write(dir_fd, &x, &e), 0);
	assert_int_equal(monitor_exit_read(dir_fd, &y, &e), 0);
	assert_int_equal(y.code, 137);
	assert_true(y.signaled && y.oom);
	assert_int_equal(y.started_s, 1700000000);
	assert_int_equal(y.finished_s, 1700000100);
	assert_int_equal(y.finished_ns, 7);
	assert_string_equal(y.error, "two words=and more");
	assert_int_equal(access(".exit.tmp", F_OK), -1);
}

static void absent_is_told_from_malformed(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"code=0",
		"code=0 signaled=0 oom=0 started=0 finished=0.0",
		"code=0 signaled=0 oom=0 started=0 finished=0.0 error=", /* cut */
		"code=0 signaled=2 oom=0 started=0 finished=0.0 error=\n",
		"code=256 signaled=0 oom=0 started=0 finished=0.0 error=\n",
		"code=-1 signaled=0 oom=0 started=0 finished=0.0 error=\n",
		"signaled=0 code=0 oom=0 started=0 finished=0.0 error=\n",
		"code=0 signaled=0 oom=0 started=0 finished=0 error=\n",
		"code=0 signaled=0 oom=0 started=0 finished=0.1000000000 error=\n",
		"code=0  signaled=0 oom=0 started=0 finished=0.0 error=\n",
	};
	struct monitor_exit x = {.code = 42};
	struct err e = {0};

	(void)state;
	unlink("exit");
	assert_int_equal(monitor_exit_read(dir_fd, &x, &e), -ENOENT);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		put(bad[i]);
		assert_int_equal(monitor_exit_read(dir_fd, &x, &e), -EBADMSG);
	}
	assert_int_equal(x.code, 42);
	put("code=0 signaled=0 oom=0 started=0 finished=0.0 error=\n");
	assert_int_equal(monitor_exit_read(dir_fd, &x, &e), 0);
	assert_int_equal(x.code, 0);
}

static void encodings_come_back(void **state)
{
	static unsigned char frame[4096], space[8192];
	char *lower[] = {(char *)"/a/top", (char *)"/a/bottom"}, *args[] = {(char *)"oci"};
	const struct monitor_mount m = {
		.lower = lower, .n_lower = 2, .upper = (char *)"/u", .work = (char *)"/w"};
	const struct monitor_create c = {.runtime = (char *)"/proc/self/exe",
					 .args = args,
					 .n_args = 1,
					 .tty = true,
					 .log_max_bytes = 1 << 20,
					 .log_files = 3};
	struct monitor_mount m2;
	struct monitor_create c2;
	struct arena a;
	struct enc en;
	struct dec d;

	(void)state;
	arena_init(&a, space, sizeof(space));
	enc_init(&en, frame, sizeof(frame));
	monitor_mount_encode(&en, &m);
	assert_true(enc_ok(&en));
	dec_init(&d, frame, en.len, &a);
	monitor_mount_decode(&d, &m2);
	assert_int_equal(dec_done(&d), 0);
	assert_int_equal(m2.n_lower, 2);
	assert_string_equal(m2.lower[1], "/a/bottom");
	assert_null(m2.options);
	for (size_t cut = 0; cut < en.len; cut++) {
		dec_init(&d, frame, cut, &a);
		monitor_mount_decode(&d, &m2);
		assert_int_equal(dec_done(&d), -EBADMSG);
		arena_reset(&a);
	}
	enc_init(&en, frame, sizeof(frame));
	monitor_create_encode(&en, &c);
	dec_init(&d, frame, en.len, &a);
	monitor_create_decode(&d, &c2);
	assert_int_equal(dec_done(&d), 0);
	assert_string_equal(c2.args[0], "oci");
	assert_true(c2.tty && !c2.stdin_open && c2.log_max_bytes == 1 << 20 && c2.log_files == 3);
}

static void half_a_writable_layer_is_refused(void **state)
{
	static unsigned char frame[512], space[1024];
	char *lower[] = {(char *)"/l"};
	const struct monitor_mount no_work = {.lower = lower, .n_lower = 1, .upper = (char *)"/u"};
	const struct monitor_mount no_lower = {.lower = lower, .n_lower = 0};
	const struct monitor_mount *bad[] = {&no_work, &no_lower};
	struct monitor_mount m;
	struct arena a;
	struct enc en;
	struct dec d;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		arena_init(&a, space, sizeof(space));
		enc_init(&en, frame, sizeof(frame));
		monitor_mount_encode(&en, bad[i]);
		dec_init(&d, frame, en.len, &a);
		monitor_mount_decode(&d, &m);
		assert_int_equal(dec_done(&d), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_comes_back),
		cmocka_unit_test(absent_is_told_from_malformed),
		cmocka_unit_test(encodings_come_back),
		cmocka_unit_test(half_a_writable_layer_is_refused),
	};

	dir_fd = open(".", O_RDONLY | O_DIRECTORY);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
