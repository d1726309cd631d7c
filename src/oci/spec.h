/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/*
 * The runtime-spec model: config.json as it is read (by `cleat oci`) and written (by the engine).
 * All pointers live in one arena. A zeroed struct oci_spec is a valid empty one.
 * Spec: OCI runtime-spec v1.2 "Configuration", "Linux Container Configuration".
 */

#define OCI_VERSION	   "1.2.0"
#define OCI_MAX_STRINGS	   1024 /* args, env, mount options, paths: each */
#define OCI_MAX_MOUNTS	   512
#define OCI_MAX_GROUPS	   1024
#define OCI_MAX_RULES	   1024 /* devices, seccomp rules, hooks, sysctls: each */
#define OCI_MAX_CONDITIONS 64	/* of one seccomp rule: six arguments, several values each */
#define OCI_MAX_IDMAPS	   340	/* what the kernel accepts in one map (UID_GID_MAP_MAX_EXTENTS) */

struct oci_strs {
	char **v; /* NULL-terminated when n > 0 */
	size_t n;
};

/** struct oci_num - a number that may be absent */
struct oci_num {
	bool set;
	int64_t v;
};

struct oci_kv {
	char *key, *value;
};

struct oci_kvs {
	struct oci_kv *v;
	size_t n;
};

/** struct oci_caps - bit n = capability n */
struct oci_caps {
	bool set;
	uint64_t bounding, effective, inheritable, permitted, ambient;
	/* first name that nobody knows; NULL if all are known. The spec wants a warning */
	char *unknown;
};

struct oci_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

/* clang-format off */
#define OCI_SCHED_POLICIES(X)									\
	X(OTHER) X(FIFO) X(RR) X(BATCH) X(ISO) X(IDLE) X(DEADLINE)
#define OCI_SCHED_FLAGS(X)									\
	X(RESET_ON_FORK) X(RECLAIM) X(DL_OVERRUN) X(KEEP_POLICY) X(KEEP_PARAMS)			\
	X(UTIL_CLAMP_MIN) X(UTIL_CLAMP_MAX)
/* clang-format on */
enum oci_sched_policy { /* the kernel's numbers */
#define X(id) OCI_SCHED_##id,
			OCI_SCHED_POLICIES(X)
#undef X
};

/** struct oci_scheduler - what sched_setattr(2) is given; flags: bit n = n-th of OCI_SCHED_FLAGS, as there */
struct oci_scheduler {
	bool set;
	enum oci_sched_policy policy;
	int32_t nice;
	uint32_t priority;
	uint32_t flags;
	uint64_t runtime, deadline, period; /* ns */
};

struct oci_process {
	bool set;
	bool terminal;
	bool terminal_ours; /* not in the document: copied to the caller's terminal, which adds carriage returns */
	uint16_t rows, columns; /* 0 = not given */
	uid_t uid;
	gid_t gid;
	struct oci_num umask;
	gid_t *groups;
	size_t n_groups;
	struct oci_strs args, env;
	char *cwd;
	struct oci_caps caps;
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privs;
	struct oci_num oom_score_adj;
	char *apparmor, *selinux; /* NULL or ""; profile and label of the program */
	struct oci_scheduler scheduler;
	struct oci_num io_priority; /* as ioprio_set(2) takes it: class << 13 | level */
	/* lists of processors for exec, checked by oci_cpus_parse(); NULL = not given */
	char *cpus_initial, *cpus_final;
	bool keep_groups; /* the additional groups of the caller, instead of ours */
};

struct oci_idmap {
	uint32_t container, host, size;
};

/** struct oci_idmaps - of a user namespace, or of an idmapped mount */
struct oci_idmaps {
	struct oci_idmap *uid, *gid;
	size_t n_uid, n_gid;
};

struct oci_mount {
	char *destination, *type, *source; /* type and source may be NULL */
	struct oci_strs options;
	struct oci_idmaps idmaps;
};

