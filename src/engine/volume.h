/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/container.h"

/*
 * Volumes of a container, by number: the mounts of its service, then the volumes of its image. A new
 * volume gets what the image has in its place, owner and mode included, as in Docker: otherwise a
 * service that does not run as root could not write to its own data. A process of its own copies,
 * below staging/, so that a power cut leaves a whole volume or none.
 */

#define VOLUME_NAME_CAP CONTAINER_NAME_CAP

/** volume_name() - "" if that mount is no volume. Without a name of its own it is "anon-<id>-<number>" and goes with its
 *  container at `rm -v` and `run --rm` */
void volume_name(const struct container_record *rec, size_t number,
		 char dst[static VOLUME_NAME_CAP]);

/** volume_hidden() - does a mount of the service take the place of the image's volume at @target? */
bool volume_hidden(const struct manifest_service *s, const char *target);

/**
 * volumes_prepare() - make those that are missing
 *
 * Those with something to copy are noted in c->fill instead. Return: 0; -E2BIG; -errno.
 */
int volumes_prepare(struct container *c, const struct container_record *rec,
		    const struct store_image *img, struct err *e);

/** volumes_fill() - copy what was noted, then container_create(); or container_fail() */
void volumes_fill(struct container *c);
void volumes_cancel(struct container *c);

/** volume_used() - does a container have this volume, running or not? */
bool volume_used(const char *name);

/** volumes_drop() - remove the container's anonymous ones */
void volumes_drop(const struct container *c);

/** volume_copy_main() - "cleat @copy": from descriptor 3 into descriptor 4. Return: 0 or an errno as exit status */
int volume_copy_main(int argc, char **argv);

/** container_create() - container_start.c: everything is in place, tell the monitor to create it */
void container_create(struct container *c);
