/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/**
 * selfexe_protect() - make sure that this program cannot be overwritten through /proc/PID/exe (CVE-2019-5736)
 *
 * A container whose command is a script with the interpreter /proc/self/exe executes us, and may then
 * open our file for writing. So before any container is entered we execute ourselves again from a
 * read-only mount of our file that belongs to no mount namespace; nobody can make it writable. On
 * kernels without the new mount interface (< 5.12) the file is copied into sealed memory instead.
 * Returns at once if this process already runs from such a file.
 *
 * Return: 0 protected; -errno; does not return when it executes again.
 */
int selfexe_protect(char *const *argv, struct err *e);
