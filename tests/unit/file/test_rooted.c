/*
 * Paths in a tree that somebody else controls, run twice: with the kernel's openat2, then with it
 * hidden, when the walk in user space must give the same answers (runc CVE-2019-19921,
 * CVE-2023-27561, CVE-2024-45310: components that are links).
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "fake/old_kernel.h"
#include "file/rooted.h"
#include "sys/fd.h"

static int root_fd = -1;
static struct err e;

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int set_up(void **state)
{
	char name[32];

	(void)state;
	if (system("rm -rf root outside && mkdir -p root/a/b root/etc outside && mkfifo "
		   "root/fifo") != 0)
		return -1;
	put("outside/secret", "outside");
	put("root/etc/passwd", "inside");
	put("root/a/b/file", "deep");
	symlink("/etc", "root/abs");
	symlink("../../../../../etc", "root/a/climb");
	symlink("b/../b", "root/a/up");
	symlink("/etc/passwd", "root/a/file-link");
	symlink("../../outside/secret", "root/escape");
	symlink("loop2", "root/loop1");
	symlink("loop1", "root/loop2");
	symlink("nowhere", "root/dangling");
	symlink("/made/by/link", "root/dangling-abs");
	symlink(".", "root/self");
	symlink("a/", "root/slash");
	for (int i = 0; i < 41; i++) { /* chain0 -> chain1 -> ... -> chain41 */
		char target[32];

		snprintf(name, sizeof(name), "root/chain%d", i);
		snprintf(target, sizeof(target), i == 40 ? "etc" : "chain%d", i + 1);
		symlink(target, name);
	}
	root_fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root_fd < 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(root_fd);
	return 0;
}

static void where_paths_lead(void **state)
{
	static const struct {
		const char *path, *want; /* content, or NULL */
		int code;
	} cases[] = {
		{"etc/passwd", "inside", 0},
		{"/etc/passwd", "inside", 0},
		{"//etc//passwd", "inside", 0},
		{"./etc/./passwd", "inside", 0},
		{"../../../etc/passwd", "inside", 0},
		{"/../etc/../../etc/passwd", "inside", 0},
		{"abs/passwd", "inside", 0},
		{"a/climb/passwd", "inside", 0},
		{"a/up/file", "deep", 0},
		{"a/up/../up/file", "deep", 0},
		{"a/file-link", "inside", 0},
		{"slash/b/file", "deep", 0},
		{"self/self/self/etc/passwd", "inside", 0},
		{"a/b/../../etc/passwd", "inside", 0},
		{"chain2/passwd", "inside", 0},	 /* 39 links */
		{"chain1/passwd", "inside", 0},	 /* 40 */
		{"chain0/passwd", NULL, -ELOOP}, /* 41 */
		{"escape", NULL, -ENOENT},	 /* there is no /outside inside */
		{"loop1", NULL, -ELOOP},
		{"loop1/x", NULL, -ELOOP},
		{"dangling", NULL, -ENOENT},
		{"nothing", NULL, -ENOENT},
		{"nothing/../etc/passwd", NULL, -ENOENT},
		{"etc/passwd/", NULL, -ENOTDIR},
		{"etc/passwd/x", NULL, -ENOTDIR},
		{"etc/passwd/..", NULL, -ENOTDIR},
		{"a/file-link/", NULL, -ENOTDIR},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[16] = {0};
		int fd = rooted_open(root_fd, cases[i].path, O_RDONLY, 0, &e);

		if ((fd < 0 ? fd : 0) != cases[i].code)
			fail_msg("%s: %d instead of %d", cases[i].path, fd, cases[i].code);
		if (fd < 0)
			continue;
		assert_true(read(fd, text, sizeof(text) - 1) > 0);
		assert_string_equal(text, cases[i].want);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
	}
}

static void last_component(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(rooted_open(root_fd, "a/file-link", O_RDONLY | O_NOFOLLOW, 0, &e), -ELOOP);
	assert_int_equal(rooted_open(root_fd, "abs", O_RDONLY | O_NOFOLLOW | O_DIRECTORY, 0, &e),
			 -ENOTDIR);
	fd = rooted_open(root_fd, "a/file-link", O_PATH | O_NOFOLLOW, 0, &e);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	close(fd);
	fd = rooted_open(root_fd, "abs/", O_PATH | O_NOFOLLOW, 0, &e); /* the slash follows it */
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	close(fd);
	for (int i = 0; i < 4; i++) {
		static const char *const roots[] = {"", ".", "/", "a/../.."};

		fd = rooted_open(root_fd, roots[i], O_PATH | O_DIRECTORY, 0, &e);
		assert_true(fd >= 0);
		assert_int_equal(faccessat(fd, "etc", F_OK, 0), 0);
		close(fd);
	}
}

