/* Against the file system in memory: each call fails in turn, the power goes at each call. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/str.h"
#include "fake/fake_sys.h"
#include "file/durable.h"
#include "sys/fd.h"

static struct err e;

static int root(void)
{
	return sys_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
}

static int begin(void)
{
	int fd;

	fake_reset();
	fd = root();
	assert_int_equal(durable_write(fd, "name", "old", 3, 0600, &e), 0);
	return fd;
}

static void content_is(const char *want)
{
	char buf[64];
	int fd = root();

	assert_int_equal(file_read(fd, "name", buf, sizeof(buf), &e), strlen(want));
	assert_string_equal(buf, want);
	sys_close(fd);
}

static void order_of_a_write(void **state)
{
	int fd = begin();

	(void)state;
	fake_fail(0, 0);
	assert_int_equal(durable_write(fd, "name", "new", 3, 0600, &e), 0);
	/* content before name, name before the answer */
	assert_non_null(strstr(fake_trace(), "write fsync rename fsync-dir "));
	content_is("new");
	assert_int_equal(fake_count("/"), 1);
	sys_close(fd);
	assert_int_equal(fake_open_fds(), 0);
}

static void failing_calls_leave_the_old(void **state)
{
	int fd = begin();
	unsigned int n, calls;

	(void)state;
	fake_fail(0, 0);
	durable_write(fd, "other", "x", 1, 0600, &e);
	calls = fake_calls();
	for (n = 1; n <= calls; n++) {
		unsigned int open_before = 1;
		char buf[8];
		int r;

		fd = begin();
		fake_fail(n, -EIO);
		e = (struct err){0};
		r = durable_write(fd, "name", "new", 3, 0600, &e);
		if (r == 0)
			fail_msg("call %u of %u fails and nobody notices", n, calls);
		assert_int_equal(r, -EIO);
		assert_int_equal(e.code, -EIO);
		assert_int_equal(fake_open_fds(), open_before);
		fake_fail(0, 0);
		assert_int_equal(file_read(fd, "name", buf, sizeof(buf), &e), 3);
		/* only after the rename may the new one be there */
		if (!strstr(e.msg, "directory"))
			assert_true(str_eq(buf, "old") || n == calls);
		/* and the next write works, whatever was left over */
		assert_int_equal(durable_write(fd, "name", "third", 5, 0600, &e), 0);
		assert_int_equal(fake_count("/"), 1);
	}
}

static void a_power_cut_leaves_old_or_new(void **state)
{
	int saw_old = 0, saw_new = 0;

	(void)state;
	for (int loss = 0; loss < FAKE_LOSS_COUNT; loss++) {
		for (unsigned int n = 1; n < 12; n++) {
			char buf[8];
			int fd = begin(), r;

			fake_power_off(n);
			r = durable_write(fd, "name", "new", 3, 0600, &e);
			fake_power_on((enum fake_loss)loss);
			fd = root();
			assert_int_equal(file_read(fd, "name", buf, sizeof(buf), &e), 3);
			if (r == 0) /* what was promised */
				assert_string_equal(buf, "new");
			saw_old += str_eq(buf, "old");
			saw_new += str_eq(buf, "new");
			assert_int_equal(durable_write(fd, "name", "third", 5, 0600, &e), 0);
			content_is("third");
		}
	}
	assert_true(saw_old && saw_new);
}

static void links_too(void **state)
{
	(void)state;
	for (int loss = 0; loss < FAKE_LOSS_COUNT; loss++) {
		for (unsigned int n = 1; n < 12; n++) {
			char buf[16];
			int fd, r;

			fake_reset();
			fd = root();
			assert_int_equal(durable_symlink(fd, "current", "1", &e), 0);
			fake_power_off(n);
			r = durable_symlink(fd, "current", "2", &e);
			fake_power_on((enum fake_loss)loss);
			fd = root();
			assert_int_equal(sys_readlink(fd, "current", buf, sizeof(buf)), 1);
			assert_true(str_eq(buf, "2") || (r < 0 && str_eq(buf, "1")));
		}
	}
}

static void rename_replaces_nothing(void **state)
{
	int fd = begin();

	(void)state;
	assert_int_equal(durable_write(fd, "fresh", "x", 1, 0600, &e), 0);
	assert_int_equal(durable_rename(fd, "fresh", fd, "name", &e), -EEXIST);
	content_is("old");
	assert_int_equal(durable_rename(fd, "fresh", fd, "moved", &e), 0);
	assert_int_equal(fake_count("/"), 2);
	/* a file system that does not know RENAME_NOREPLACE */
	fake_fail(1, -EINVAL);
	assert_int_equal(durable_rename(fd, "moved", fd, "name", &e), -EEXIST);
	fake_fail(1, -EINVAL);
	assert_int_equal(durable_rename(fd, "moved", fd, "again", &e), 0);
}

static void removal_is_idempotent(void **state)
{
	int fd = begin();

	(void)state;
	assert_int_equal(durable_unlink(fd, "name", &e), 0);
	assert_int_equal(durable_unlink(fd, "name", &e), 0);
	assert_int_equal(fake_count("/"), 0);
}

static void reading_is_bounded(void **state)
{
	char buf[8];
	int fd = begin();

	(void)state;
	assert_int_equal(file_read(fd, "name", buf, 4, &e), 3);
	assert_int_equal(file_read(fd, "name", buf, 3, &e), -EFBIG);
	assert_int_equal(file_read(fd, "nope", buf, sizeof(buf), &e), -ENOENT);
	sys_mkdir(fd, "dir", 0700);
	assert_true(file_read(fd, "dir", buf, sizeof(buf), &e) < 0);
	sys_symlink("name", fd, "link");
	assert_true(file_read(fd, "link", buf, sizeof(buf), &e) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_of_a_write),
		cmocka_unit_test(failing_calls_leave_the_old),
		cmocka_unit_test(a_power_cut_leaves_old_or_new),
		cmocka_unit_test(links_too),
		cmocka_unit_test(rename_replaces_nothing),
		cmocka_unit_test(removal_is_idempotent),
		cmocka_unit_test(reading_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
