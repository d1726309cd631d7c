/*
 * Each role's row is entered for real, by this program re-executed as "@enter" with the row's number
 * and a probe's name, and the probe tries what the role must not be able to do. What counts is the
 * outcome seen from outside: refused with which errno, or killed by the filter.
 */
#include "test.h"

#include "roles.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "role/role.h"
#include "sys/cred.h"
#include "sys/fd.h"

#define PROBE_OK 0 /* the probe's action succeeded */

static int result(long r)
{
	return r < 0 ? errno : PROBE_OK;
}

/* Probes that look at the process's own state use what the filter of every role allows. */
static int probe_nothing(void)
{
	return PROBE_OK;
}

static int probe_open_host_file(void)
{
	return result(open("/etc/passwd", O_RDONLY));
}

static int probe_open_root(void)
{
	return result(open("/", O_RDONLY | O_DIRECTORY));
}

static int probe_create_file(void)
{
	return result(open("/new", O_CREAT | O_WRONLY, 0644));
}

static int probe_open_proc(void)
{
	return result(open("/proc/self/status", O_RDONLY));
}

static int probe_resolv_conf(void)
{
	char text[64] = {0};
	int fd = open("/etc/resolv.conf", O_RDONLY);

	if (fd < 0)
		return errno;
	if (read(fd, text, sizeof(text) - 1) < 0)
		return errno;
	return strcmp(text, "nameserver 192.0.2.1\n") == 0 ? PROBE_OK : 200;
}

