/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/spec.h"

/**
 * environ_make() - the environment of a container's program, inside the container
 *
 * Of several values of one name the last one counts, as in exec --env: programs differ in which one
 * they would take. A HOME that is missing or empty is filled in from the container's /etc/passwd, "/"
 * if that does not know the user. The specification leaves both open; runc and crun do them, and images
 * rely on it.
 *
 * Return: NULL-terminated, static.
 */
char *const *environ_make(const struct oci_process *p);
