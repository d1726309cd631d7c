/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "oci/spec.h"
#include "runtime/runtime.h"

/**
 * exec_process() - what exec is to run
 * @container: the container's own process object
 *
 * With --process: that document, and for what it leaves out (capabilities, limits, labels, scheduler,
 * I/O priority, processors, umask, oom_score_adj) the container's. Without: the container's process,
 * without its terminal, changed by the options. All of it as runc does it.
 *
 * Return: 0; -EINVAL; as statedir_read_process().
 */
int exec_process(struct runtime *rt, const struct runtime_exec *o,
		 const struct oci_process *container, struct oci_process *ret, struct err *e);
