/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a container, found by its cgroup: whoever they are, they cannot leave it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/watch.h"

#define WAIT_MS	  5000
#define ROUND_MS  5
#define MAX_DEPTH 16
#define DIR_TYPE  4 /* DT_DIR */

struct walk {
	cgroup_process_fn *fn;
	void *data;
	int n;
};

static void one_line(struct walk *w, struct span line)
{
	uint64_t pid;

	/* 0 is a process of a pid namespace that we do not see */
	if (num_u64(line, INT32_MAX, &pid) < 0 || pid <= 1)
		return;
	w->n++;
	w->fn(w->data, (pid_t)pid);
}

/* -EOPNOTSUPP: a threaded cgroup, whose processes its parent lists */
static int each_pid(struct walk *w, int dir_fd)
{
	auto_close int fd = sys_open(dir_fd, "cgroup.procs", O_RDONLY | O_NOFOLLOW, 0);
	char text[1024];
	size_t have = 0;
	ssize_t n = fd;

	while (n >= 0 && (n = sys_read(fd, text + have, sizeof(text) - have)) > 0) {
		struct span rest = {text, have + (size_t)n}, line;
		bool more = true;

		while (line = span_cut(rest, '\n', &rest, &more), more)
			one_line(w, line);
		have = line.len;
		memmove(text, line.p, have);
	}
	return n == -ENOENT || n == -ENODEV || n == -EOPNOTSUPP ? 0 : (int)n;
}

/* Depth is bounded, so is the recursion: 3 KiB + a directory reader a level. */
static int walk_tree(struct walk *w, int dir_fd, unsigned int depth)
{
	struct sys_dir dir;
	const char *name;
	unsigned char type;
	auto_close int fd = sys_open(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	int r = fd < 0 ? fd : each_pid(w, fd);

	if (r < 0 || depth == MAX_DEPTH)
		return r;
	sys_dir_init(&dir, fd);
	while (sys_dir_next(&dir, &name, &type) == 1) {
		auto_close int sub = -1;

		if (type != DIR_TYPE)
			continue;
		sub = sys_open(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		if (sub >= 0)
			walk_tree(w, sub, depth + 1);
	}
	return 0;
}

int cgroup_each_process(const struct oci_strs *dirs, cgroup_process_fn *fn, void *data)
{
	struct walk w = {.fn = fn, .data = data};

	for (size_t i = 0; i < dirs->n && !w.n; i++) {
		auto_close int fd = sys_open(AT_FDCWD, dirs->v[i], O_PATH | O_DIRECTORY, 0);
		int r = fd == -ENOENT ? 0 : fd < 0 ? fd : walk_tree(&w, fd, 0);

		if (r < 0)
			return r;
	}
	return w.n;
}

static void signal_one(void *data, pid_t pid)
{
	sys_kill(pid, *(const int *)data);
}

/* Linux 5.14, also beside v1 controllers: all at once. Return: true if there is such a file */
static bool kill_at_once(const struct oci_strs *dirs)
{
	bool done = false;

	for (size_t i = 0; i < dirs->n; i++) {
		auto_close int dir = sys_open(AT_FDCWD, dirs->v[i], O_PATH | O_DIRECTORY, 0);
		auto_close int fd =
			dir < 0 ? dir : sys_open(dir, "cgroup.kill", O_WRONLY | O_NOFOLLOW, 0);

		done |= fd >= 0 && sys_write(fd, "1", 1) == 1;
	}
	return done;
}

static int kill_all(const struct oci_strs *dirs)
{
	int sig = SIGKILL, n = cgroup_each_process(dirs, signal_one, &sig);

	if (n <= 0)
		return n;
	if (!kill_at_once(dirs) && cgroup_freeze(dirs, NULL) == 0)
		cgroup_each_process(dirs, signal_one, &sig);
	cgroup_thaw(dirs, NULL);
	return n;
}

static int tell_all(const struct oci_strs *dirs, int sig)
{
	bool stands = cgroup_frozen(dirs) == 1;
	int n;

	if (!stands)
		cgroup_freeze(dirs, NULL);
	n = cgroup_each_process(dirs, signal_one, &sig);
	if (!stands)
		cgroup_thaw(dirs, NULL);
	return n;
}

int cgroup_signal_all(const struct oci_strs *dirs, int sig, struct err *e)
{
	int total = 0, n = sig == SIGKILL ? kill_all(dirs) : tell_all(dirs, sig);

	for (unsigned int waited = 0; n > 0 && sig == SIGKILL; waited += ROUND_MS) {
		if (waited >= WAIT_MS)
			return err_text(e, -EBUSY, "processes in cgroup %s survive SIGKILL",
					dirs->v[0]);
		total = n;
		sys_sleep_ms(ROUND_MS);
		n = kill_all(dirs);
	}
	if (n < 0)
		return err_set(e, n, "signal the processes of a cgroup");
	return total || n ? 0 : -ESRCH;
}
