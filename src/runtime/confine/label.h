/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "oci/spec.h"

/** struct label - what the program gets, and how to say so; LABEL_INIT before label_open() */
struct label {
	int procfs; /* file/procfs.h; -1 = nothing is asked for */
	bool apparmor, selinux;
};
#define LABEL_INIT ((struct label){.procfs = -1})

bool label_has_selinux(void);

/**
 * label_open() - while the host's root and /proc are still ours
 *
 * "" is no label. "unconfined" on a machine without AppArmor is what it has. Anything else on a machine
 * without the module is an error: a container must not run with less confinement than was asked for.
 * The process that gets the labels may be another one, cloned after this.
 *
 * Return: 0; -EOPNOTSUPP the module is not enabled; -EXDEV /proc is not procfs (CVE-2019-16884).
 */
int label_open(const struct oci_process *p, struct label *ret, struct err *e);

/** label_keys() - of keys and keyrings that this process makes, until it executes the program. Return: as label_apply() */
int label_keys(const struct oci_process *p, struct label *l, struct err *e);

/** label_apply() - of the next exec, and close. Return: 0; -ENOENT no such profile; -EINVAL no such label; -errno */
int label_apply(const struct oci_process *p, struct label *l, struct err *e);

/**
 * label_file() - give the file that @fd refers to the SELinux @label, as far as its file system has any
 * @label: NULL or "": nothing is done
 *
 * Return: 0; -EINVAL no such label; -errno.
 */
int label_file(int fd, const char *label, struct err *e);

/**
 * label_mount() - add @label to the options of a new mount
 * @data: options, comma separated, in a place of @cap bytes
 *
 * Return: 0; -E2BIG.
 */
int label_mount(char *data, size_t cap, const char *label, struct err *e);
