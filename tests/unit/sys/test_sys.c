/*
 * sys/ on the kernel, run twice: as it is, and with the younger calls hidden, so that every fallback
 * is taken. This program is its own child: "@child WHAT".
 */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "fake/old_kernel.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/sock.h"

static bool old;

static int child(const char *what)
{
	if (str_eq(what, "fds")) { /* 0-3 and nothing else */
		for (int fd = 0; fd < 4; fd++)
			if (fcntl(fd, F_GETFD) < 0)
				return 100 + fd;
		for (int fd = 4; fd < 1024; fd++)
			if (fcntl(fd, F_GETFD) >= 0)
				return fd < 100 ? fd : 99;
		return write(3, "3", 1) == 1 && write(1, "1", 1) == 1 ? 0 : 98;
	}
	if (str_eq(what, "signals")) {
		struct sigaction sa;
		sigset_t mask;

		sigprocmask(SIG_BLOCK, NULL, &mask);
		for (int sig = 1; sig < 32; sig++) {
			if (sigismember(&mask, sig))
				return sig;
			/* a sanitizer's own handlers are none of ours */
			if ((sig == SIGHUP || sig == SIGUSR2) &&
			    (sigaction(sig, NULL, &sa) < 0 || sa.sa_handler != SIG_DFL))
				return sig;
		}
		return 0;
	}
	if (str_eq(what, "env"))
		return clearenv() == 0 && getenv("HOME") ? 1 : 0;
	if (str_eq(what, "session"))
		return getsid(0) == getpid() ? 0 : 1;
	if (str_eq(what, "cgroup")) {
		char buf[16] = {0};
		int fd = open("procs", O_RDONLY);

		return read(fd, buf, sizeof(buf) - 1) == 1 && buf[0] == '0' ? 0 : 1;
	}
	if (str_eq(what, "die"))
		raise(SIGTERM);
	return atoi(what);
}

static struct sys_exit run(const char *what, struct sys_spawn s)
{
	const char *const argv[] = {"child", "@child", what, NULL};
	int pidfd = -2, std[3] = {0, 1, 2};
	struct sys_exit exit = {0};
	pid_t pid;

	if (emulated())
		skip();
	s.path = "/proc/self/exe";
	s.argv = argv;
	s.cgroup_fd = -1;
	if (!s.fds) {
		s.fds = std;
		s.n_fds = 3;
	}
	pid = sys_spawn(&s, &pidfd);
	assert_true(pid > 0);
	assert_true(old ? pidfd == -1 : pidfd >= 0);
	assert_int_equal(sys_wait(pid, 0, &exit), pid);
	sys_close(pidfd);
	return exit;
}

static void spawn_ends_as_told(void **state)
{
	struct sys_exit x;

	(void)state;
	x = run("7", (struct sys_spawn){0});
	assert_false(x.signaled);
	assert_int_equal(sys_exit_code(x), 7);
	x = run("die", (struct sys_spawn){0});
	assert_true(x.signaled);
	assert_int_equal(sys_exit_code(x), 128 + SIGTERM);
}

/* sources and targets overlap in every way; descriptors that are not named do not get through */
static void spawn_places_descriptors(void **state)
{
	int a[2], b[2], high, fds[4];
	char c;

	(void)state;
	assert_int_equal(pipe(a) + pipe(b), 0);
	high = fcntl(a[0], F_DUPFD, 500); /* without close-on-exec */
	fds[0] = a[0];
	fds[1] = b[1];
	fds[2] = 2;
	fds[3] = a[1];
	assert_int_equal(run("fds", (struct sys_spawn){.fds = fds, .n_fds = 4}).code, 0);
	assert_true(read(a[0], &c, 1) == 1 && c == '3');
	assert_true(read(b[0], &c, 1) == 1 && c == '1');
	/* the same one twice, crossed, and /dev/null */
	dup2(a[1], 200);
	fds[0] = -1;
	fds[1] = 200;
	fds[2] = 1;
	fds[3] = 200;
	assert_int_equal(run("fds", (struct sys_spawn){.fds = fds, .n_fds = 4}).code, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(read(a[0], &c, 1), 1);
	close(200);
	close(high);
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
}

static void nothing(int sig)
{
	(void)sig;
}

static void spawn_resets_signals(void **state)
{
	sigset_t set, was;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &was);
	signal(SIGUSR2, nothing);
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(run("signals", (struct sys_spawn){0}).code, 0);
	signal(SIGUSR2, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_SETMASK, NULL, &set);
	assert_true(sigismember(&set, SIGUSR1)); /* ours is as it was */
	sigprocmask(SIG_SETMASK, &was, NULL);
}

