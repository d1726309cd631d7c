/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"

/** userns_needs_look() - must a process be dumpable until its maps are written, because we are not root? */
bool userns_needs_look(void);

/**
 * userns_write_maps() - give the user namespace that @pid has just made its ids
 *
 * Not root: a map of our own id alone is written here, setgroups denied; any other by newuidmap and
 * newgidmap (Debian's package uidmap), which look into /etc/subuid and /etc/subgid.
 *
 * Return: 0; -EPERM, -EINVAL the kernel's; -ENOENT newuidmap is needed and not there; -errno.
 */
int userns_write_maps(pid_t pid, const struct oci_idmaps *m, struct err *e);

/** userns_open() - a user namespace with these maps that holds no process. Return: fd; -errno */
int userns_open(const struct oci_idmaps *m, struct err *e);
