/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "oci/spec.h"

/** struct label - where the labels of the program go; LABEL_INIT before label_open() */
struct label {
	int apparmor_fd, selinux_fd; /* /proc/self/attr/...; -1 = nothing is asked for */
};
#define LABEL_INIT ((struct label){-1, -1})

bool label_has_selinux(void);

/**
 * label_open() - while the host's root and /proc are still ours
 *
 * "" is no label. "unconfined" on a machine without AppArmor is what it has. Anything else on a machine
 * without the module is an error: a container must not run with less confinement than was asked for.
 *
 * Return: 0; -EOPNOTSUPP the module is not enabled; -EXDEV /proc is not procfs (CVE-2019-16884).
 */
int label_open(const struct oci_process *p, struct label *ret, struct err *e);

/** label_apply() - of the next exec, and close. Return: 0; -ENOENT no such profile; -EINVAL no such label; -errno */
int label_apply(const struct oci_process *p, struct label *l, struct err *e);
