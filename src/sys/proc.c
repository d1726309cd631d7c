/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "sys/fd.h"
#include "sys/ret.h"

#define STAT_START_TIME 22 /* field of /proc/PID/stat, counted from 1 */

int sys_pidfd_open(pid_t pid)
{
	return SYS_RET(syscall(SYS_pidfd_open, pid, 0));
}

int sys_pidfd_getfd(int pidfd, int number)
{
	return SYS_RET(syscall(SYS_pidfd_getfd, pidfd, number, 0));
}

int sys_pidfd_signal(int pidfd, int sig)
{
	return SYS_RET(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

int sys_signal_process(pid_t pid, int pidfd, int sig)
{
	int r = pidfd < 0 ? -ENOSYS : sys_pidfd_signal(pidfd, sig);

	return r == -ENOSYS ? sys_kill(pid, sig) : r;
}

int sys_kill(pid_t pid, int sig)
{
	if (pid <= 1)
		return -EINVAL;
	return SYS_RET(kill(pid, sig));
}

int sys_kill_group(pid_t leader, int sig)
{
	return leader <= 1 ? -EINVAL : SYS_RET(kill(-leader, sig));
}

pid_t sys_wait(pid_t pid, int flags, struct sys_exit *ret_exit)
{
	int status = 0;
	pid_t r = SYS_RETRY(waitpid(pid, &status, flags));

	if (r > 0)
		*ret_exit = WIFSIGNALED(status)
				    ? (struct sys_exit){.signaled = true, .code = WTERMSIG(status)}
				    : (struct sys_exit){.code = WEXITSTATUS(status)};
	return r;
}

bool sys_has_call(long nr)
{
	return SYS_RET(syscall(nr, -1L, -1L, -1L, -1L, -1L, -1L)) != -ENOSYS;
}

int sys_set_subreaper(bool on)
{
	return SYS_RET(prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0));
}

int sys_set_death_signal(int sig)
{
	return SYS_RET(prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0));
}

int sys_set_name(const char *name)
{
	return SYS_RET(prctl(PR_SET_NAME, name, 0, 0, 0));
}

int sys_set_oom_score_adj(int value)
{
	auto_close int fd = sys_open(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY, 0);
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", value);

	return fd < 0 ? fd : sys_write_all(fd, text, (size_t)n);
}

pid_t sys_getpid(void)
{
	return getpid();
}

pid_t sys_getppid(void)
{
	return getppid();
}

void sys_exit_now(int status)
{
	_exit(status);
}

int sys_proc_start_time(pid_t pid, uint64_t *ret_ticks)
{
	char state;

	return sys_proc_stat(pid, &state, ret_ticks);
}

int sys_proc_stat(pid_t pid, char *ret_state, uint64_t *ret_ticks)
{
	char path[32], text[1024];
	auto_close int fd = -1;
	struct span rest, field = {0};
	const char *end;
	bool more = true;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	n = sys_read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	/* field 2 is the process's name in parentheses, and may hold both blanks and parentheses */
	end = strrchr(text, ')');
	if (!end || end[1] != ' ')
		return -EBADMSG;
	*ret_state = end[2];
	rest = span_of(end + 2);
	for (int i = 3; i <= STAT_START_TIME; i++) {
		if (!more)
			return -EBADMSG;
		field = span_cut(rest, ' ', &rest, &more);
	}
	return num_u64(field, UINT64_MAX, ret_ticks) < 0 ? -EBADMSG : 0;
}

int64_t sys_now_ms(void)
{
	struct timespec ts = {0};

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void sys_realtime(int64_t *ret_s, uint32_t *ret_ns)
{
	struct timespec ts = {0};

	clock_gettime(CLOCK_REALTIME, &ts);
	*ret_s = ts.tv_sec;
	*ret_ns = (uint32_t)ts.tv_nsec;
}

int sys_set_realtime(int64_t s)
{
	struct timespec ts = {.tv_sec = (time_t)s};

	return SYS_RET(clock_settime(CLOCK_REALTIME, &ts));
}

int sys_random(void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		ssize_t n = SYS_RETRY_LONG(getrandom(p, len, 0));

		if (n < 0)
			return (int)n;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}