static void creation(void **state)
{
	int fd;

	(void)state;
	fd = rooted_open(root_fd, "a/new", O_WRONLY | O_CREAT | O_EXCL, 0600, &e);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(rooted_open(root_fd, "a/new", O_WRONLY | O_CREAT | O_EXCL, 0600, &e),
			 -EEXIST);
	assert_int_equal(rooted_open(root_fd, "dangling", O_WRONLY | O_CREAT | O_EXCL, 0600, &e),
			 -EEXIST);
	fd = rooted_open(root_fd, "dangling", O_WRONLY | O_CREAT, 0600, &e); /* at the target */
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(access("root/nowhere", F_OK), 0);
	assert_int_equal(rooted_open(root_fd, "none/new", O_WRONLY | O_CREAT, 0600, &e), -ENOENT);
	assert_int_equal(rooted_open(root_fd, "/", O_WRONLY | O_CREAT, 0600, &e), -EISDIR);
	fd = rooted_open(root_fd, "../../../../climbed", O_WRONLY | O_CREAT, 0600, &e);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(access("root/climbed", F_OK), 0);
}

static void long_paths(void **state)
{
	static char path[2 * PATH_MAX];
	char name[NAME_MAX + 3];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[NAME_MAX + 1] = '\0';
	assert_int_equal(rooted_open(root_fd, name, O_RDONLY, 0, &e), -ENAMETOOLONG);
	memset(path, '/', sizeof(path) - 1);
	assert_int_equal(rooted_open(root_fd, path, O_RDONLY, 0, &e), -ENAMETOOLONG);
}

static void magic_links_lead_nowhere(void **state)
{
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(rooted_open(proc, "self/root/etc", O_PATH, 0, &e), -ELOOP);
	assert_int_equal(rooted_open(proc, "self/cwd", O_PATH, 0, &e), -ELOOP);
	assert_int_equal(rooted_open(proc, "self/fd/0", O_PATH, 0, &e), -ELOOP);
	assert_int_equal(rooted_open(proc, "self/ns/mnt", O_PATH, 0, &e), -ELOOP);
	close(proc);
}

static void regular_files_only(void **state)
{
	int fd;

	(void)state;
	fd = rooted_open_regular(root_fd, "abs/passwd", 6, &e);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(rooted_open_regular(root_fd, "etc/passwd", 5, &e), -EFBIG);
	assert_int_equal(rooted_open_regular(root_fd, "fifo", 100, &e),
			 -EINVAL); /* and does not hang */
	assert_int_equal(rooted_open_regular(root_fd, "a", 100, &e), -EINVAL);
	symlink("/dev/zero", "root/zero");
	assert_int_equal(rooted_open_regular(root_fd, "zero", 100, &e),
			 -ENOENT); /* not the host's */
}

static void directories_are_made(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	umask(077);
	fd = rooted_mkdirs(root_fd, "x/y/z", 01755, 12, 34, &e);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 01755);
	assert_int_equal(st.st_uid, 12);
	assert_int_equal(st.st_gid, 34);
	close(fd);
	assert_int_equal(stat("root/x/y", &st), 0);
	assert_int_equal(st.st_uid, 12);
	fd = rooted_mkdirs(root_fd, "/abs/sub/../sub2//", 0700, 0, 0, &e); /* through a link */
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(access("root/etc/sub", F_OK), 0);
	assert_int_equal(access("root/etc/sub2", F_OK), 0);
	fd = rooted_mkdirs(root_fd, "../../../top", 0700, 0, 0, &e);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(access("root/top", F_OK), 0);
	assert_int_equal(rooted_mkdirs(root_fd, "dangling-abs/x", 0700, 0, 0, &e), -EEXIST);
	assert_int_equal(access("root/made", F_OK), -1);
	assert_int_equal(rooted_mkdirs(root_fd, "etc/passwd/x", 0700, 0, 0, &e), -ENOTDIR);
	assert_int_equal(rooted_mkdirs(root_fd, "loop1/x", 0700, 0, 0, &e), -ELOOP);
	fd = rooted_mkdirs(root_fd, "", 0700, 0, 0, &e);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(access("made", F_OK), -1);
}

static void parents(void **state)
{
	static const struct {
		const char *path, *dir, *name;
	} cases[] = {
		{"etc/passwd", "root/etc", "passwd"},
		{"/etc/passwd", "root/etc", "passwd"},
		{"abs/passwd", "root/etc", "passwd"},
		{"abs", "root", "abs"},
		{"a/b/", "root/a", "b"},
		{"a/b/.", "root/a", "b"},
		{"a/b/././/", "root/a", "b"},
		{"/", "root", "."},
		{"", "root", "."},
		{".", "root", "."},
		{"a/climb/new", "root/etc", "new"},
		{"../../new", "root", "new"},
	};
	char name[NAME_MAX + 1];
	struct stat a, b;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int fd = rooted_parent(root_fd, cases[i].path, name, &e);

		assert_true(fd >= 0);
		assert_string_equal(name, cases[i].name);
		assert_int_equal(fstat(fd, &a), 0);
		assert_int_equal(stat(cases[i].dir, &b), 0);
		assert_int_equal(a.st_ino, b.st_ino);
		close(fd);
	}
	assert_int_equal(rooted_parent(root_fd, "a/..", name, &e), -EINVAL);
	assert_int_equal(rooted_parent(root_fd, "..", name, &e), -EINVAL);
	assert_int_equal(rooted_parent(root_fd, "a/../", name, &e), -EINVAL);
	assert_int_equal(rooted_parent(root_fd, "none/x", name, &e), -ENOENT);
}

