/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults - run a program and let one of its system calls fail, or kill it there
 *
 *	faults [--also PID] [--fail P:CALL:N:ERRNO | --kill P:CALL:N] [--enosys CALL,...] [--count]
 *		[--seconds S] REPORT PROGRAM ARGS...
 *
 * P counts the processes: 0 is the program, its children follow in the order in which they are made; with
 * --also, 1 is that process. N counts the calls of one kind in one process from 1. --kill kills the
 * process instead of the call. --enosys: every such call, in all of them. --count lists what was called.
 * A process that executes something else than the program is left alone from then on.
 *
 * close() is carried out before it fails, as Linux does. REPORT gets lines of words:
 *
 *	exit N | signal N | timeout	how the program ended; after S seconds (10) it is killed
 *	hit WHAT			the call was reached: its descriptor's path, the path that it is given
 *	crash P SIGNAL			a process ended by a signal that nobody sends on purpose
 *	alive PID P			is still there a second after a failed program
 *	count P CALL N			(--count)
 *
 * Faster than strace by a factor of ten: it looks at numbers only and decodes nothing.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define REG_NR(r)     ((r).orig_rax)
#define REG_RESULT(r) ((r).rax)
#elif defined(__aarch64__)
#define REG_NR(r)     ((r).regs[8])
#define REG_RESULT(r) ((r).regs[0])
#else
#define UNKNOWN_MACHINE
#endif

#define MAX_PROCESSES 512
#define MAX_CALLS     512
#define OPTIONS                                                                                    \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |  \
	 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

struct process {
	pid_t pid;
	bool traced, gone, inside, lie;
	int n[MAX_CALLS];
};

static struct process processes[MAX_PROCESSES];
static int n_processes;
static FILE *report;
static volatile sig_atomic_t late;

static struct {
	int process, call, n, error;
	bool set, kill;
} fault;
static bool enosys[MAX_CALLS];
static int failing[MAX_PROCESSES]; /* errno of the call that a process is in */
static bool hit, every_call, launched;
static dev_t program_dev;
static ino_t program_ino;

static void fatal(const char *what)
{
	perror(what);
	exit(99);
}

static void on_alarm(int sig)
{
	(void)sig;
	late = 1;
}

static struct process *find(pid_t pid)
{
	for (int i = 0; i < n_processes; i++)
		if (processes[i].pid == pid && !processes[i].gone)
			return &processes[i];
	return NULL;
}

static struct process *add(pid_t pid)
{
	struct process *p = find(pid);

	if (!p && n_processes < MAX_PROCESSES) {
		p = &processes[n_processes++];
		p->pid = pid;
		p->traced = true;
	}
	return p;
}

static int call_number(const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);

	if (nr < 0 || nr >= MAX_CALLS) {
		fprintf(stderr, "faults: no system call %s\n", name);
		exit(98);
	}
	return nr;
}

#ifndef UNKNOWN_MACHINE
static void set_result(pid_t pid, bool skip, long result)
{
	struct user_regs_struct regs;
	struct iovec v = {&regs, sizeof(regs)};

	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &v))
		return;
	if (skip) {
#if defined(__aarch64__)
		int none = -1;
		struct iovec nr = {&none, sizeof(none)};

		ptrace(PTRACE_SETREGSET, pid, (void *)NT_ARM_SYSTEM_CALL, &nr);
#else
		REG_NR(regs) = (unsigned long)-1;
#endif
	} else {
		REG_RESULT(regs) = (unsigned long)result;
	}
	ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &v);
}
#else
static void set_result(pid_t pid, bool skip, long result)
{
	(void)pid;
	(void)skip;
	(void)result;
}
#endif

static bool has_path(int nr)
{
	static const int calls[] = {
		SYS_openat,   SYS_openat2,   SYS_mkdirat,    SYS_mknodat,   SYS_unlinkat,
		SYS_fchownat, SYS_renameat2, SYS_readlinkat, SYS_open_tree, SYS_newfstatat,
#ifdef SYS_stat
		SYS_stat,
#endif
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i] == nr)
			return true;
	return false;
}

/* What a table of exceptions needs to tell one call from another. */
static void describe(pid_t pid, int nr, const uint64_t *args)
{
	char link[64], path[512] = "", text[256] = "";
	struct iovec to = {text, sizeof(text) - 1};
	struct iovec from = {(void *)(uintptr_t)args[1], sizeof(text) - 1};
	ssize_t n = -1;

#ifdef SYS_stat
	if (nr == SYS_stat)
		from.iov_base = (void *)(uintptr_t)args[0];
#endif
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, (int)args[0]);
	if (nr != SYS_mount && nr != SYS_prctl && nr != SYS_socket)
		n = readlink(link, path, sizeof(path) - 1);
	path[n < 0 ? 0 : n] = '\0';
	if (has_path(nr)) {
		/* a string may end just before memory that is not there */
		size_t left = 4096 - (uintptr_t)from.iov_base % 4096;

		from.iov_len = left < from.iov_len ? left : from.iov_len;
		if (process_vm_readv(pid, &to, 1, &from, 1, 0) < 0)
			*text = '\0';
	}
	if (nr == SYS_prctl)
		snprintf(text, sizeof(text), "option %d", (int)args[0]);
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ' ';
	fprintf(report, "hit %s%s%s\n", path, *text ? ":" : "", text);
}

