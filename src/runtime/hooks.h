/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "oci/spec.h"
#include "oci/state.h"

/**
 * hooks_run() - all hooks of one kind, in order, in the calling process's namespaces
 *
 * Each gets the container's state on stdin (a file in memory: a hook that does not read it disturbs
 * nobody) and keeps our stdout and stderr. Blocks until each has ended, or kills it at its timeout.
 *
 * Return: 0; -EIO a hook failed, with its path and exit status in @e; the rest is not run.
 */
int hooks_run(const struct oci_spec *s, enum oci_hook_kind kind, const struct oci_state *state,
	      enum oci_status status, struct err *e);
