/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES 16384 /* two system calls; the rest is room for sanitizers */

/** struct errand - what the task is to do, and what came of it */
struct errand {
	int netns_fd;
	const char *path; /* NULL: a socket */
	int flags;
	int domain, type, protocol;
	int result;
};

static int fetch(const struct errand *x)
{
	int fd = x->path ? open(x->path, x->flags | O_CLOEXEC)
			 : socket(x->domain, x->type | SOCK_CLOEXEC, x->protocol);

	return fd < 0 ? -errno : fd;
}

static int run(void *arg)
{
	struct errand *x = arg;

	x->result = setns(x->netns_fd, CLONE_NEWNET) < 0 ? -errno : fetch(x);
	return 0;
}

/*
 * CLONE_VFORK: we are suspended until the task has ended, so the shared stack frame and the shared
 * errno are safe. No CLONE_FS: /proc/sys/net is found through the task, not through a directory.
 * Exit signal 0: only a wait with __WCLONE sees it.
 */
static int send_out(struct errand *x)
{
	static _Alignas(16) char stack[STACK_BYTES];
	sigset_t all, before;
	pid_t pid;
	int r;

	x->result = -EIO; /* killed on the way */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid = clone(run, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_FILES, x);
	r = pid < 0 ? -errno : x->result;
	while (pid > 0 && waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
		;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int sys_netns_socket(int netns_fd, int domain, int type, int protocol)
{
	struct errand x = {netns_fd, NULL, 0, domain, type, protocol, 0};

	return netns_fd < 0 ? fetch(&x) : send_out(&x);
}

int sys_netns_open(int netns_fd, const char *path, int flags)
{
	struct errand x = {netns_fd, path, flags, 0, 0, 0, 0};

	return netns_fd < 0 ? fetch(&x) : send_out(&x);
}
