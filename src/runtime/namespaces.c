/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/sock.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

const int ns_flags[OCI_NS_COUNT] = {
	[OCI_NS_USER] = CLONE_NEWUSER, [OCI_NS_CGROUP] = CLONE_NEWCGROUP,
	[OCI_NS_IPC] = CLONE_NEWIPC,   [OCI_NS_UTS] = CLONE_NEWUTS,
	[OCI_NS_NET] = CLONE_NEWNET,   [OCI_NS_PID] = CLONE_NEWPID,
	[OCI_NS_MNT] = CLONE_NEWNS,    [OCI_NS_TIME] = CLONE_NEWTIME,
};

static const char *const files[OCI_NS_COUNT] = {
	[OCI_NS_USER] = "user", [OCI_NS_CGROUP] = "cgroup", [OCI_NS_IPC] = "ipc",
	[OCI_NS_UTS] = "uts",	[OCI_NS_NET] = "net",	    [OCI_NS_PID] = "pid",
	[OCI_NS_MNT] = "mnt",	[OCI_NS_TIME] = "time",
};

void ns_fds_init(int *fds)
{
	for (size_t k = 0; k < OCI_NS_COUNT; k++)
		fds[k] = -1;
}

void ns_fds_close(int *fds)
{
	for (size_t k = 0; k < OCI_NS_COUNT; k++)
		sys_close(take_fd(&fds[k]));
}

int ns_open(const char *path, enum oci_ns_kind kind, struct err *e)
{
	/* O_NONBLOCK: whatever is there instead must not hold us up */
	auto_close int fd = sys_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);

	if (fd < 0)
		return err_set(e, fd, "%s namespace %s", oci_ns_names[kind], path);
	if (sys_ioctl(fd, NS_GET_NSTYPE, NULL) != ns_flags[kind])
		return err_text(e, -EINVAL, "%s is not a namespace of type %s", path,
				oci_ns_names[kind]);
	return take_fd(&fd);
}

int ns_open_of(pid_t pid, enum oci_ns_kind kind, struct err *e)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, files[kind]);
	fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	return fd < 0 ? err_set(e, fd, "%s namespace of the container", oci_ns_names[kind]) : fd;
}

bool ns_is_ours(int fd, enum oci_ns_kind kind)
{
	struct stat want, have;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", files[kind]);
	return sys_stat(fd, &want) == 0 && sys_statat(AT_FDCWD, path, &have, 0) == 0 &&
	       want.st_dev == have.st_dev && want.st_ino == have.st_ino;
}

int ns_become_root(bool keep_groups, struct err *e)
{
	int r = keep_groups ? 0 : sys_set_groups(NULL, 0);

	if (r == 0 || r == -EPERM) /* setgroups may be denied in the namespace */
		r = sys_set_gid(0);
	if (r == 0)
		r = sys_set_uid(0);
	return r < 0 ? err_set(e, r, "become root of the user namespace") : 0;
}

/* Return: 0 joined; -EPERM not with these rights; -errno */
static int join_one(int *fd, enum oci_ns_kind kind)
{
	int r = sys_setns(*fd, ns_flags[kind]);

	if (r == 0)
		sys_close(take_fd(fd));
	return r;
}

static int join_others(int *fds, bool with_pid, bool again, struct err *e)
{
	for (size_t k = 0; k < OCI_NS_COUNT; k++) {
		int r;

		if (fds[k] < 0 || k == OCI_NS_USER || (k == OCI_NS_PID && !with_pid))
			continue;
		r = join_one(&fds[k], k);
		if (r < 0 && (r != -EPERM || !again))
			return err_set(e, r, "join %s namespace", oci_ns_names[k]);
	}
	return 0;
}

int ns_join(int *fds, bool with_pid, bool keep_groups, struct err *e)
{
	bool user = fds[OCI_NS_USER] >= 0 && !ns_is_ours(fds[OCI_NS_USER], OCI_NS_USER);
	int r = join_others(fds, with_pid, user, e);

	if (r == 0 && user) {
		r = join_one(&fds[OCI_NS_USER], OCI_NS_USER);
		if (r < 0)
			return err_set(e, r, "join user namespace");
		r = ns_become_root(keep_groups, e);
		if (r == 0)
			r = join_others(fds, with_pid, false, e);
	}
	ns_fds_close(fds);
	return r;
}

int ns_loopback_up(struct err *e)
{
	auto_close int fd = sys_socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq req = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int r = fd < 0 ? fd : sys_ioctl(fd, SIOCSIFFLAGS, &req);

	return r < 0 ? err_set(e, r, "set lo up") : 0;
}

int ns_make_net(struct err *e)
{
	static const char path[] = "/proc/self/ns/net";
	auto_close int own = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	auto_close int made = -1;
	int r = own < 0 ? own : sys_unshare(CLONE_NEWNET), back;

	if (r < 0)
		return err_set(e, r, "new network namespace");
	made = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	r = made < 0 ? err_set(e, made, "open %s", path) : ns_loopback_up(e);
	back = sys_setns(own, CLONE_NEWNET);
	if (back < 0)
		return err_set(e, back, "return to the network namespace");
	return r < 0 ? r : take_fd(&made);
}

uint64_t ns_clone_flags(const struct oci_spec *s)
{
	uint64_t flags = 0;

	for (size_t k = 0; k < OCI_NS_COUNT; k++)
		if (s->ns[k].set && !s->ns[k].path && k != OCI_NS_CGROUP && k != OCI_NS_TIME)
			flags |= (uint64_t)ns_flags[k];
	return flags;
}
