/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted over or below /proc is never written to, on a kernel of any age. */
#include "file/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../fake/old_kernel.h"
#include "sys/fd.h"
#include "test.h"

static const int new_mounts[] = {SYS_fsopen};
static const int openat2_too[] = {SYS_fsopen, SYS_openat2};

static const struct {
	const char *name;
	const int *lacking;
	size_t n;
	bool private;
} kernels[] = {
	{"as it is", NULL, 0, true},
	{"without fsopen", new_mounts, 1, false},
	{"without fsopen and openat2", openat2_too, 2, false},
};

static int write_adj(void)
{
	auto_close int root = -1;

	return procfs_write(&root, "self/oom_score_adj", "7", 1);
}

/* in a process with mounts of its own. Return: what is wrong, 0 nothing; 77 cannot be tried here */
static int attacked(size_t k, const char *what)
{
	auto_close int real = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	char text[16] = {0};
	int r;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 77;
	if (!strcmp(what, "tmpfs on /proc")) {
		if (mount("none", "/proc", "tmpfs", 0, NULL) || mkdir("/proc/self", 0755))
			return 77;
		close(open("/proc/self/oom_score_adj", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	} else if (!strcmp(what, "directory of procfs on /proc")) {
		if (mount("/proc/sys", "/proc", NULL, MS_BIND, NULL))
			return 77;
	} else if (!strcmp(what, "file of procfs on the file")) {
		if (mount("/proc/self/comm", "/proc/self/oom_score_adj", NULL, MS_BIND, NULL))
			return 77;
	} else if (!strcmp(what, "tmpfs on /proc/sys")) {
		auto_close int root = -1;

		if (mount("none", "/proc/sys", "tmpfs", 0, NULL) || mkdir("/proc/sys/kernel", 0755))
			return 77;
		close(open("/proc/sys/kernel/ngroups_max", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
		if (kernels[k].lacking && !old_kernel(kernels[k].lacking, kernels[k].n))
			return 77;
		r = procfs_open(&root, "sys/kernel/ngroups_max", O_RDONLY);
		if (!kernels[k].private)
			return r != -EXDEV;
		return r < 0 || read(r, text, 5) != 5 || atoi(text) != 65536;
	}
	if (kernels[k].lacking && !old_kernel(kernels[k].lacking, kernels[k].n))
		return 77;
	r = write_adj();
	if (*what && !kernels[k].private)
		return r != -EXDEV;
	if (r < 0 || pread(real, text, sizeof(text) - 1, 0) < 1)
		return 2;
	return atoi(text) != 7;
}

static void in_child(size_t k, const char *what)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(attacked(k, what));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	if (status)
		print_error("%s, %s: status %#x\n", kernels[k].name, *what ? what : "nothing",
			    status);
	assert_int_equal(status, 0);
}

static void everywhere(const char *what)
{
	if (geteuid() != 0 || emulated())
		skip();
	for (size_t k = 0; k < sizeof(kernels) / sizeof(*kernels); k++)
		in_child(k, what);
}

static void nothing_mounted(void **state)
{
	(void)state;
	everywhere("");
}

static void tmpfs_on_proc(void **state)
{
	(void)state;
	everywhere("tmpfs on /proc");
}

static void directory_on_proc(void **state)
{
	(void)state;
	everywhere("directory of procfs on /proc");
}

static void file_on_file(void **state)
{
	(void)state;
	everywhere("file of procfs on the file");
}

static void tmpfs_on_sys(void **state)
{
	(void)state;
	everywhere("tmpfs on /proc/sys");
}

static void no_way_up(void **state)
{
	auto_close int root = -1;

	(void)state;
	assert_int_equal(procfs_open(&root, "sys/../self/mem", O_RDONLY), -EINVAL);
	assert_int_equal(root, -1);
	assert_int_equal(procfs_open(&root, "self/fd/0", O_RDONLY), -ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_mounted),   cmocka_unit_test(tmpfs_on_proc),
		cmocka_unit_test(directory_on_proc), cmocka_unit_test(file_on_file),
		cmocka_unit_test(tmpfs_on_sys),	     cmocka_unit_test(no_way_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