static int probe_socket_inet(void)
{
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int probe_socket_alg(void)
{
	return result(socket(38, SOCK_SEQPACKET, 0));
}

static int probe_socket_unix(void)
{
	return result(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int probe_socket_netlink(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int probe_exec(void)
{
	char *argv[] = {(char *)"true", NULL};

	execve("/bin/true", argv, NULL);
	return errno;
}

static int probe_fork(void)
{
	return result(fork());
}

static int probe_ptrace(void)
{
	return result(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int probe_kill(void)
{
	return result(kill(1, 0));
}

static int probe_mount(void)
{
	return result(syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL));
}

static int probe_unshare(void)
{
	return result(unshare(CLONE_NEWUSER));
}

static int probe_setuid(void)
{
	return result(setuid(0));
}

static int probe_wx(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	return p == MAP_FAILED ? errno : PROBE_OK;
}

static int probe_make_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int probe_memory(void)
{
	for (int i = 0; i < 1024; i++)
		if (mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0) == MAP_FAILED)
			return errno;
	return PROBE_OK;
}

static int probe_leaked_fd(void)
{
	char c;

	return result(read(20, &c, 1)); /* the test leaves a readable descriptor there */
}

static int probe_many_fds(void)
{
	/* fcntl(F_DUPFD) is bounded by RLIMIT_NOFILE and allowed to every role */
	for (int i = 0; i < 4096; i++)
		if (fcntl(ROLE_FD_PEER, F_DUPFD, 0) < 0)
			return errno;
	return PROBE_OK;
}

static int probe_own_file(void)
{
	int fd = open("/file", O_CREAT | O_EXCL | O_RDWR, 0644);

	if (fd < 0 || fchown(fd, 1000, 1000) < 0 || fchmod(fd, 04755) < 0)
		return errno;
	return result(syscall(SYS_fsetxattr, fd, "user.x", "1", 1, 0));
}

static int probe_own_device(void)
{
	int fd;

	if (mknodat(AT_FDCWD, "/null", S_IFCHR | 0666, makedev(1, 3)) < 0)
		return errno;
	fd = open("/null", O_RDWR);
	return fd < 0 ? errno : PROBE_OK;
}

static int probe_whiteout(void)
{
	return result(mknodat(AT_FDCWD, "/gone", S_IFCHR, 0));
}

static int probe_handed_directory(void)
{
	/* the descriptor that was handed over must lead to the nodev mount as well */
	int fd = openat(ROLE_FD_ARG + 1, "null", O_RDWR);

	return fd < 0 ? errno : PROBE_OK;
}

static int probe_climb(void)
{
	struct stat root, up;

	if (fstatat(ROLE_FD_ARG + 1, "../../../..", &up, 0) < 0 || stat("/", &root) < 0)
		return errno;
	return root.st_ino == up.st_ino && root.st_dev == up.st_dev ? PROBE_OK : 200;
}

static int probe_chroot(void)
{
	return result(chroot("/"));
}

static int probe_open_by_handle(void)
{
	return result(syscall(SYS_open_by_handle_at, 0, NULL, 0));
}

/* clang-format off */
#define PROBES(X)										\
	X(nothing) X(open_host_file) X(open_root) X(create_file) X(open_proc)			\
	X(resolv_conf) X(socket_inet) X(socket_alg) X(socket_unix) X(socket_netlink)		\
	X(exec) X(fork) X(ptrace) X(kill) X(mount) X(unshare) X(setuid) X(wx)			\
	X(make_executable) X(memory) X(leaked_fd) X(many_fds) X(own_file) X(own_device)		\
	X(whiteout) X(handed_directory) X(climb) X(chroot) X(open_by_handle)
/* clang-format on */

static const struct {
	const char *name;
	int (*fn)(void);
} probes[] = {
#define ROW(x) {#x, probe_##x},
	PROBES(ROW)
#undef ROW
};

static int enter_and_probe(const char *row, const char *name)
{
	uint32_t id;

	if (num_u32(span_of(row), ROLE_COUNT - 1, &id) < 0)
		return 250;
	role_enter(&roles[id]);
	for (size_t i = 0; i < ARRAY_LEN(probes); i++)
		if (str_eq(probes[i].name, name))
			return probes[i].fn();
	return 251;
}

#define KILLED 1000

static int staging_fd = -1, resolv_fd = -1, hosts_fd = -1, leak_fd = -1;

static int run_probe(enum role_id id, const char *name)
{
	char row[4] = {(char)('0' + id), 0};
	const char *const argv[] = {"test", "@enter", row, name, NULL};
	/* as role_spawn() arranges them; 20 is a descriptor that should not be there */
	int fds[21] = {-1, -1, 2, -1};
	struct sys_spawn s = {
		.path = "/proc/self/exe", .argv = argv, .fds = fds, .n_fds = 21, .cgroup_fd = -1};
	struct sys_exit exit = {0};
	int pair[2], pidfd = -1;
	pid_t pid;

	assert_int_equal(sys_socketpair_seqpacket(pair), 0);
	for (int i = ROLE_FD_PEER; i < 20; i++)
		fds[i] = -1;
	fds[ROLE_FD_PEER] = pair[1];
	if (id == ROLE_FETCH) {
		fds[ROLE_FD_ARG + 2] = resolv_fd;
		fds[ROLE_FD_ARG + 3] = hosts_fd;
	}
	if (id == ROLE_UNPACK)
		fds[ROLE_FD_ARG + 1] = staging_fd;
	fds[20] = leak_fd;
	pid = sys_spawn(&s, &pidfd);
	assert_true(pid > 0);
	sys_close(pair[1]);
	assert_int_equal(sys_wait(pid, 0, &exit), pid);
	sys_close(pair[0]);
	sys_close(pidfd);
	if (exit.signaled) {
		assert_int_equal(exit.code, SIGSYS);
		return KILLED;
	}
	return exit.code;
}

/* One line per probe: the expected outcome in parse, fetch and unpack. Inflate is as parse is. */
static const struct {
	const char *probe;
	int outcome[ROLE_COUNT];
} expected[] = {
	{"nothing", {PROBE_OK, PROBE_OK, PROBE_OK}},
	{"open_host_file", {KILLED, ENOENT, ENOENT}},
	{"open_root", {KILLED, PROBE_OK, PROBE_OK}},
	{"create_file", {KILLED, EROFS, PROBE_OK}},
	{"open_proc", {KILLED, ENOENT, ENOENT}},
	{"resolv_conf", {KILLED, PROBE_OK, ENOENT}},
	{"socket_inet", {KILLED, PROBE_OK, KILLED}},
	{"socket_alg", {KILLED, KILLED, KILLED}},
	{"socket_unix", {KILLED, KILLED, KILLED}},
	{"socket_netlink", {KILLED, KILLED, KILLED}},
	{"exec", {KILLED, KILLED, KILLED}},
	{"fork", {KILLED, KILLED, KILLED}},
	{"ptrace", {KILLED, KILLED, KILLED}},
	{"kill", {KILLED, KILLED, KILLED}},
	{"mount", {KILLED, KILLED, KILLED}},
	{"unshare", {KILLED, KILLED, KILLED}},
	{"setuid", {KILLED, KILLED, KILLED}},
	{"wx", {KILLED, KILLED, KILLED}},
	{"make_executable", {KILLED, KILLED, KILLED}},
	{"memory", {ENOMEM, ENOMEM, ENOMEM}},
	{"leaked_fd", {EBADF, EBADF, EBADF}},
	{"many_fds", {EMFILE, EMFILE, EMFILE}},
	{"own_file", {KILLED, EROFS, PROBE_OK}},
	{"own_device", {KILLED, KILLED, EACCES}},
	{"whiteout", {KILLED, KILLED, PROBE_OK}},
	{"handed_directory", {KILLED, ENOTDIR, EACCES}},
	{"climb", {KILLED, KILLED, PROBE_OK}},
	{"chroot", {KILLED, KILLED, KILLED}},
	{"open_by_handle", {KILLED, KILLED, KILLED}},
};

static void check_row(enum role_id id)
{
	int bad = 0;

	assert_int_equal(ARRAY_LEN(expected), ARRAY_LEN(probes));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		int got = run_probe(id, expected[i].probe);

		int want = expected[i].outcome[id == ROLE_INFLATE ? ROLE_PARSE : id];

		if (got != want) {
			print_message("%s %s: outcome %d, expected %d\n", roles[id].name,
				      expected[i].probe, got, want);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

static void parse_is_confined(void **state)
{
	(void)state;
	check_row(ROLE_PARSE);
}

static void inflate_is_confined(void **state)
{
	(void)state;
	check_row(ROLE_INFLATE);
}

static void fetch_is_confined(void **state)
{
	(void)state;
	check_row(ROLE_FETCH);
}

static void unpack_is_confined(void **state)
{
	struct stat st;

	(void)state;
	check_row(ROLE_UNPACK);
	/* what the role made is really there, as it was told */
	assert_int_equal(fstatat(staging_fd, "file", &st, 0), 0);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(st.st_mode & 07777, 04755);
}

/* /proc shows the kernel's view: identity, capabilities, filter */
static bool status_has(const char *status, const char *line)
{
	if (strstr(status, line))
		return true;
	print_message("missing %s in:\n%s\n", line, status);
	return false;
}

static void state_seen_from_outside(void **state)
{
	static const struct {
		enum role_id id;
		const char *lines[8];
	} rows[] = {
		{ROLE_FETCH,
		 {"\nUid:\t65534\t65534\t65534\t65534\n", "\nGid:\t65534\t65534\t65534\t65534\n",
		  "\nGroups:\t \n", "\nCapPrm:\t0000000000000000\n",
		  "\nCapBnd:\t0000000000000000\n", "\nCapInh:\t0000000000000000\n",
		  "\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n"}},
		{ROLE_UNPACK,
		 {"\nUid:\t0\t0\t0\t0\n", "\nGroups:\t \n", "\nCapEff:\t000000008800001b\n",
		  "\nCapPrm:\t000000008800001b\n", "\nCapBnd:\t000000008800001b\n",
		  "\nCapInh:\t0000000000000000\n", "\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n"}},
	};
	char path[64], status[2048];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int to_child[2], fds[8] = {-1, -1, 2}, pidfd = -1, fd, back[2];
		char row[4] = {(char)('0' + rows[i].id), 0}, c;
		const char *const argv[] = {"test", "@enter", row, "@wait", NULL};
		struct sys_spawn s = {.path = "/proc/self/exe",
				      .argv = argv,
				      .fds = fds,
				      .n_fds = 8,
				      .cgroup_fd = -1};
		struct sys_exit exit;
		pid_t pid;

		assert_int_equal(sys_socketpair_seqpacket(to_child), 0);
		assert_int_equal(sys_pipe(back, 0), 0);
		fds[0] = -1;
		fds[1] = back[1];
		fds[ROLE_FD_PEER] = to_child[1];
		fds[ROLE_FD_ARG] = -1;
		fds[ROLE_FD_ARG + 1] = staging_fd;
		fds[ROLE_FD_ARG + 2] = resolv_fd;
		fds[ROLE_FD_ARG + 3] = hosts_fd;
		pid = sys_spawn(&s, &pidfd);
		assert_true(pid > 0);
		sys_close(to_child[1]);
		sys_close(back[1]);
		assert_int_equal(read(back[0], &c, 1), 1); /* it has entered */
		snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		memset(status, 0, sizeof(status));
		assert_true(read(fd, status, sizeof(status) - 1) > 0);
		close(fd);
		for (size_t l = 0; l < ARRAY_LEN(rows[i].lines); l++)
			assert_true(status_has(status, rows[i].lines[l]));
		close(back[0]);
		/* its end of the socket sees us go: a role without a starter must end */
		sys_close(to_child[0]);
		assert_int_equal(sys_wait(pid, 0, &exit), pid);
		assert_false(exit.signaled);
		assert_int_equal(exit.code, 0);
		sys_close(pidfd);
	}
}

static int enter_and_wait(const char *row)
{
	char c = 'x';

	role_enter(&roles[row[0] - '0']);
	if (write(1, &c, 1) != 1)
		return 252;
	return read(ROLE_FD_PEER, &c, 1) == 0 ? 0 : 253;
}

/* A role that cannot be confined must not run: here its staging directory is no directory. */
static void failing_step_ends_the_role(void **state)
{
	int saved = staging_fd;

	(void)state;
	staging_fd = resolv_fd;
	assert_int_equal(run_probe(ROLE_UNPACK, "nothing"), 70);
	staging_fd = saved;
}

static int set_up(void **state)
{
	int fd;

	(void)state;
	if (geteuid() != 0)
		return -1;
	mkdir("staging", 0755);
	staging_fd = open("staging", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	resolv_fd = open("resolv", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	hosts_fd = open("hosts", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	leak_fd = fd;
	if (staging_fd < 0 || resolv_fd < 0 || hosts_fd < 0 || fd < 0)
		return -1;
	return write(resolv_fd, "nameserver 192.0.2.1\n", 21) == 21 ? 0 : -1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_is_confined),
		cmocka_unit_test(fetch_is_confined),
		cmocka_unit_test(inflate_is_confined),
		cmocka_unit_test(unpack_is_confined),
		cmocka_unit_test(state_seen_from_outside),
		cmocka_unit_test(failing_step_ends_the_role),
	};

	if (argc == 4 && str_eq(argv[1], "@enter"))
		return str_eq(argv[3], "@wait") ? enter_and_wait(argv[2])
						: enter_and_probe(argv[2], argv[3]);
	if (roles_skip_all())
		return 0;
	return cmocka_run_group_tests(tests, set_up, NULL);
}
