/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "runtime/runtime.h"

/**
 * struct runtime_checkpoint - for CRIU's command line
 *
 * A container is written to and made again from @images by the program @criu; its own log lies in @work.
 */
struct runtime_checkpoint {
	const char *criu;	     /* absolute path */
	const char *images, *work;   /* directories; work NULL = images */
	const char *manage_cgroups;  /* NULL = "soft" */
	const char *const *switches; /* of criu, NULL-terminated: "--tcp-established" ... */
	bool leave_running;
};

#define CHECKPOINT_MAX_SWITCHES 8

/**
 * runtime_checkpoint() - write a running container down; it ends and is deleted unless @leave_running
 *
 * Bind mounts, a network namespace that was joined by path, and pipes as standard descriptors are noted
 * as not the container's: restore connects them again.
 *
 * Return: 0; -EOPNOTSUPP it has a terminal, whose other end is not ours to keep; -EIO criu's log says why.
 */
int runtime_checkpoint(struct runtime *rt, const char *id, const struct runtime_checkpoint *k,
		       struct err *e);

/**
 * runtime_restore() - as runtime_run(), but the processes come from @k->images
 *
 * Hooks are not run, as in runc but for prestart and createRuntime: those are refused.
 */
int runtime_restore(struct runtime *rt, const struct runtime_create *o,
		    const struct runtime_checkpoint *k, int *ret_status, struct err *e);