static void spawn_tells_why_not(void **state)
{
	const char *const argv[] = {"x", NULL};
	int fds[3] = {-1, -1, -1}, pidfd;
	struct sys_spawn s = {
		.path = "/nonexistent", .argv = argv, .fds = fds, .n_fds = 3, .cgroup_fd = -1};
	const char *const procs[] = {"/nonexistent/cgroup.procs", NULL};

	(void)state;
	assert_int_equal(sys_spawn(&s, &pidfd), -ENOENT);
	s.path = "/etc/passwd";
	assert_int_equal(sys_spawn(&s, &pidfd), -EACCES);
	s.path = "/";
	assert_int_equal(sys_spawn(&s, &pidfd), -EACCES);
	s.path = "/bin/true";
	s.cgroup_procs = procs;
	assert_int_equal(sys_spawn(&s, &pidfd), -ENOENT);
	s.n_fds = 2;
	assert_int_equal(sys_spawn(&s, &pidfd), -EINVAL);
	assert_int_equal(sys_wait(-1, WNOHANG, &(struct sys_exit){0}),
			 -ECHILD); /* no zombie is left */
}

static void spawn_options(void **state)
{
	const char *procs[] = {"procs", NULL};

	(void)state;
	assert_int_equal(run("session", (struct sys_spawn){.new_session = true}).code, 0);
	close(open("procs", O_CREAT | O_TRUNC | O_WRONLY, 0600));
	assert_int_equal(run("cgroup", (struct sys_spawn){.cgroup_procs = procs}).code, 0);
	setenv("HOME", "/", 1);
	assert_int_equal(run("env", (struct sys_spawn){.parent_death_signal = SIGKILL}).code, 0);
}

static void start_time_tells_processes_apart(void **state)
{
	uint64_t a = 0, b = 0;

	(void)state;
	/* a name that tries to look like the fields behind it */
	assert_int_equal(sys_set_name("x) R 1 2 (3"), 0);
	assert_int_equal(sys_proc_start_time(getpid(), &a), 0);
	assert_int_equal(sys_proc_start_time(getppid(), &b), 0);
	assert_true(a >= b && a > 0);
	assert_int_equal(sys_proc_start_time(4194304 + 1, &a), -ESRCH);
}

static void kill_never_hits_everybody(void **state)
{
	(void)state;
	assert_int_equal(sys_kill(0, SIGKILL), -EINVAL);
	assert_int_equal(sys_kill(-1, SIGKILL), -EINVAL);
	assert_int_equal(sys_kill(1, SIGKILL), -EINVAL);
	assert_int_equal(sys_kill(getpid(), 0), 0);
}