/** order = the order in which a process enters them */
/* clang-format off */
#define OCI_NAMESPACES(X)									\
	X(USER, "user") X(CGROUP, "cgroup") X(IPC, "ipc") X(UTS, "uts")				\
	X(NET, "network") X(PID, "pid") X(MNT, "mount") X(TIME, "time")
/* clang-format on */
enum oci_ns_kind {
#define X(id, text) OCI_NS_##id,
	OCI_NAMESPACES(X)
#undef X
		OCI_NS_COUNT
};

struct oci_ns {
	bool set;   /* false: inherited from the runtime */
	char *path; /* NULL: a new one */
};

/** struct oci_time_offset - Spec: "Offset for Time Namespace" */
struct oci_time_offset {
	bool set;
	int64_t s;
	uint32_t ns;
};
enum { OCI_CLOCK_MONOTONIC, OCI_CLOCK_BOOTTIME, OCI_CLOCK_COUNT };
extern const char *const oci_clock_names[OCI_CLOCK_COUNT];

/** struct oci_netdev - an interface of the runtime's namespace and its name inside */
struct oci_netdev {
	char *host, *inside;
};

/** struct oci_rdt - Spec: "IntelRdt"; strings may be NULL */
struct oci_rdt {
	bool set, monitoring; /* monitoring: enableCMT, enableMBM, enableMonitoring */
	char *clos_id, *l3_cache, *mem_bw;
	struct oci_strs schemata;
};

struct oci_device {
	char type; /* 'c', 'b', 'u', 'p' */
	char *path;
	uint32_t major, minor;
	mode_t mode; /* permission bits */
	uid_t uid;
	gid_t gid;
};

/** struct oci_device_rule - Spec: "Allowed Device list" */
struct oci_device_rule {
	bool allow;
	char type;	      /* 'a', 'b', 'c' */
	int64_t major, minor; /* -1 = all */
	bool read, write, mknod;
};

struct oci_io_weight {
	uint32_t major, minor;
	struct oci_num weight, leaf_weight; /* 0 = not given, as runc */
};

/* clang-format off */
#define OCI_THROTTLES(X)									\
	X(READ_BPS, "throttleReadBpsDevice") X(WRITE_BPS, "throttleWriteBpsDevice")		\
	X(READ_IOPS, "throttleReadIOPSDevice") X(WRITE_IOPS, "throttleWriteIOPSDevice")
/* clang-format on */
enum oci_throttle {
#define X(id, text) OCI_##id,
	OCI_THROTTLES(X)
#undef X
		OCI_THROTTLE_COUNT
};

struct oci_io_rates {
	struct oci_io_rate {
		uint32_t major, minor;
		uint64_t rate; /* per second; 0 = no limit */
	} * v;
	size_t n;
};

struct oci_huge_page {
	char *size; /* "2MB" */
	uint64_t limit;
};

struct oci_net_prio {
	char *name;
	uint32_t priority;
};

struct oci_rdma {
	char *device;
	struct oci_num handles, objects;
};

/** struct oci_resources - linux.resources; the numbers are also in oci_limits[] */
struct oci_resources {
	struct oci_device_rule *devices;
	size_t n_devices;
	struct oci_num mem_limit, mem_reservation, mem_swap, mem_kernel, mem_kernel_tcp,
		mem_swappiness;
	struct oci_num mem_disable_oom, mem_use_hierarchy, mem_check_before_update; /* 0, 1 */
	struct oci_num cpu_shares, cpu_quota, cpu_period, cpu_burst, cpu_idle;
	struct oci_num cpu_rt_runtime, cpu_rt_period;
	char *cpu_cpus, *cpu_mems;
	struct oci_num pids_limit;
	struct oci_num io_weight, io_leaf_weight;
	struct oci_io_weight *io_weights;
	size_t n_io_weights;
	struct oci_io_rates io_rates[OCI_THROTTLE_COUNT];
	struct oci_huge_page *huge_pages;
	size_t n_huge_pages;
	struct oci_num net_class;
	struct oci_net_prio *net_prios;
	size_t n_net_prios;
	struct oci_rdma *rdma;
	size_t n_rdma;
	struct oci_kvs unified;
};

