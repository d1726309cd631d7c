/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "oci/spec.h"
#include "runtime/source.h"

struct cgroup;

/**
 * struct rootfs - the tree that becomes "/", while it is prepared; lives in the stage
 *
 * Every path inside is resolved below root_fd; nothing inside is trusted.
 */
struct rootfs {
	const struct oci_spec *spec;
	const struct cgroup *cgroup; /* for mounts of type cgroup */
	const char *path;	     /* absolute path on the host */
	const char *bundle;	     /* relative sources of binds start here */
	const char *at;	      /* where it is mounted, runtime/shared_root.h; NULL on itself */
	enum sources sources; /* to be asked for at sync_fd, runtime/source.h */
	int sync_fd;
	int root_fd;	/* O_PATH, of our own mount of it */
	int null_fd;	/* O_PATH of a verified 1:3 device, for masking; -1 none yet */
	int empty_fd;	/* O_PATH of an empty read-only tmpfs, for masking; -1 none yet */
	int pts_fd;	/* the terminal's slave; -1 none */
	bool dev_ro;	/* /dev becomes read-only when it is complete */
	bool net_comes; /* the network namespace will be at sync_fd */
	bool no_pivot, in_userns;
};

/** rootfs_mount() - propagation of "/", the root itself, then mounts in order. Needs a new mount namespace */
int rootfs_mount(struct rootfs *r, struct err *e);

/** rootfs_network() - be in the container's network namespace from now on; waits for it if it is still being made */
int rootfs_network(struct rootfs *r, struct err *e);

/** rootfs_cwd() - make the working directory where it is missing: the root may be read-only later. What fails is told by become_prepare() */
void rootfs_cwd(struct rootfs *r);

/** rootfs_devices() - device nodes and links in /dev, those of the spec; rootfs_devices_seal() - after the console is there */
int rootfs_devices(struct rootfs *r, struct err *e);
int rootfs_devices_seal(struct rootfs *r, struct err *e);

/** rootfs_device_type() - S_IF bits */
mode_t rootfs_device_type(const struct oci_device *d);

/** rootfs_console() - a terminal of the container's own devpts: master to @socket_fd, slave on /dev/console and in r->pts_fd */
int rootfs_console(struct rootfs *r, int socket_fd, struct err *e);

/** rootfs_hide() - maskedPaths, readonlyPaths, root.readonly */
int rootfs_hide(struct rootfs *r, struct err *e);

/** rootfs_enter() - pivot_root; the old root is gone after this */
int rootfs_enter(struct rootfs *r, struct err *e);
