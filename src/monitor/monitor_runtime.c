/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the OCI runtime, and what can be learned from how they end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "monitor/monitor_state.h"
#include "sys/fd.h"

#define MAX_COMMAND_ARGS 8

static void on_runtime_end(struct loop_child *c, struct sys_exit exit)
{
	struct monitor *m = c->data;

	loop_timer_fini(&m->runtime_timer);
	m->runtime_pid = 0;
	m->runtime_code = exit.signaled ? 0 : exit.code;
	monitor_step(m, exit.signaled || exit.code ? EVENT_RUNTIME_FAILED : EVENT_RUNTIME_OK);
}

static void on_runtime_late(struct loop_timer *t)
{
	struct monitor *m = t->data;

	m->runtime_late = true;
	monitor_run_cancel(m);
}

int monitor_run(struct monitor *m, const char *const *args, const int stdio[3])
{
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	const char *argv[1 + MONITOR_MAX_ARGS + MAX_COMMAND_ARGS + 1];
	struct sys_spawn s = {.path = m->create.runtime,
			      .argv = argv,
			      .envp = env,
			      .fds = stdio,
			      .n_fds = 3,
			      .cgroup_fd = -1};
	size_t n = 0;
	int pidfd = -1;
	pid_t pid;

	argv[n++] = m->create.runtime;
	for (size_t i = 0; i < m->create.n_args; i++)
		argv[n++] = m->create.args[i];
	for (size_t i = 0; args[i]; i++) {
		if (i == MAX_COMMAND_ARGS)
			return -E2BIG;
		argv[n++] = args[i];
	}
	argv[n] = NULL;
	pid = sys_spawn(&s, &pidfd);
	if (pid < 0)
		return pid;
	sys_close(pidfd);
	m->runtime_pid = pid;
	m->runtime_late = false;
	m->error.code = 0;
	loop_child_init(&m->runtime, &m->loop, pid, on_runtime_end, m);
	loop_timer_init(&m->runtime_timer, &m->loop, on_runtime_late, m);
	loop_timer_set(&m->runtime_timer, (int64_t)CONFIG_MONITOR_RUNTIME_TIMEOUT_S * 1000);
	return 0;
}

void monitor_run_cancel(struct monitor *m)
{
	if (m->runtime_pid)
		sys_kill(m->runtime_pid, SIGKILL);
}

char *monitor_runtime_message(struct monitor *m, char *dst, size_t cap)
{
	/* before the container has a terminal or runs, its stderr is the runtime's */
	int fd = m->message_fd >= 0 ? m->message_fd : m->stdio.err.fd;

	if (m->error.code)
		str_printf(dst, cap, "%s", m->error.msg);
	else if (m->runtime_late)
		str_printf(dst, cap, "%s took longer than %d s and was killed", m->create.runtime,
			   CONFIG_MONITOR_RUNTIME_TIMEOUT_S);
	else if (!*stdio_message(fd, dst, cap))
		str_printf(dst, cap, "%s failed without a message", m->create.runtime);
	return dst;
}

static bool has(const char *text, const char *what)
{
	size_t n = strlen(what);

	for (size_t len = strlen(text); len >= n; len--, text++)
		if (span_eq_nocase((struct span){text, n}, what))
			return true;
	return false;
}

/* As Docker tells them: every runtime has its own words for a command that cannot be executed. */
int monitor_exit_code_of(const char *message)
{
	if (has(message, "executable file") && has(message, "not found"))
		return 127;
	if (!has(message, "exec"))
		return 125;
	if (has(message, "no such file or directory"))
		return 127;
	if (has(message, "permission denied") || has(message, "exec format error") ||
	    has(message, "is a directory"))
		return 126;
	return 125;
}

/* Both kinds of file have a line "oom_kill N" (v1 since Linux 4.13). */
bool monitor_oom_happened(int fd)
{
	char text[512];
	struct span rest, line, number;
	bool more = true, two;
	uint64_t n = 0;
	ssize_t len = fd < 0 ? 0 : sys_pread(fd, text, sizeof(text), 0);

	rest = (struct span){text, len > 0 ? (size_t)len : 0};
	while (more) {
		line = span_cut(rest, '\n', &rest, &more);
		if (span_eq(span_cut(line, ' ', &number, &two), "oom_kill"))
			return num_u64(number, UINT64_MAX, &n) == 0 && n > 0;
	}
	return false;
}