/** struct oci_limit - one number of linux.resources: where the document and where the model has it */
struct oci_limit {
	const char *object, *name; /* "memory", "limit" */
	uint16_t at;		   /* of a struct oci_num in struct oci_resources */
	bool yes_no;		   /* a boolean in the document, 0 or 1 in the model */
	int64_t min, max;
};
#define OCI_LIMIT_COUNT 20
extern const struct oci_limit oci_limits[OCI_LIMIT_COUNT];
extern const char *const oci_throttle_names[OCI_THROTTLE_COUNT];

/** oci_num_at() - the number at the offset @at, which a table has from offsetof() */
static inline struct oci_num *oci_num_at(struct oci_resources *r, size_t at)
{
	return (struct oci_num *)(void *)((char *)r + at);
}

/**
 * oci_resources_merge() - what an update asks for, over what is in force
 * @r: changed; lists of devices grow in @a, the other lists are replaced when @more has them
 *
 * Device rules are not touched: an update does not change them. Return: 0; -ENOMEM
 */
int oci_resources_merge(struct oci_resources *r, const struct oci_resources *more, struct arena *a);

/* clang-format off */
#define OCI_SECCOMP_ACTIONS(X)									\
	X(ALLOW, "SCMP_ACT_ALLOW") X(ERRNO, "SCMP_ACT_ERRNO") X(KILL, "SCMP_ACT_KILL")		\
	X(KILL_THREAD, "SCMP_ACT_KILL_THREAD") X(KILL_PROCESS, "SCMP_ACT_KILL_PROCESS")		\
	X(TRAP, "SCMP_ACT_TRAP") X(TRACE, "SCMP_ACT_TRACE") X(LOG, "SCMP_ACT_LOG")		\
	X(NOTIFY, "SCMP_ACT_NOTIFY")
/* clang-format on */
enum oci_seccomp_action {
#define X(id, text) OCI_SECCOMP_##id,
	OCI_SECCOMP_ACTIONS(X)
#undef X
};

/* clang-format off */
#define OCI_SECCOMP_OPS(X)									\
	X(NE, "SCMP_CMP_NE") X(LT, "SCMP_CMP_LT") X(LE, "SCMP_CMP_LE")				\
	X(EQ, "SCMP_CMP_EQ") X(GE, "SCMP_CMP_GE") X(GT, "SCMP_CMP_GT")				\
	X(MASKED_EQ, "SCMP_CMP_MASKED_EQ")
/* clang-format on */
enum oci_seccomp_op {
#define X(id, text) OCI_SECCOMP_OP_##id,
	OCI_SECCOMP_OPS(X)
#undef X
};

struct oci_seccomp_arg {
	uint32_t index; /* 0-5 */
	enum oci_seccomp_op op;
	uint64_t value, value_two;
};

struct oci_seccomp_rule {
	struct oci_strs names;
	enum oci_seccomp_action action;
	struct oci_num errno_ret;
	struct oci_seccomp_arg *args;
	size_t n_args;
};

struct oci_seccomp {
	bool set;
	char *listener_path, *listener_metadata; /* NULL or "" = not given */
	enum oci_seccomp_action default_action;
	struct oci_num default_errno;
	struct oci_strs archs, flags; /* as in the document; confine/seccomp knows them */
	struct oci_seccomp_rule *rules;
	size_t n_rules;
};

struct oci_hook {
	char *path;
	struct oci_strs args, env;
	struct oci_num timeout_s;
};

struct oci_hooks {
	struct oci_hook *v;
	size_t n;
};

/* clang-format off */
#define OCI_HOOKS(X)										\
	X(PRESTART, "prestart") X(CREATE_RUNTIME, "createRuntime")				\
	X(CREATE_CONTAINER, "createContainer") X(START_CONTAINER, "startContainer")		\
	X(POSTSTART, "poststart") X(POSTSTOP, "poststop")
