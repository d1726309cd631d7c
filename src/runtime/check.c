/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/check.h"

#include <errno.h>
#include <string.h>

#include "runtime/confine/label.h"
#include "runtime/namespaces.h"
#include "sys/fd.h"

void sysctl_swap(char *name, char first)
{
	bool swap = name[strcspn(name, "./")] == first;

	for (char *p = name; swap && *p; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
}

static bool own(const struct oci_spec *s, enum oci_ns_kind k)
{
	return s->ns[k].set;
}

static int check_time(const struct oci_spec *s, struct err *e)
{
	bool offsets = false;

	for (size_t i = 0; i < OCI_CLOCK_COUNT; i++)
		offsets |= s->time_offsets[i].set;
	if (offsets && (!own(s, OCI_NS_TIME) || s->ns[OCI_NS_TIME].path))
		return err_text(e, -EINVAL, "timeOffsets need a new time namespace");
	return 0;
}

/* A path may lead to where we are: then it is the host's that would be changed. */
static bool is_host(const struct oci_spec *s, enum oci_ns_kind kind)
{
	auto_close int fd = -1;

	if (!s->ns[kind].path)
		return !own(s, kind);
	fd = ns_open(s->ns[kind].path, kind, NULL);
	return fd < 0 || ns_is_ours(fd, kind);
}

static int check_namespaces(const struct oci_spec *s, struct err *e)
{
	bool maps = s->idmaps.n_uid || s->idmaps.n_gid;

	if (maps && !own(s, OCI_NS_USER))
		return err_text(e, -EINVAL,
				"uidMappings and gidMappings need a new user namespace");
	if (own(s, OCI_NS_USER) && !s->ns[OCI_NS_USER].path &&
	    (!s->idmaps.n_uid || !s->idmaps.n_gid))
		return err_text(e, -EINVAL,
				"a new user namespace needs uidMappings and gidMappings");
	if (!str_empty(s->hostname) && !own(s, OCI_NS_UTS))
		return err_text(e, -EINVAL, "hostname needs a uts namespace");
	if (!str_empty(s->domainname) && !own(s, OCI_NS_UTS))
		return err_text(e, -EINVAL, "domainname needs a uts namespace");
	if (s->n_netdevs && is_host(s, OCI_NS_NET))
		return err_text(e, -EINVAL,
				"netDevices need a network namespace that is not the host's");
	return check_time(s, e);
}

/* Anything else would change the host. What a name begins with, and whose it is */
static int check_sysctl(const struct oci_spec *s, const char *key, struct err *e)
{
	static const struct {
		const char *name;
		enum oci_ns_kind kind;
		bool whole;
	} known[] = {
		{"net.", OCI_NS_NET, false},
		{"fs.mqueue.", OCI_NS_IPC, false},
		{"kernel.msgmax", OCI_NS_IPC, true},
		{"kernel.msgmnb", OCI_NS_IPC, true},
		{"kernel.msgmni", OCI_NS_IPC, true},
		{"kernel.sem", OCI_NS_IPC, true},
		{"kernel.shmall", OCI_NS_IPC, true},
		{"kernel.shmmax", OCI_NS_IPC, true},
		{"kernel.shmmni", OCI_NS_IPC, true},
		{"kernel.shm_rmid_forced", OCI_NS_IPC, true},
		{"kernel.domainname", OCI_NS_UTS, true},
	};
	char dots[128];

	if (str_copy(dots, sizeof(dots), key) < 0)
		return err_text(e, -EINVAL, "sysctl %.64s is not known", key);
	sysctl_swap(dots, '/');
	if (str_eq(dots, "kernel.hostname"))
		return err_text(e, -EINVAL, "sysctl %s: use the member hostname", key);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (known[i].whole ? !str_eq(dots, known[i].name)
				   : !str_starts(dots, known[i].name))
			continue;
		return is_host(s, known[i].kind)
			       ? err_text(e, -EINVAL,
					  "sysctl %s needs a %s namespace that is not "
					  "the host's",
					  key, oci_ns_names[known[i].kind])
			       : 0;
	}
	return err_text(e, -EINVAL, "sysctl %.64s is not a container's own", key);
}

int check_spec(const struct oci_spec *s, struct err *e)
{
	int r = check_namespaces(s, e);

	if (r == 0 && !s->process.set)
		r = err_text(e, -EINVAL, "config.json has no process to start");
	if (r == 0 && !str_empty(s->mount_label) && !label_has_selinux())
		r = err_text(e, -EOPNOTSUPP,
			     "linux.mountLabel \"%.64s\": SELinux is not enabled on this machine",
			     s->mount_label);
	for (size_t i = 0; i < s->sysctl.n && r == 0; i++)
		r = check_sysctl(s, s->sysctl.v[i].key, e);
	return r;
}
