/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "oci/spec.h"
#include "oci/state.h"

/*
 * A container's cgroup as a scope of systemd's, which is asked by D-Bus on its private socket: no bus daemon has to run. What
 * systemd knows it is told as properties, so that it does not write over them; the files are written all the same.
 */

#define SYSTEMD_SOCKET "/run/systemd/private" /* of the machine's; others are those of users */

#if CONFIG_OCI_SYSTEMD
/**
 * systemd_plan() - @s->unit by what the specification asks for; nothing is done yet
 * @path:   "slice:prefix:name", NULL = ":cleat:ID"
 * @socket: of the systemd that is to be asked
 *
 * Return: 0; -EINVAL another form, a slice that cannot be one.
 */
int systemd_plan(struct oci_state *s, const char *path, const char *socket, struct arena *a,
		 struct err *e);

/**
 * systemd_start() - the scope, made and running
 * @ret_holder: a process of ours that keeps it alive until the container's is in it: systemd_release()
 * @ret_path:   its cgroup, from the root of the hierarchy
 *
 * Blocks until systemd says that it is done, at most 30 s. Return: 0; -EEXIST a unit of this name is there; -ETIMEDOUT;
 * -EINVAL an annotation org.systemd.property.* that cannot be understood; -EIO what systemd answers.
 */
int systemd_start(const struct oci_state *s, const struct oci_spec *spec, struct arena *a,
		  pid_t *ret_holder, char **ret_path, struct err *e);
void systemd_release(pid_t *holder);

/** systemd_update() - new limits. Without a unit nothing happens, here and below */
int systemd_update(const struct oci_unit *u, const struct oci_resources *r, struct err *e);

/** systemd_attach() - the calling process into the scope of a user's systemd: he may not move it himself */
int systemd_attach(const struct oci_unit *u, struct err *e);

/** systemd_stop() - kill what is in it and let it be forgotten. One that is gone is success */
int systemd_stop(const struct oci_unit *u, struct err *e);
#else
static inline int systemd_plan(struct oci_state *s, const char *path, const char *socket,
			       struct arena *a, struct err *e)
{
	(void)s, (void)path, (void)socket, (void)a;
	return err_text(e, -EOPNOTSUPP,
			"cgroups by systemd are not in this build (CONFIG_OCI_SYSTEMD)");
}
static inline int systemd_start(const struct oci_state *s, const struct oci_spec *spec,
				struct arena *a, pid_t *ret_holder, char **ret_path, struct err *e)
{
	(void)s, (void)spec, (void)a, (void)ret_holder, (void)ret_path, (void)e;
	return -EOPNOTSUPP;
}
static inline void systemd_release(pid_t *holder)
{
	(void)holder;
}
static inline int systemd_update(const struct oci_unit *u, const struct oci_resources *r,
				 struct err *e)
{
	(void)u, (void)r, (void)e;
	return 0;
}
static inline int systemd_attach(const struct oci_unit *u, struct err *e)
{
	(void)u, (void)e;
	return 0;
}
static inline int systemd_stop(const struct oci_unit *u, struct err *e)
{
	(void)u, (void)e;
	return 0;
}
#endif
