#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/tree.h"

static struct err e;

static void all_kinds_go(void **state)
{
	(void)state;
	assert_int_equal(
		system("mkdir -p t/a/b/c t/empty outside && touch t/f t/a/f outside/kept t/.hidden "
		       "&& "
		       "mkfifo t/a/b/fifo && mknod t/dev c 0 0 && ln -s ../outside t/link && "
		       "ln -s nowhere t/a/dangling && ln t/f t/hard && chmod 0 t/a/b"),
		0);
	assert_int_equal(tree_remove(AT_FDCWD, "t", &e), 0);
	assert_int_equal(access("t", F_OK), -1);
	assert_int_equal(access("outside/kept", F_OK), 0);   /* links are not followed */
	assert_int_equal(tree_remove(AT_FDCWD, "t", &e), 0); /* what is not there is removed */
	symlink("outside", "l");
	assert_int_equal(tree_remove(AT_FDCWD, "l", &e), 0);
	assert_int_equal(access("outside/kept", F_OK), 0);
	assert_int_equal(system("touch l"), 0);
	assert_int_equal(tree_remove(AT_FDCWD, "l", &e), 0);
}

/* deeper than any path can name, with few descriptors allowed */
static void any_depth(void **state)
{
	struct rlimit limit = {64, 1024}, old;
	int at, next;

	(void)state;
	assert_int_equal(mkdir("deep", 0700), 0);
	at = open("deep", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 2200; i++) {
		char name[16];

		snprintf(name, sizeof(name), "file%d", i);
		if (i % 10 == 0)
			close(openat(at, name, O_CREAT | O_WRONLY, 0600));
		assert_int_equal(mkdirat(at, "d", 0700), 0);
		if (i % 50 == 0)
			mkdirat(at, "second", 0700);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY);
		close(at);
		at = next;
	}
	close(at);
	getrlimit(RLIMIT_NOFILE, &old);
	limit.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(tree_remove(AT_FDCWD, "deep", &e), 0);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(access("deep", F_OK), -1);
}

static void many_entries(void **state)
{
	(void)state;
	assert_int_equal(mkdir("wide", 0700), 0);
	for (int i = 0; i < 1500; i++) {
		char name[40];

		snprintf(name, sizeof(name), "wide/directory-%d", i);
		mkdir(name, 0700);
		if (i % 3 == 0) {
			strcat(name, "/x");
			mkdir(name, 0700);
		}
	}
	assert_int_equal(tree_remove(AT_FDCWD, "wide", &e), 0);
	assert_int_equal(access("wide", F_OK), -1);
}

static void content_only(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(system("mkdir -p keep/a/b && touch keep/f"), 0);
	fd = open("keep", O_PATH | O_DIRECTORY);
	assert_int_equal(tree_remove_content(fd, &e), 0);
	close(fd);
	assert_int_equal(rmdir("keep"), 0);
}

static void mounts_are_not_crossed(void **state)
{
	(void)state;
	assert_int_equal(system("mkdir -p m/a/mnt other && touch other/kept m/a/f"), 0);
	assert_int_equal(mount("other", "m/a/mnt", NULL, MS_BIND, NULL), 0);
	e = (struct err){0};
	assert_int_equal(tree_remove(AT_FDCWD, "m", &e), -EBUSY);
	assert_non_null(strstr(e.msg, "mnt is a mount point"));
	assert_int_equal(access("other/kept", F_OK), 0);
	assert_int_equal(tree_remove(AT_FDCWD, "m/a/mnt", &e), -EBUSY);
	assert_int_equal(umount("m/a/mnt"), 0);
	assert_int_equal(tree_remove(AT_FDCWD, "m", &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds_go),		  cmocka_unit_test(any_depth),
		cmocka_unit_test(many_entries),		  cmocka_unit_test(content_only),
		cmocka_unit_test(mounts_are_not_crossed),
	};

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
