/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "oci/spec.h"

/* Docker's 14: chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap net_bind_service sys_chroot kill audit_write */
#define OCI_DEFAULT_CAPS                                                                           \
	(UINT64_C(1) << 0 | UINT64_C(1) << 1 | UINT64_C(1) << 4 | UINT64_C(1) << 3 |               \
	 UINT64_C(1) << 27 | UINT64_C(1) << 13 | UINT64_C(1) << 6 | UINT64_C(1) << 7 |             \
	 UINT64_C(1) << 31 | UINT64_C(1) << 8 | UINT64_C(1) << 10 | UINT64_C(1) << 18 |            \
	 UINT64_C(1) << 5 | UINT64_C(1) << 29)

/** struct oci_bind - a directory or file of the host in the container */
struct oci_bind {
	const char *source, *destination; /* absolute */
	bool read_only;
};

/** struct oci_tmpfs - memory in the container */
struct oci_tmpfs {
	const char *destination;
	uint64_t bytes; /* 0 = half of the RAM, as the kernel does */
	uint32_t mode;	/* 0 = 01777 */
};

/** struct oci_inputs - what an engine knows of a service, to be made a spec. Zero = the default */
struct oci_inputs {
	const char *rootfs;	 /* absolute, or relative to the bundle */
	const char *const *args; /* n_args >= 1 */
	size_t n_args;
	const char *const *env; /* "NAME=value" */
	size_t n_env;
	const char *cwd; /* NULL = "/" */
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
	const char *hostname;
	bool tty, read_only, privileged;
	bool no_new_privs;
	bool host_network;	  /* no network namespace of its own */
	const char *net_ns_path;  /* join this one; NULL = a new one unless host_network */
	const char *cgroups_path; /* "/cleat/<id>" */
	const struct oci_bind *binds;
	size_t n_binds;
	const struct oci_tmpfs *tmpfs;
	size_t n_tmpfs;
	const char *const *cap_add, *const *cap_drop; /* with or without "CAP_"; "ALL" */
	size_t n_cap_add, n_cap_drop;
	uint64_t mem_limit_bytes; /* 0 = none; swap is limited to the same sum: no swap */
	uint64_t cpus_milli;	  /* 0 = none */
	uint64_t pids_limit;	  /* 0 = none */
	uint64_t shm_bytes;	  /* 0 = 64 MiB */
	const struct oci_kv *annotations;
	size_t n_annotations;
};

/**
 * oci_spec_default() - Docker's default container for @in
 *
 * Mounts /proc /sys /dev /dev/pts /dev/shm /dev/mqueue /sys/fs/cgroup, masked and read-only paths,
 * capabilities, device rules and seccomp profile of moby 28 / runc 1.3. The profile depends on the
 * capabilities, as Docker's does. privileged: all capabilities, all devices, no profile, nothing
 * masked, /sys and cgroups writable.
 *
 * Strings of @in are borrowed, not copied.
 *
 * Return: 0; -EINVAL unknown capability; -ENOMEM @a is too small.
 */
int oci_spec_default(const struct oci_inputs *in, struct arena *a, struct oci_spec *ret_spec,
		     struct err *e);

/** oci_seccomp_default() - Docker's profile for a container with @caps. Return: 0; -ENOMEM */
int oci_seccomp_default(uint64_t caps, struct arena *a, struct oci_seccomp *ret_seccomp);

/** oci_throttled_cpus() - how many of cpu0, cpu1, ... in a row have a directory thermal_throttle, which is masked by default */
size_t oci_throttled_cpus(const char *cpus_path);
