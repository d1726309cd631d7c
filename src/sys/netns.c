/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/errand.h"

struct thing {
	const char *path; /* NULL: a socket */
	int flags;
	int domain, type, protocol;
};

static int fetch(void *arg)
{
	const struct thing *x = arg;
	int fd = x->path ? open(x->path, x->flags | O_CLOEXEC)
			 : socket(x->domain, x->type | SOCK_CLOEXEC, x->protocol);

	return fd < 0 ? -errno : fd;
}

/* /proc/sys/net is found through the task that opens, not through a directory */
static int fetch_in(int netns_fd, struct thing *x)
{
	return netns_fd < 0 ? fetch(x) : sys_errand(netns_fd, CLONE_NEWNET, fetch, x);
}

int sys_netns_socket(int netns_fd, int domain, int type, int protocol)
{
	struct thing x = {NULL, 0, domain, type, protocol};

	return fetch_in(netns_fd, &x);
}

int sys_netns_open(int netns_fd, const char *path, int flags)
{
	struct thing x = {path, flags, 0, 0, 0};

	return fetch_in(netns_fd, &x);
}
