/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features: the tables that readers of config.json use, as a document. The specification wants what the
 * program can do, whatever the kernel; what this kernel takes away stands in annotations.
 */
#include "runtime/features.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/kconfig.h"
#include "oci/spec.h"
#include "runtime/confine/filter.h"
#include "runtime/mount_opts.h"
#include "runtime/runtime.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/proc.h"

#define SYSTEMD (IS_ENABLED(CONFIG_OCI_SYSTEMD) ? "true" : "false")

/* calls that are used if they are there, and what their absence costs; NULL: nothing but time */
static const struct {
	const char *name, *lost;
	long nr;
} calls[] = {
	{"statx", NULL, SYS_statx},
	{"pidfd_send_signal", NULL, SYS_pidfd_send_signal},
	{"pidfd_open", "--pidfd-socket", SYS_pidfd_open},
	{"pidfd_getfd", "SCMP_ACT_NOTIFY", SYS_pidfd_getfd},
	{"clone3", NULL, SYS_clone3},
	{"open_tree", "copies of mounts", SYS_open_tree},
	{"move_mount", "mounts on links", SYS_move_mount},
	{"fsopen", NULL, SYS_fsopen},
	{"openat2", NULL, SYS_openat2},
	{"close_range", NULL, SYS_close_range},
	{"mount_setattr", "recursive mount options, idmapped mounts", SYS_mount_setattr},
};

typedef const char *name_fn(size_t i);

static const char *ns_name(size_t i)
{
	return i < OCI_NS_COUNT ? oci_ns_names[i] : NULL;
}

static const char *hook_name(size_t i)
{
	return i < OCI_HOOK_COUNT ? oci_hook_names[i] : NULL;
}

static const char *cap_name(size_t i)
{
	return oci_cap_name((unsigned int)i);
}

static const char *action_name(size_t i)
{
	return oci_seccomp_action_names[i];
}

static const char *op_name(size_t i)
{
	return oci_seccomp_op_names[i];
}

static const char *known_flag(size_t i)
{
	bool ignored;

	return filter_flag_name(i, &ignored);
}

static void put_name(struct buf *b, const char *name)
{
	if (b->p[b->len - 1] != '[')
		buf_putc(b, ',');
	buf_json(b, name);
}

static void put_names(struct buf *b, const char *key, name_fn *fn)
{
	const char *name;

	buf_printf(b, "\"%s\":[", key);
	for (size_t i = 0; (name = fn(i)); i++)
		put_name(b, name);
	buf_puts(b, "],");
}

static void put_seccomp(struct buf *b)
{
	const char *name;
	bool here;

	buf_puts(b, "\"seccomp\":{\"enabled\":true,");
	put_names(b, "actions", action_name);
	put_names(b, "operators", op_name);
	put_names(b, "archs", filter_arch_name);
	put_names(b, "knownFlags", known_flag);
	buf_puts(b, "\"supportedFlags\":[");
	for (size_t i = 0; (name = filter_flag_name(i, &here)); i++)
		if (here)
			put_name(b, name);
	buf_puts(b, "]},");
}

static bool is_there(const char *path)
{
	struct stat st;

	return sys_statat(AT_FDCWD, path, &st, 0) == 0;
}

static void lost(struct buf *b, const char *what)
{
	if (b->len)
		buf_puts(b, ", ");
	buf_puts(b, what);
}

static void put_kernel(struct buf *b)
{
	char missing_mem[256], lost_mem[256];
	struct buf missing, what;

	buf_init(&missing, missing_mem, sizeof(missing_mem));
	buf_init(&what, lost_mem, sizeof(lost_mem));
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		if (sys_has_call(calls[i].nr))
			continue;
		lost(&missing, calls[i].name);
		if (calls[i].lost)
			lost(&what, calls[i].lost);
	}
	if (!is_there("/proc/self/ns/time"))
		lost(&what, "time namespaces");
	if (!is_there("/proc/self/ns/cgroup"))
		lost(&what, "cgroup namespaces");
	if (!sys_seccomp_flag(SECCOMP_FILTER_FLAG_NEW_LISTENER))
		lost(&what, "SCMP_ACT_NOTIFY");
	buf_printf(b, "\"cleat.kernel.calls-missing\":\"%s\",\"cleat.kernel.lost\":\"%s\"",
		   missing_mem, lost_mem);
}

void runtime_features(struct buf *b, bool checkpoint)
{
	unsigned int v[3];

	runtime_libseccomp(v);
	buf_puts(b, "{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"" OCI_VERSION "\",");
	put_names(b, "hooks", hook_name);
	put_names(b, "mountOptions", mount_opts_name);
	buf_puts(b, "\"linux\":{");
	put_names(b, "namespaces", ns_name);
	put_names(b, "capabilities", cap_name);
	buf_printf(b,
		   "\"cgroup\":{\"v1\":true,\"v2\":true,\"systemd\":%s,\"systemdUser\":%s,"
		   "\"rdma\":true},",
		   SYSTEMD, SYSTEMD);
	put_seccomp(b);
	buf_puts(b, "\"apparmor\":{\"enabled\":true},\"selinux\":{\"enabled\":true},"
		    "\"intelRdt\":{\"enabled\":true},\"netDevices\":{\"enabled\":true},");
	buf_printf(b, "\"mountExtensions\":{\"idmap\":{\"enabled\":%s}}},\"annotations\":{",
		   sys_has_call(SYS_mount_setattr) ? "true" : "false");
	buf_printf(b, "\"io.github.seccomp.libseccomp.version\":\"%u.%u.%u\",", v[0], v[1], v[2]);
	buf_printf(b, "\"cleat.version\":\"%s\",\"cleat.checkpoint.enabled\":\"%s\",",
		   CLEAT_VERSION, checkpoint ? "true" : "false");
	put_kernel(b);
	buf_puts(b, "}}");
}
