/* SPDX-License-Identifier: Apache-2.0 */
/* Room above the reserve, on small file systems of the kernel's. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/space.h"

#define MIB (1024 * 1024)

static int small(const char *options)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip();
	assert_int_equal(mount("none", "/mnt", "tmpfs", 0, options), 0);
	return open("/mnt", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void gone(int fd)
{
	close(fd);
	assert_int_equal(umount("/mnt"), 0);
}

static void a_sixteenth_of_a_small_one_is_kept(void **state)
{
	struct err e = {0};
	int fd = small("size=16m,nr_inodes=64");
	(void)state;

	assert_int_equal(file_room(fd, 15 * MIB, 1), 0);
	assert_int_equal(file_room(fd, 15 * MIB + 1, 1), -ENOSPC);
	assert_int_equal(file_room(fd, UINT64_MAX, 1), -ENOSPC);
	assert_int_equal(file_room(fd, 0, 59), 0); /* the root is one, four are kept */
	assert_int_equal(file_room(fd, 0, 60), -ENOSPC);
	err_text(&e, -ENOSPC, "it takes more");
	assert_int_equal(file_no_space(fd, &e), -ENOSPC);
	assert_string_equal(e.msg, "no space left (16 of 16 MiB and 63 inodes are free, 1024 KiB "
				   "of it are kept for cleat itself): it takes more");
	gone(fd);
}

static void of_a_large_one_what_is_configured(void **state)
{
	const uint64_t kept = CONFIG_STORE_RESERVE_KIB * 1024ULL;
	int fd = small("size=1g,nr_inodes=100000");
	(void)state;

	assert_int_equal(file_room(fd, 1024ULL * MIB - kept, 0), 0);
	assert_int_equal(file_room(fd, 1024ULL * MIB - kept + 1, 0), -ENOSPC);
	assert_int_equal(file_room(fd, 0, 99999 - kept / 16384), 0);
	assert_int_equal(file_room(fd, 0, 100000 - kept / 16384), -ENOSPC);
	gone(fd);
}

static void one_without_a_table_of_inodes_has_room(void **state)
{
	struct err e = {0};
	int fd = small("size=16m,nr_inodes=0");
	(void)state;

	assert_int_equal(file_room(fd, 0, 1000000), 0);
	err_text(&e, -ENOSPC, "x");
	file_no_space(fd, &e);
	assert_null(strstr(e.msg, "inodes"));
	gone(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sixteenth_of_a_small_one_is_kept),
		cmocka_unit_test(of_a_large_one_what_is_configured),
		cmocka_unit_test(one_without_a_table_of_inodes_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