static void closing_all_but_some(void **state)
{
	int keep[2], n = 0, first;

	(void)state;
	first = fcntl(0, F_DUPFD, 300);
	for (int i = 0; i < 20; i++)
		assert_true(fcntl(0, F_DUPFD, 300) >= 0);
	keep[0] = first + 3;
	keep[1] = first + 10;
	assert_int_equal(sys_close_from(300, keep, 2), 0);
	for (int fd = 300; fd < 1000; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	assert_int_equal(n, 2);
	assert_true(fcntl(keep[0], F_GETFD) >= 0 && fcntl(keep[1], F_GETFD) >= 0);
	assert_int_equal(sys_close_from(300, NULL, 0), 0);
	assert_int_equal(fcntl(keep[0], F_GETFD), -1);
	assert_true(fcntl(0, F_GETFD) >= 0);
}

static void directory_entries(void **state)
{
	unsigned char type;
	struct sys_dir d;
	const char *name;
	int fd, seen = 0, dirs = 0, r;

	(void)state;
	assert_int_equal(
		system("rm -rf dir && mkdir dir dir/sub && cd dir && for i in $(seq 500); do "
		       ": >a-rather-long-name-of-a-file-$i; done"),
		0);
	fd = open("dir", O_RDONLY | O_DIRECTORY);
	for (int pass = 0; pass < 2; pass++) { /* init begins at the start again */
		seen = dirs = 0;
		sys_dir_init(&d, fd);
		while ((r = sys_dir_next(&d, &name, &type)) > 0) {
			assert_false(str_eq(name, ".") || str_eq(name, ".."));
			seen++;
			dirs += type == DT_DIR;
		}
		assert_int_equal(r, 0);
		assert_int_equal(seen, 501);
		assert_int_equal(dirs, 1);
	}
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	sys_dir_init(&d, fd);
	assert_int_equal(sys_dir_next(&d, &name, &type), -ENOTDIR);
	close(fd);
}

/* containerd CVE-2021-32760: a mode set through a link */
static void modes_do_not_follow_links(void **state)
{
	struct stat st;

	(void)state;
	unlink("target");
	unlink("mode-link");
	close(open("target", O_CREAT | O_WRONLY, 0600));
	chmod("target", 0600);
	symlink("target", "mode-link");
	assert_int_equal(sys_chmod(AT_FDCWD, "mode-link", 0777, AT_SYMLINK_NOFOLLOW), -EOPNOTSUPP);
	assert_int_equal(stat("target", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(sys_chmod(AT_FDCWD, "target", 04711, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(stat("target", &st), 0);
	assert_int_equal(st.st_mode & 07777, 04711);
	assert_int_equal(sys_chmod(AT_FDCWD, "nope", 0700, AT_SYMLINK_NOFOLLOW), -ENOENT);
	assert_int_equal(sys_chmod(AT_FDCWD, "mode-link", 0640, 0), 0);
	assert_int_equal(stat("target", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void xattr_of_a_path_descriptor(void **state)
{
	char value[8];
	int fd;

	(void)state;
	close(open("attr", O_CREAT | O_WRONLY, 0600));
	fd = open("attr", O_PATH | O_CLOEXEC);
	assert_int_equal(sys_setxattr(fd, "trusted.x", "abc", 3), 0);
	assert_int_equal(sys_getxattr(fd, "trusted.x", value, sizeof(value)), 3);
	assert_int_equal(sys_getxattr(fd, "trusted.none", value, sizeof(value)), -ENODATA);
	close(fd);
}

static void links_are_not_cut(void **state)
{
	char target[8];

	(void)state;
	unlink("l");
	symlink("1234567", "l");
	assert_int_equal(sys_readlink(AT_FDCWD, "l", target, 8), 7);
	assert_string_equal(target, "1234567");
	assert_int_equal(sys_readlink(AT_FDCWD, "l", target, 7), -ENAMETOOLONG);
}

static void sockets_by_path(void **state)
{
	char path[300], cwd[128];
	int listener, again, client, server;
	struct stat st;
	pid_t pid;
	uid_t uid;
	gid_t gid;

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	/* beyond the 107 bytes that an address holds */
	assert_int_equal(system("rm -rf long && mkdir -p long/$(printf %0100d 0)"), 0);
	snprintf(path, sizeof(path), "%s/long/%0100d/sock", cwd, 0);
	umask(0);
	assert_int_equal(sys_connect_unix(path, SOCK_SEQPACKET), -ENOENT);
	listener = sys_listen_unix(path, 0640, SOCK_SEQPACKET);
	assert_true(listener >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(sys_accept(listener), -EAGAIN);
	client = sys_connect_unix(path, SOCK_SEQPACKET);
	assert_true(client >= 0);
	server = sys_accept(listener);
	assert_true(server >= 0);
	assert_int_equal(sys_peer_cred(server, &pid, &uid, &gid), 0);
	assert_int_equal(pid, getpid());
	/* a stale socket is replaced, and nothing else is left in the directory */
	close(listener);
	assert_int_equal(sys_connect_unix(path, SOCK_SEQPACKET), -ECONNREFUSED);
	again = sys_listen_unix(path, 0600, SOCK_SEQPACKET);
	assert_true(again >= 0);
	assert_int_equal(system("test $(ls -A long/* | wc -l) = 1"), 0);
	close(again);
	close(client);
	close(server);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(spawn_ends_as_told),
		cmocka_unit_test(spawn_places_descriptors),
		cmocka_unit_test(spawn_resets_signals),
		cmocka_unit_test(spawn_tells_why_not),
		cmocka_unit_test(spawn_options),
		cmocka_unit_test(start_time_tells_processes_apart),
		cmocka_unit_test(kill_never_hits_everybody),
		cmocka_unit_test(closing_all_but_some),
		cmocka_unit_test(directory_entries),
		cmocka_unit_test(modes_do_not_follow_links),
		cmocka_unit_test(xattr_of_a_path_descriptor),
		cmocka_unit_test(links_are_not_cut),
		cmocka_unit_test(sockets_by_path),
	};
	static const int young[] = {SYS_clone3,	     SYS_pidfd_open, SYS_pidfd_send_signal,
				    SYS_close_range, SYS_fchmodat2,  SYS_openat2};
	int r;

	if (argc == 3 && str_eq(argv[1], "@child"))
		return child(argv[2]);
	r = cmocka_run_group_tests_name("this kernel", tests, NULL, NULL);
	if (!old_kernel(young, ARRAY_LEN(young))) {
		printf("ok - old kernel # SKIP no seccomp filters here\n");
		return r;
	}
	old = true;
	return r | cmocka_run_group_tests_name("old kernel", tests, NULL, NULL);
}