/* clang-format on */
enum oci_hook_kind {
#define X(id, text) OCI_HOOK_##id,
	OCI_HOOKS(X)
#undef X
		OCI_HOOK_COUNT
};

struct oci_spec {
	char *version;
	char *root_path;
	bool root_readonly;
	char *hostname, *domainname;
	struct oci_process process;
	struct oci_mount *mounts;
	size_t n_mounts;
	struct oci_hooks hooks[OCI_HOOK_COUNT];
	struct oci_kvs annotations;

	struct oci_ns ns[OCI_NS_COUNT];
	struct oci_idmaps idmaps;
	struct oci_time_offset time_offsets[OCI_CLOCK_COUNT];
	struct oci_netdev *netdevs;
	size_t n_netdevs;
	struct oci_rdt rdt;
	struct oci_device *devices;
	size_t n_devices;
	char *cgroups_path;
	struct oci_resources resources;
	char *rootfs_propagation, *mount_label;
	struct oci_seccomp seccomp;
	struct oci_kvs sysctl;
	struct oci_strs masked_paths, readonly_paths;
	struct oci_num personality; /* PER_LINUX or PER_LINUX32 */
};

/** names of enum members, as in the documents */
extern const char *const oci_ns_names[OCI_NS_COUNT];
extern const char *const oci_hook_names[OCI_HOOK_COUNT];
/* these end with NULL */
extern const char *const oci_sched_policy_names[], *const oci_sched_flag_names[];
extern const char *const oci_ioprio_class_names[]; /* from class 1 on */
extern const char *const oci_seccomp_action_names[], *const oci_seccomp_op_names[];

/** oci_cap_number() - "CAP_CHOWN" (or "chown", any case) → 0. Return: number; -EINVAL nobody knows it */
int oci_cap_number(const char *name);
const char *oci_cap_name(unsigned int cap); /* "CAP_CHOWN"; NULL if unknown */

/** oci_rlimit_number() - "RLIMIT_NOFILE" → RLIMIT_NOFILE. Return: number; -EINVAL */
int oci_rlimit_number(const char *name);
const char *oci_rlimit_name(int resource);

#define OCI_MAX_CPUS 1024

/**
 * oci_cpus_parse() - "0-3,7" to a bit per processor
 *
 * Return: 0; -EINVAL no such list, or nothing in it; -ERANGE a number of OCI_MAX_CPUS or more.
 */
int oci_cpus_parse(const char *list, uint64_t ret_mask[OCI_MAX_CPUS / 64]);

/**
 * oci_spec_read() - config.json to model
 * @json:  the document
 * @pool:  memory for its tree, only used during the call
 * @a:     strings and lists
 *
 * Members that the spec has and cleat does not do are refused by name; members that nobody knows are
 * ignored, as the spec demands. Strings of paths that reach the kernel are checked to be absolute
 * where the spec wants that.
 *
 * Return: 0; -EBADMSG; -EFBIG naming the Kconfig symbol; -EOPNOTSUPP.
 */
int oci_spec_read(struct span json, void *pool, size_t pool_bytes, struct arena *a,
		  struct oci_spec *ret_spec, struct err *e);

/** oci_process_read() - the process object alone, for exec --process */
int oci_process_read(struct span json, void *pool, size_t pool_bytes, struct arena *a,
		     struct oci_process *ret_process, struct err *e);

/** oci_resources_read() - a linux.resources object alone, for update */
int oci_resources_read(struct span json, void *pool, size_t pool_bytes, struct arena *a,
		       struct oci_resources *ret_resources, struct err *e);
void oci_resources_write(struct buf *b, const struct oci_resources *r);

/** oci_spec_write() - model to config.json; ask buf_ok() */
void oci_spec_write(struct buf *b, const struct oci_spec *s);
