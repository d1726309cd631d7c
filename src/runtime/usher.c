/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The usher: born as a plain child, it enters the cgroups while it still may, joins namespaces, makes
 * those that have to be there before the clone, and clones with CLONE_PARENT. It dies as soon as its
 * pipe to us ends, and runs nothing of the container's.
 */
#include "runtime/usher.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "base/buf.h"
#include "file/procfs.h"
#include "runtime/become.h"
#include "runtime/namespaces.h"
#include "runtime/stage.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/proc.h"
#include "sys/sock.h"

static bool is_new(const struct oci_spec *s, enum oci_ns_kind k)
{
	return s->ns[k].set && !s->ns[k].path;
}

bool usher_needed(const struct oci_spec *s)
{
	bool joins = false;

	for (size_t k = 0; k < OCI_NS_COUNT; k++)
		joins |= s->ns[k].path != NULL;
	return s->ns[OCI_NS_TIME].set || (s->ns[OCI_NS_USER].set && joins);
}

static int new_user(int fd, bool keep_groups, struct err *e)
{
	struct stage_msg m = {.kind = STAGE_USERNS};
	struct stage_ack ack;
	int r = sys_unshare(CLONE_NEWUSER);

	if (r < 0)
		return err_set(e, r, "new user namespace");
	if (sys_write(fd, &m, sizeof(m)) < 0 ||
	    sys_read(fd, &ack, sizeof(ack)) != (ssize_t)sizeof(ack))
		return err_set(e, -EPIPE, "the runtime is gone");
	r = ns_become_root(keep_groups, e);
	return r < 0 ? r : sys_set_dumpable(false);
}

/* The offsets are those of the namespace for children, and fixed once one is in it. */
static int new_time(const struct oci_spec *s, int offsets_fd, struct err *e)
{
	char text[128];
	struct buf b;
	int r = sys_unshare(ns_flags[OCI_NS_TIME]);

	if (r < 0)
		return err_set(e, r, "new time namespace");
	buf_init(&b, text, sizeof(text));
	for (size_t i = 0; i < OCI_CLOCK_COUNT; i++)
		if (s->time_offsets[i].set)
			buf_printf(&b, "%s %" PRId64 " %u\n", oci_clock_names[i],
				   s->time_offsets[i].s, s->time_offsets[i].ns);
	r = b.len ? sys_write_all(offsets_fd, b.p, b.len) : 0;
	return r < 0 ? err_set(e, r, "set linux.timeOffsets") : 0;
}

static int enter(const struct usher *u, bool born, int fd, struct err *e)
{
	const struct oci_spec *s = u->spec;
	auto_close int procfs = -1;
	auto_close int offsets = -1;
	int r;

	/* the right to write is that of who opens it: later we are nobody to the host's procfs */
	if (s && is_new(s, OCI_NS_TIME))
		offsets = procfs_open(&procfs, "self/timens_offsets", O_WRONLY);
	if (offsets == -ENOENT)
		return err_text(e, -EOPNOTSUPP, "a time namespace needs Linux 5.6");
	r = u->place(u->arg, born, e);
	if (r == 0)
		r = ns_join(u->ns_fds, true, u->keep_groups, e);
	if (r == 0 && s && is_new(s, OCI_NS_USER))
		r = new_user(fd, u->keep_groups, e);
	if (r == 0 && s && is_new(s, OCI_NS_TIME))
		r = new_time(s, offsets, e);
	return r;
}

/* Returns in the process that was cloned; the usher itself ends here. */
static void usher_main(const struct usher *u, bool born, int fd)
{
	struct sys_clone how = {.flags = (u->flags & ~(uint64_t)CLONE_NEWUSER) | CLONE_PARENT,
				.cgroup_fd = -1};
	struct stage_msg m = {.kind = STAGE_BORN};
	struct err e = {0};
	bool ignored;
	int pidfd, r = enter(u, born, fd, &e);

	if (r == 0)
		r = m.code = sys_clone(&how, &pidfd, &ignored);
	if (r == 0)
		return;
	if (r < 0) {
		if (!e.code)
			err_set(&e, r, "new namespaces");
		stage_report(fd, &e);
		sys_exit_now(1);
	}
	sys_write(fd, &m, sizeof(m));
	sys_exit_now(0);
}

/* Return: the pid of the process that was cloned; -errno */
static pid_t serve(const struct usher *u, pid_t usher, int fd, struct err *e)
{
	struct stage_ack ack = {.pid = usher};
	struct stage_msg m;
	int r;

	while ((r = stage_wait(fd, &m)) == 1 && m.kind == STAGE_USERNS) {
		r = u->maps(u->arg, usher, e);
		if (r == 0)
			r = sys_send_fds(fd, &ack, sizeof(ack), NULL, 0);
		/* it does not listen: what it said last is read next, or that it is gone */
		if (r == -EPIPE)
			sys_kill(usher, SIGKILL);
		else if (r < 0)
			return e->code ? r : err_set(e, r, "talk to the container's process");
	}
	if (r < 0)
		return err_set(e, r, "talk to the container's process");
	if (r == 1 && m.kind == STAGE_BORN)
		return m.code;
	return r == 0 ? err_text(e, -EIO, "the process that enters the namespaces was killed")
		      : err_text(e, m.code < 0 ? m.code : -EIO, "%s", m.text);
}

pid_t usher_clone(const struct usher *u, struct err *e)
{
	struct sys_clone how = {.cgroup_fd = u->cgroup_fd};
	struct sys_exit ignored;
	auto_close int ours = -1;
	auto_close int theirs = -1;
	auto_close int pidfd = -1;
	int pair[2], r = sys_socketpair_seqpacket(pair);
	pid_t usher, pid;
	bool born;

	if (r < 0)
		return err_set(e, r, "socket pair");
	ours = pair[0];
	theirs = pair[1];
	usher = sys_clone(&how, &pidfd, &born);
	if (usher < 0)
		return err_set(e, usher, "new process");
	if (usher == 0) {
		sys_close(take_fd(&ours));
		usher_main(u, born, theirs);
		return 0;
	}
	sys_close(take_fd(&theirs));
	pid = serve(u, usher, ours, e);
	if (pid < 0)
		sys_kill(usher, SIGKILL);
	sys_wait(usher, 0, &ignored);
	return pid;
}