/* runc CVE-2021-30465: a component is swapped for a link while it is resolved */
static void racing_links_stay_inside(void **state)
{
	pid_t pid;
	int status, inside = 0;

	(void)state;
	assert_int_equal(system("mkdir root/race && echo raced >root/race/secret && "
				"ln -s ../outside root/race-link"),
			 0);
	pid = fork();
	if (pid == 0) {
		for (;;)
			syscall(SYS_renameat2, AT_FDCWD, "root/race", AT_FDCWD, "root/race-link",
				2);
	}
	for (int i = 0; i < 20000; i++) {
		char text[16] = {0};
		int fd = rooted_open(root_fd, i % 2 ? "race/secret" : "race/../race/secret",
				     O_RDONLY, 0, &e);

		if (fd < 0)
			continue;
		assert_true(read(fd, text, sizeof(text) - 1) > 0);
		assert_string_equal(text, "raced\n");
		inside++;
		close(fd);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_true(inside > 100);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void resolves_what_is_missing(void **state)
{
	static const struct {
		const char *path, *want;
	} cases[] = {
		{"/", "/"},
		{"", "/"},
		{"etc/passwd", "/etc/passwd"},
		{"/a/./b//file", "/a/b/file"},
		{"/abs/new/x", "/etc/new/x"},
		{"/a/climb/y", "/etc/y"},
		{"/a/up", "/a/b"},
		{"/dangling", "/nowhere"},
		{"/dangling/deep/../er", "/nowhere/er"},
		{"/dangling-abs/z", "/made/by/link/z"},
		{"/escape", "/outside/secret"}, /* below the root, where nothing is */
		{"/../../x", "/x"},
		{"/new/..", "/"},
		{"/slash/b/self", "/a/b/self"},
	};
	static char got[PATH_MAX];
	char small[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(rooted_resolve(root_fd, cases[i].path, got, sizeof(got), &e), 0);
		assert_string_equal(got, cases[i].want);
	}
	assert_int_equal(rooted_resolve(root_fd, "/loop1/x", got, sizeof(got), &e), -ELOOP);
	assert_int_equal(rooted_resolve(root_fd, "/etc/passwd", small, sizeof(small), &e),
			 -ENAMETOOLONG);
	assert_int_equal(rooted_resolve(root_fd, "/etc/pas", small, sizeof(small), &e),
			 -ENAMETOOLONG);
	assert_int_equal(rooted_resolve(root_fd, "/etc/pa", small, sizeof(small), &e), 0);
}

/* What is given away without a look at the place has no link on it; and an old kernel gives nothing. */
static void straight_follows_no_link(void **state)
{
	static const struct {
		const char *path;
		int want;
	} cases[] = {
		{"/", 0},
		{"/a/b", 0},
		{"a//./b/file", 0},
		{"/a/nothing/here", -ENOENT},
		{"/a/b/file/x", -ENOTDIR},
		{"/a/../a", -ELOOP},
		{"/abs", -ELOOP},
		{"/abs/nothing", -ELOOP},
		{"/a/up/file", -ELOOP},
		{"/dangling", -ELOOP},
		{"/loop1", -ELOOP},
	};
	bool old = sys_openat2(root_fd, ".", O_PATH, 0, 0) == -ENOSYS;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int fd = rooted_open_straight(root_fd, cases[i].path, 0);

		assert_int_equal(fd < 0 ? fd : 0, old ? -ELOOP : cases[i].want);
		sys_close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(where_paths_lead),
		T(last_component),
		T(creation),
		T(long_paths),
		T(magic_links_lead_nowhere),
		T(regular_files_only),
		T(directories_are_made),
		T(parents),
		T(resolves_what_is_missing),
		T(racing_links_stay_inside),
		T(straight_follows_no_link),
	};
	const int young[] = {SYS_openat2};
	int r = cmocka_run_group_tests_name("openat2", tests, NULL, NULL);

	if (!old_kernel(young, ARRAY_LEN(young))) {
		printf("ok - walk in user space # SKIP no seccomp filters here\n");
		return r;
	}
	return r | cmocka_run_group_tests_name("walk in user space", tests, NULL, NULL);
}
