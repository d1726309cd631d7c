/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of names that runtime documents use. */
#include "oci/spec.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

const char *const oci_ns_names[OCI_NS_COUNT] = {
#define X(id, text) text,
	OCI_NAMESPACES(X)
#undef X
};

const char *const oci_clock_names[OCI_CLOCK_COUNT] = {"monotonic", "boottime"};

const char *const oci_hook_names[OCI_HOOK_COUNT] = {
#define X(id, text) text,
	OCI_HOOKS(X)
#undef X
};

const char *const oci_sched_policy_names[] = {
#define X(id) "SCHED_" #id,
	OCI_SCHED_POLICIES(X)
#undef X
		NULL,
};

const char *const oci_sched_flag_names[] = {
#define X(id) "SCHED_FLAG_" #id,
	OCI_SCHED_FLAGS(X)
#undef X
		NULL,
};

const char *const oci_ioprio_class_names[] = {"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
					      "IOPRIO_CLASS_IDLE", NULL};

const char *const oci_seccomp_action_names[] = {
#define X(id, text) text,
	OCI_SECCOMP_ACTIONS(X)
#undef X
		NULL,
};

const char *const oci_seccomp_op_names[] = {
#define X(id, text) text,
	OCI_SECCOMP_OPS(X)
#undef X
		NULL,
};

/* position = number in linux/capability.h */
static const char *const cap_names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

int oci_cap_number(const char *name)
{
	if (!strncasecmp(name, "CAP_", 4))
		name += 4;
	for (size_t i = 0; i < ARRAY_LEN(cap_names); i++)
		if (!((name[0] ^ cap_names[i][4]) & 0x5f) && !strcasecmp(name, cap_names[i] + 4))
			return (int)i;
	return -EINVAL;
}

const char *oci_cap_name(unsigned int cap)
{
	return cap < ARRAY_LEN(cap_names) ? cap_names[cap] : NULL;
}

static const struct {
	const char *name;
	int resource;
} rlimits[] = {
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK", RLIMIT_STACK},
};

int oci_rlimit_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rlimits); i++)
		if (!strcmp(name, rlimits[i].name))
			return rlimits[i].resource;
	return -EINVAL;
}

const char *oci_rlimit_name(int resource)
{
	for (size_t i = 0; i < ARRAY_LEN(rlimits); i++)
		if (rlimits[i].resource == resource)
			return rlimits[i].name;
	return "RLIMIT_?";
}
