/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/digest.h"
#include "base/err.h"

/*
 * Layers as archives: a pack role each, which ends by itself. Whoever reads the pipe compares the digest, or has it
 * compared; a pipe that ends early is a layer that cannot be packed.
 */

/** pack_start() - @layer: its name in the store; @cgroup_procs: as role_spawn(). Return: the reading end of a pipe; -errno */
int pack_start(const struct digest *layer, const char *const *cgroup_procs, struct err *e);

/** pack_failure() - why a pipe has ended early. Return: its code is 0 if no role has said anything */
const struct err *pack_failure(void);
