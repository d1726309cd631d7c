/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/** sysctl_set() - write @value to /proc/sys/net/@path in the namespace @netns_fd (-1 = our own), if it is not that
 *  already (a read-only /proc/sys is then no obstacle). Return: 0; -ENOENT the kernel has no such setting; -errno */
int sysctl_set(int netns_fd, const char *path, const char *value, struct err *e);

/** sysctl_is() - false also if there is no such setting */
bool sysctl_is(int netns_fd, const char *path, const char *value);

/** sysctl_set_if() - the same for net/@family/conf/@ifname/@name */
int sysctl_set_if(int netns_fd, const char *family, const char *ifname, const char *name,
		  const char *value, struct err *e);

/** sysctl_no_ipv6() - neither addresses nor router advertisements on @ifname ("default": on what comes).
 *  A kernel without IPv6 is success */
int sysctl_no_ipv6(int netns_fd, const char *ifname, struct err *e);
