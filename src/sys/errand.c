/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/errand.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

#define STACK_BYTES 32768 /* a few system calls and a path; the rest is room for sanitizers */

struct errand {
	int ns_fd, kind;
	int (*act)(void *arg);
	void *arg;
	int result;
};

static int run(void *arg)
{
	struct errand *x = arg;

	x->result = setns(x->ns_fd, x->kind) < 0 ? -errno : x->act(x->arg);
	return 0;
}

/*
 * CLONE_VFORK: we are suspended until the task has ended, so the shared stack frame and the shared
 * errno are safe. No CLONE_FS: its root and working directory are its own. Exit signal 0: only a wait
 * with __WCLONE sees it.
 */
int sys_errand(int ns_fd, int kind, int (*act)(void *arg), void *arg)
{
	static _Alignas(16) char stack[STACK_BYTES];
	struct errand x = {ns_fd, kind, act, arg, -EIO /* killed on the way */};
	sigset_t all, before;
	pid_t pid;
	int r;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid = clone(run, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_FILES, &x);
	r = pid < 0 ? -errno : x.result;
	while (pid > 0 && waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
		;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
