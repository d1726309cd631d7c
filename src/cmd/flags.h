/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cmd/opt.h"
#include "manifest/manifest.h"

/* What `cleat run` and `cleat create` know of a container, as options and as a service. */

struct flags {
	bool detach, interactive, tty, rm, read_only, privileged, init;
	const char *name, *user, *working_dir, *hostname, *entrypoint, *restart, *network, *memory,
		*cpus, *pids, *stop_signal, *stop_timeout, *pull, *platform;
	struct opt_list env, ports, mounts, tmpfs, labels, cap_add, cap_drop, security;
};

extern struct flags flags;

#define FLAGS_CREATE_OPTIONS 27
#define FLAGS_RUN_OPTIONS    (FLAGS_CREATE_OPTIONS + 2)

/* run: and -d, --rm */
extern const struct opt flags_run_options[FLAGS_RUN_OPTIONS],
	flags_create_options[FLAGS_CREATE_OPTIONS];

/**
 * flags_service() - the service that flags, image and command mean
 * @a: what the service points to
 *
 * Return: 0; -EINVAL with what is wrong with which option.
 */
int flags_service(int argc, char **argv, struct arena *a, struct manifest_service *ret_service,
		  struct err *e);
