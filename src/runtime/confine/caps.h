/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "oci/spec.h"

/**
 * caps_become() - bounding set, groups, gid, uid, then the other four sets
 *
 * A process without a capabilities object gets none. What we do not hold ourselves cannot be given:
 * such bits are left out of all sets (the spec: warn and go on; caps_warn()).
 * After this the process may not do anything on the way back.
 *
 * Return: 0; -EPERM.
 */
int caps_become(const struct oci_process *p, struct err *e);

/**
 * caps_warn() - what of @c is left out, in words: unknown, not the caller's to give, ambient but not inheritable
 * @ret: ERR_MSG_MAX bytes, "" if it holds as it is
 */
void caps_warn(const struct oci_caps *c, bool in_userns, char *ret);
