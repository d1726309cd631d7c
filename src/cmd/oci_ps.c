/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps: the machine's own ps prints, we keep the heading and the lines of the container's processes. Where
 * there is no ps, or one that knows no -ef, a short list of our own.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "cmd/oci_opts.h"
#include "cmd/oci_verbs.h"
#include "sys/fd.h"
#include "sys/proc.h"

#define MAX_PIDS 32768
#define TEXT_CAP (4 * 1024 * 1024) /* what ps prints of a whole machine */
#define MAX_ARGS 64

static struct ps {
	pid_t pids[MAX_PIDS];
	int n;
	char text[TEXT_CAP];
	size_t len;
} ps;

static bool ours(struct span word)
{
	uint64_t pid;

	if (num_u64(word, INT32_MAX, &pid) < 0)
		return false;
	for (int i = 0; i < ps.n; i++)
		if ((uint64_t)ps.pids[i] == pid)
			return true;
	return false;
}

/* Columns are separated by any number of blanks. Return: an empty span behind the last one */
static struct span column(struct span line, int index)
{
	struct span word = {0};

	for (int i = 0; i <= index; i++) {
		while (line.len && *line.p == ' ')
			line = (struct span){line.p + 1, line.len - 1};
		word = line;
		word.len = 0;
		while (line.len && *line.p != ' ') {
			word.len++;
			line = (struct span){line.p + 1, line.len - 1};
		}
	}
	return word;
}

static int print_ours(struct err *e)
{
	struct span rest = {ps.text, ps.len}, line;
	int index = 0;
	bool more;

	line = span_cut(rest, '\n', &rest, &more);
	while (column(line, index).len && !span_eq(column(line, index), "PID"))
		index++;
	if (!column(line, index).len)
		return err_text(e, -EINVAL, "there is no PID column in the output of ps");
	printf("%.*s\n", (int)line.len, line.p);
	while (more) {
		line = span_cut(rest, '\n', &rest, &more);
		if (ours(column(line, index)))
			printf("%.*s\n", (int)line.len, line.p);
	}
	return 0;
}

int oci_find_program(const char *name, char *ret_path, size_t cap)
{
	const char *path = getenv("PATH");
	struct span rest = span_of(str_empty(path) ? "/bin:/usr/bin" : path);
	bool more = true;

	while (more) {
		struct span dir = span_cut(rest, ':', &rest, &more);
		struct stat st;

		if (dir.len && *dir.p == '/' &&
		    str_printf(ret_path, cap, "%.*s/%s", (int)dir.len, dir.p, name) > 0 &&
		    sys_statat(AT_FDCWD, ret_path, &st, 0) == 0 && (st.st_mode & 0111))
			return 0;
	}
	return -ENOENT;
}

/* Return: ps's exit status; -ENOENT there is none; -errno */
static int run_ps(int argc, char **argv, struct err *e)
{
	const char *words[MAX_ARGS + 2] = {"ps", "-ef"};
	struct sys_exit x;
	char path[PATH_MAX / 4];
	int pipe_fds[2], pidfd = -1, r = oci_find_program("ps", path, sizeof(path));
	ssize_t n;
	pid_t pid;

	if (r < 0)
		return r;
	if (argc > MAX_ARGS)
		return err_text(e, -E2BIG, "more than %d words for ps", MAX_ARGS);
	for (int i = 0; i < argc; i++)
		words[i + 1] = argv[i];
	r = sys_pipe(pipe_fds, 0);
	if (r < 0)
		return err_set(e, r, "pipe");
	pid = sys_spawn(&(struct sys_spawn){.path = path,
					    .argv = words,
					    .envp = (const char *const *)environ,
					    .fds = (int[]){-1, pipe_fds[1], pipe_fds[1]},
					    .n_fds = 3,
					    .cgroup_fd = -1},
			&pidfd);
	sys_close(pipe_fds[1]);
	n = pid < 0 ? pid : sys_read_full(pipe_fds[0], ps.text, sizeof(ps.text));
	sys_close(pipe_fds[0]);
	sys_close(pidfd);
	r = pid < 0 ? pid : sys_wait(pid, 0, &x);
	if (n == (ssize_t)sizeof(ps.text))
		n = -EFBIG;
	if (n < 0 || r < 0)
		return err_set(e, n < 0 ? (int)n : r, "run %s", path);
	ps.len = (size_t)n;
	return sys_exit_code(x);
}

/* Arguments are separated by NUL; what a terminal might take for a command becomes '?'. */
static void print_own(void)
{
	puts("    PID STAT CMD");
	for (int i = 0; i < ps.n; i++) {
		char path[48], state, *t = ps.text;
		auto_close int fd = -1;
		uint64_t ticks;
		ssize_t n;

		if (sys_proc_stat(ps.pids[i], &state, &ticks) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)ps.pids[i]);
		fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
		n = fd < 0 ? 0 : sys_read_full(fd, t, 4096);
		for (ssize_t k = 0; k < n; k++)
			t[k] = t[k] == '\0' ? ' ' : t[k] < ' ' ? '?' : t[k];
		printf("%7d %c    %.*s\n", (int)ps.pids[i], state, (int)(n < 0 ? 0 : n), t);
	}
}

static void print_json(void)
{
	/* as runc: no processes are null, not [] */
	for (int i = 0; i < ps.n; i++)
		printf("%c%d", i ? ',' : '[', (int)ps.pids[i]);
	puts(ps.n ? "]" : "null");
}

int oci_ps_main(struct oci_cmd *c, int argc, char **argv)
{
	const char *format = "table";
	const struct oci_opt opts[] = {
		{.name = "format", .letter = 'f', .value = &format, .arg = "table|json"},
		{0},
	};
	struct err e = {0};
	int n = oci_words(c, argc, argv, opts, 1, -1), status;
	bool json;

	if (n < 0)
		return c->status;
	if (oci_format(c, format, &json) < 0)
		return c->status;
	if (runtime_open(&c->rt, c->root, false, &e) < 0 ||
	    (ps.n = runtime_processes(&c->rt, argv[0], ps.pids, MAX_PIDS, &e)) < 0)
		return oci_fail(c, &e, 1);
	argc = n - 1;
	argv++;
	if (json) {
		print_json();
		return 0;
	}
	status = run_ps(argc, argv, &e);
	if (status == -ENOENT || (status > 0 && !argc)) {
		print_own();
		return 0;
	}
	if (status > 0)
		err_text(&e, -EINVAL, "ps: %.*s", (int)(ps.len < 256 ? ps.len : 256), ps.text);
	if (status != 0 || print_ours(&e) < 0)
		return oci_fail(c, &e, 1);
	return 0;
}
