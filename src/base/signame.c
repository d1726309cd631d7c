/* SPDX-License-Identifier: Apache-2.0 */
#include "base/signame.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/num.h"

#define SIGNAL_MAX 64 /* the kernel's _NSIG */
/* The kernel's numbers: libc keeps the first of 32 to 34 for itself and its SIGRTMIN is a call. */
#define RT_MIN 34
#define RT_MAX 64

static const struct {
	const char *name;
	int number;
} names[] = {
	{"HUP", SIGHUP},     {"INT", SIGINT},	{"QUIT", SIGQUIT}, {"ILL", SIGILL},
	{"TRAP", SIGTRAP},   {"ABRT", SIGABRT}, {"IOT", SIGABRT},  {"BUS", SIGBUS},
	{"FPE", SIGFPE},     {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},
	{"USR2", SIGUSR2},   {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM},
	{"CHLD", SIGCHLD},   {"CLD", SIGCHLD},	{"CONT", SIGCONT}, {"STOP", SIGSTOP},
	{"TSTP", SIGTSTP},   {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU}, {"URG", SIGURG},
	{"XCPU", SIGXCPU},   {"XFSZ", SIGXFSZ}, {"PROF", SIGPROF}, {"VTALRM", SIGVTALRM},
	{"WINCH", SIGWINCH}, {"IO", SIGIO},	{"POLL", SIGIO},   {"PWR", SIGPWR},
	{"SYS", SIGSYS},     {"RTMIN", RT_MIN}, {"RTMAX", RT_MAX},
};

static bool starts_nocase(struct span s, const char *prefix)
{
	size_t len = span_of(prefix).len;

	return s.len >= len && span_eq_nocase((struct span){s.p, len}, prefix);
}

static struct span skip(struct span s, size_t n)
{
	return (struct span){s.p + n, s.len - n};
}

/* "RTMIN+3", "RTMAX-1" */
static int realtime(struct span s)
{
	bool from_min = starts_nocase(s, "RTMIN+");
	uint32_t n;

	if (!from_min && !starts_nocase(s, "RTMAX-"))
		return -EINVAL;
	if (num_u32(skip(s, 6), RT_MAX - RT_MIN, &n) < 0)
		return -EINVAL;
	return from_min ? RT_MIN + (int)n : RT_MAX - (int)n;
}

int signame_parse(struct span text)
{
	uint32_t number;

	if (num_u32(text, SIGNAL_MAX, &number) == 0)
		return number ? (int)number : -EINVAL;
	if (starts_nocase(text, "SIG"))
		text = skip(text, 3);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (span_eq_nocase(text, names[i].name))
			return names[i].number;
	return realtime(text);
}

char *signame_format(char dst[static 16], int signal)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].number != signal)
			continue;
		snprintf(dst, 16, "SIG%s", names[i].name);
		return dst;
	}
	if (signal > RT_MIN && signal < RT_MAX)
		snprintf(dst, 16, "SIGRTMIN+%d", signal - RT_MIN);
	else
		snprintf(dst, 16, "%d", signal);
	return dst;
}