static void at_call(struct process *p)
{
	struct {
		uint8_t op;
		uint8_t pad[3];
		uint32_t arch;
		uint64_t at, sp, nr, args[6];
	} info = {0};
	int *error = &failing[p - processes];

	if (ptrace(0x420e /* PTRACE_GET_SYSCALL_INFO */, p->pid, sizeof(info), &info) < 0)
		return;
	if (info.op == 2) { /* exit */
		if (*error)
			set_result(p->pid, false, -*error);
		*error = 0;
		return;
	}
	if (info.op != 1 || info.nr >= MAX_CALLS || !launched)
		return;
	p->n[info.nr]++;
	if (enosys[info.nr]) {
		*error = ENOSYS;
	} else if (fault.set && p - processes == fault.process && (int)info.nr == fault.call &&
		   p->n[info.nr] == fault.n) {
		hit = true;
		describe(p->pid, (int)info.nr, info.args);
		if (fault.kill) {
			kill(p->pid, SIGKILL);
			return;
		}
		*error = fault.error;
	}
	if (*error && info.nr != SYS_close)
		set_result(p->pid, true, 0);
}

/* Is it still the program? It may have been executed from a copy in memory, too. */
static bool is_program(pid_t pid)
{
	char path[32], link[256];
	struct stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &st) == 0 && st.st_dev == program_dev && st.st_ino == program_ino)
		return true;
	n = readlink(path, link, sizeof(link) - 1);
	link[n < 0 ? 0 : n] = '\0';
	return !strncmp(link, "/memfd:", 7);
}

static void let_go(struct process *p)
{
	ptrace(PTRACE_DETACH, p->pid, NULL, 0L);
	p->traced = false;
}

/* Stop at calls only where it matters: that is most of the cost. */
static void go_on(struct process *p, int sig)
{
	long i = p - processes;
	bool stops = every_call || failing[i] || (fault.set && !hit && i == fault.process);

	ptrace(stops ? PTRACE_SYSCALL : PTRACE_CONT, p->pid, NULL, (long)sig);
}

static void stopped(struct process *p, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;
	unsigned long child;

	if (sig == (SIGTRAP | 0x80)) {
		at_call(p);
		sig = 0;
	} else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
		   event == PTRACE_EVENT_CLONE) {
		if (ptrace(PTRACE_GETEVENTMSG, p->pid, NULL, &child) == 0)
			add((pid_t)child);
		sig = 0;
	} else if (event == PTRACE_EVENT_EXEC) {
		if (!is_program(p->pid)) {
			let_go(p);
			return;
		}
		launched = true;
		sig = 0;
	} else if (event == PTRACE_EVENT_STOP) {
		if (sig != SIGTRAP) {
			ptrace(PTRACE_LISTEN, p->pid, NULL, NULL);
			return;
		}
		sig = 0;
	}
	go_on(p, sig);
}

static void ended(struct process *p, int status)
{
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	p->gone = true;
	if (p->traced && sig && sig != SIGKILL && sig != SIGTERM && sig != SIGINT && sig != SIGPIPE)
		fprintf(report, "crash %d %d\n", (int)(p - processes), sig);
}

/* Until the program and, if @all, everything it made has ended, or time is up. */
static int follow(bool all)
{
	int main_status = -1, status;

	while (!late) {
		pid_t pid;
		struct process *p;
		bool any = false;

		for (int i = 0; i < n_processes; i++)
			any |= processes[i].traced && !processes[i].gone;
		if (all ? !any : processes[0].gone)
			break;
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == ECHILD)
			break;
		if (pid < 0)
			continue;
		p = WIFSTOPPED(status) ? add(pid) : find(pid);
		if (!p)
			continue;
		if (WIFSTOPPED(status)) {
			stopped(p, status);
			continue;
		}
		ended(p, status);
		if (p == processes)
			main_status = status;
	}
	return main_status;
}

static void alarm_in(int ms)
{
	struct itimerval t = {.it_value = {ms / 1000, ms % 1000 * 1000},
			      .it_interval = {0, 100000}};

	late = 0;
	setitimer(ITIMER_REAL, &t, NULL);
}

static bool runs(pid_t pid)
{
	char path[32], text[512], *end;
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	end = strrchr(text, ')');
	return end && end[2] != 'Z' && end[2] != 'X';
}

