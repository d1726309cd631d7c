/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"

/*
 * What the stage mounts and may not open itself: below directories that the root of its user namespace
 * may not enter, and idmapped mounts, which take rights over the file system. The runtime opens them in
 * the stage's mount namespace, at the moment when they are asked for: a source may lie on an earlier
 * mount of the container.
 */

enum sources {
	SOURCES_NONE,	  /* the stage opens what it binds */
	SOURCES_IDMAPPED, /* only idmapped ones are asked for */
	SOURCES_ALL,
};

#define SOURCE_ROOT (-1) /* instead of the number of a mount: the root itself */
#define SOURCE_DEVICE(k)                                                                           \
	(-2 - (int)(k)) /* the k-th device: a new node, with the owner and mode it shall have */

/** sources_of() - what the stage of @s will ask for */
enum sources sources_of(const struct oci_spec *s);

/** source_path() - of a bind: relative ones start at the bundle. Return: 0; -EINVAL, -ENAMETOOLONG */
int source_path(const char *bundle, const struct oci_mount *m, char *path, size_t cap,
		struct err *e);

/** struct source_server - who answers */
struct source_server {
	const struct oci_spec *spec;
	const char *bundle, *rootfs;
	pid_t stage;
	int sync_fd;
};

/** source_answer() - to a STAGE_SOURCE of mount @index. Return: 0 also if that was an error to send; -errno of the socket */
int source_answer(const struct source_server *s, int index);

/** source_ask() - in the stage. Return: fd of a detached tree; -ENOSYS not on this kernel, unexplained; -errno */
int source_ask(int sync_fd, int index, struct err *e);
