/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "oci/spec.h"

/**
 * caps_become() - bounding set, groups, gid, uid, then the other four sets
 *
 * A process without a capabilities object gets none. What we do not hold ourselves cannot be given:
 * such bits are left out of all sets (the spec: warn and go on; caps_ungrantable() names them).
 * After this the process may not do anything on the way back.
 *
 * Return: 0; -EPERM.
 */
int caps_become(const struct oci_process *p, struct err *e);

/** caps_ungrantable() - bits that @c asks for and the caller does not hold */
uint64_t caps_ungrantable(const struct oci_caps *c);