static void let_all_go(bool kill_them)
{
	int status;

	for (int i = 0; i < n_processes; i++) {
		struct process *p = &processes[i];

		if (p->gone || !p->traced)
			continue;
		if (kill_them) {
			kill(p->pid, SIGKILL);
			continue;
		}
		ptrace(PTRACE_INTERRUPT, p->pid, NULL, NULL);
		alarm_in(1000);
		while (!late && waitpid(p->pid, &status, __WALL) < 0 && errno == EINTR)
			;
		let_go(p);
	}
}

static void launch(char **argv)
{
	int go[2];
	struct stat st;
	pid_t pid;
	char c;

	if (stat(argv[0], &st) || pipe2(go, O_CLOEXEC))
		fatal(argv[0]);
	program_dev = st.st_dev;
	program_ino = st.st_ino;
	pid = fork();
	if (pid == 0) {
		if (read(go[0], &c, 1) != 1)
			_exit(97);
		execv(argv[0], argv);
		fatal(argv[0]);
	}
	if (pid < 0 || ptrace(PTRACE_SEIZE, pid, NULL, (long)OPTIONS))
		fatal("trace");
	processes[0].pid = pid;
	processes[0].traced = true;
	n_processes = n_processes ? n_processes : 1;
	/* stopped once, so that it goes on from call to call */
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	if (write(go[1], "x", 1) != 1)
		fatal("go");
	close(go[0]);
	close(go[1]);
}

static void also(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, (long)OPTIONS))
		fatal("trace --also");
	processes[1].pid = pid;
	processes[1].traced = true;
	n_processes = 2;
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
}

static int error_number(const char *name)
{
	static const struct {
		const char *name;
		int n;
	} known[] = {{"EIO", EIO},	 {"ENOMEM", ENOMEM}, {"EPERM", EPERM},	 {"EACCES", EACCES},
		     {"ENOSPC", ENOSPC}, {"EMFILE", EMFILE}, {"EINVAL", EINVAL}, {"EBUSY", EBUSY},
		     {"EAGAIN", EAGAIN}, {"EINTR", EINTR},   {"ENOSYS", ENOSYS}, {"ENOENT", ENOENT},
		     {"EPIPE", EPIPE},	 {"ESRCH", ESRCH},   {"ECHILD", ECHILD}};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].name, name))
			return known[i].n;
	fprintf(stderr, "faults: no error %s\n", name);
	exit(98);
}

static void parse_fault(char *text, bool to_kill)
{
	char *call = strchr(text, ':'), *n = call ? strchr(call + 1, ':') : NULL;
	char *error = n ? strchr(n + 1, ':') : NULL;

	if (!n || !!error == to_kill) {
		fprintf(stderr, "faults: P:CALL:N[:ERRNO] is needed\n");
		exit(98);
	}
	*call++ = *n++ = '\0';
	if (error)
		*error++ = '\0';
	fault.set = true;
	fault.kill = to_kill;
	fault.process = atoi(text);
	fault.call = call_number(call);
	fault.n = atoi(n);
	fault.error = error ? error_number(error) : 0;
}

static void print_counts(void)
{
	for (int i = 0; i < n_processes; i++)
		for (int nr = 0; nr < MAX_CALLS; nr++)
			if (processes[i].n[nr])
				fprintf(report, "count %d %s %d\n", i,
					seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr),
					processes[i].n[nr]);
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_alarm};
	bool count = false;
	int seconds = 10, i = 1, n_enosys = 0, status;
	bool failed;

#ifdef UNKNOWN_MACHINE
	return 77;
#endif
	for (; i + 2 < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--count"))
			count = true;
		else if (!strcmp(argv[i], "--also"))
			also(atoi(argv[++i]));
		else if (!strcmp(argv[i], "--fail"))
			parse_fault(argv[++i], false);
		else if (!strcmp(argv[i], "--kill"))
			parse_fault(argv[++i], true);
		else if (!strcmp(argv[i], "--seconds"))
			seconds = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--enosys"))
			for (char *s = strtok(argv[++i], ","); s; s = strtok(NULL, ","))
				enosys[call_number(s)] = ++n_enosys;
		else
			return 98;
	}
	if (argc - i < 2)
		return 98;
	every_call = count || n_enosys;
	report = fopen(argv[i], "we");
	if (!report)
		fatal(argv[i]);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	sigaction(SIGALRM, &sa, NULL);
	launch(argv + i + 1);
	alarm_in(seconds * 1000);
	status = follow(false);
	if (late) {
		fprintf(report, "timeout\n");
		let_all_go(true);
		fclose(report);
		return 0;
	}
	failed = !WIFEXITED(status) || WEXITSTATUS(status);
	fprintf(report, "%s %d\n", WIFEXITED(status) ? "exit" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	if (failed && !(fault.kill && fault.process == 0)) {
		alarm_in(1000);
		follow(true);
	}
	for (i = 1; failed && i < n_processes; i++)
		if (!processes[i].gone && runs(processes[i].pid))
			fprintf(report, "alive %d %d\n", (int)processes[i].pid, i);
	let_all_go(false);
	if (count)
		print_counts();
	fclose(report);
	return 0;
}
