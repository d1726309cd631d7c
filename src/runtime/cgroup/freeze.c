/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping all processes of a container. v1: the freezer controller, which takes SIGKILL only after the
 * thaw. v2: part of every cgroup, also beside v1 controllers. Where both are there v1's is the one in use.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/watch.h"

#define WAIT_MS	 5000
#define AGAIN_MS 500 /* a process in the middle of vfork keeps v1 "FREEZING": freeze once more */

static const struct freezer {
	const char *file, *frozen, *thawed;
	const char *answer_file, *answer; /* what is read when all stand */
} freezers[] = {
	{"freezer.state", "FROZEN", "THAWED", "freezer.state", "FROZEN"},
	{"cgroup.freeze", "1", "0", "cgroup.events", "frozen 1"},
};

/* The directory's descriptor. -ENOENT: nothing to freeze with; what cannot be looked at is an error */
static int find(const struct oci_strs *dirs, const struct freezer **ret_freezer)
{
	struct stat st;
	int r;

	for (size_t k = 0; k < ARRAY_LEN(freezers); k++) {
		for (size_t i = 0; i < dirs->n; i++) {
			auto_close int fd = sys_open(AT_FDCWD, dirs->v[i], O_PATH | O_DIRECTORY, 0);

			r = fd < 0 ? fd : sys_statat(fd, freezers[k].file, &st, 0);
			if (r == 0)
				*ret_freezer = &freezers[k];
			if (r != -ENOENT)
				return r < 0 ? r : take_fd(&fd);
		}
	}
	return -ENOENT;
}

static int put(int dir_fd, const char *file, const char *text)
{
	auto_close int fd = sys_open(dir_fd, file, O_WRONLY | O_NOFOLLOW, 0);

	return fd < 0 ? fd : sys_write_all(fd, text, strlen(text));
}

static bool answers(int dir_fd, const char *file, const char *text)
{
	char is[256];

	return cgroup_read(dir_fd, file, is, sizeof(is)) > 0 && strstr(is, text);
}

int cgroup_freeze(const struct oci_strs *dirs, struct err *e)
{
	const struct freezer *f;
	auto_close int fd = find(dirs, &f);
	int64_t begin = sys_now_ms(), again = begin, now = begin;
	int r;

	if (fd == -ENOENT)
		return err_text(e, -EOPNOTSUPP, "there is no freezer for the container's cgroup");
	if (fd < 0)
		return err_set(e, fd, "look for the freezer");
	while (now - begin < WAIT_MS) {
		if (now >= again) {
			r = put(fd, f->file, f->frozen);
			if (r < 0)
				return err_set(e, r, "cgroup: write %s", f->file);
			again = now + AGAIN_MS;
		}
		if (answers(fd, f->answer_file, f->answer))
			return 0;
		sys_sleep_ms(1);
		now = sys_now_ms();
	}
	put(fd, f->file, f->thawed);
	return err_text(e, -EBUSY, "the container's processes do not freeze within %d ms", WAIT_MS);
}

int cgroup_thaw(const struct oci_strs *dirs, struct err *e)
{
	const struct freezer *f;
	auto_close int fd = find(dirs, &f);
	int r = fd < 0 ? fd : put(fd, f->file, f->thawed);

	return r < 0 ? err_set(e, r, "thaw the container's cgroup") : 0;
}

int cgroup_fetch(const struct oci_strs *dirs, pid_t pid)
{
	const struct freezer *f;
	auto_close int fd = find(dirs, &f);
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return fd < 0 ? fd : put(fd, "cgroup.procs", text);
}

int cgroup_frozen(const struct oci_strs *dirs)
{
	const struct freezer *f;
	auto_close int fd = find(dirs, &f);
	char is[16];
	ssize_t n = fd < 0 ? fd : cgroup_read(fd, f->file, is, sizeof(is));

	if (n < 0)
		return n == -ENOENT || n == -ENODEV ? 0 : (int)n;
	return n > 0 && (is[0] == 'F' || is[0] == '1');
}
