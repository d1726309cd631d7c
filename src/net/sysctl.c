/* SPDX-License-Identifier: Apache-2.0 */
#include "net/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/str.h"
#include "sys/fd.h"
#include "sys/netns.h"

static int open_at(int netns_fd, const char *path, int flags)
{
	char full[128];
	int r = str_printf(full, sizeof(full), "/proc/sys/net/%s", path);

	return r < 0 ? r : sys_netns_open(netns_fd, full, flags);
}

bool sysctl_is(int netns_fd, const char *path, const char *value)
{
	auto_close int fd = open_at(netns_fd, path, O_RDONLY);
	size_t len = strlen(value);
	char now[32];
	ssize_t n = fd < 0 ? -1 : sys_read(fd, now, sizeof(now));

	return n == (ssize_t)len + 1 && memcmp(now, value, len) == 0;
}

int sysctl_set(int netns_fd, const char *path, const char *value, struct err *e)
{
	auto_close int fd = -1;
	int r;

	if (sysctl_is(netns_fd, path, value))
		return 0;
	fd = open_at(netns_fd, path, O_WRONLY);
	if (fd < 0)
		return err_set(e, fd, "open /proc/sys/net/%s", path);
	r = sys_write_all(fd, value, strlen(value));
	return r < 0 ? err_set(e, r, "write %s to /proc/sys/net/%s", value, path) : 0;
}

int sysctl_set_if(int netns_fd, const char *family, const char *ifname, const char *name,
		  const char *value, struct err *e)
{
	char path[96];
	int r = str_printf(path, sizeof(path), "%s/conf/%s/%s", family, ifname, name);

	return r < 0 ? err_set(e, r, "setting %s of %s", name, ifname)
		     : sysctl_set(netns_fd, path, value, e);
}

int sysctl_no_ipv6(int netns_fd, const char *ifname, struct err *e)
{
	struct err mine = {0};
	int r;

	/* both: what the first forbids, a container with CAP_NET_ADMIN could allow again (moby CVE-2020-13401) */
	r = sysctl_set_if(netns_fd, "ipv6", ifname, "accept_ra", "0", &mine);
	if (r == 0)
		r = sysctl_set_if(netns_fd, "ipv6", ifname, "disable_ipv6", "1", &mine);
	if (r == -ENOENT)
		return 0;
	if (r < 0 && e)
		*e = mine;
	return r;
}
