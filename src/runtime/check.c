/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/check.h"

#include <errno.h>
#include <string.h>

static bool own(const struct oci_spec *s, enum oci_ns_kind k)
{
	return s->ns[k].set;
}

static int check_namespaces(const struct oci_spec *s, struct err *e)
{
	bool maps = s->idmaps.n_uid || s->idmaps.n_gid;

	if (!own(s, OCI_NS_MNT))
		return err_text(
			e, -EOPNOTSUPP,
			"a container without a mount namespace of its own is not supported");
	if (s->ns[OCI_NS_MNT].path)
		return err_text(e, -EOPNOTSUPP,
				"joining a mount namespace by path is not supported");
	if (s->ns[OCI_NS_USER].path)
		return err_text(e, -EOPNOTSUPP,
				"joining a user namespace by path is not supported");
	if (maps && !own(s, OCI_NS_USER))
		return err_text(e, -EINVAL,
				"uidMappings and gidMappings need a new user namespace");
	if (own(s, OCI_NS_USER) && (!s->idmaps.n_uid || !s->idmaps.n_gid))
		return err_text(e, -EINVAL,
				"a new user namespace needs uidMappings and gidMappings");
	if (own(s, OCI_NS_TIME) || s->time_offsets[0].set || s->time_offsets[1].set)
		return err_text(e, -EOPNOTSUPP, "a time namespace is not supported");
	if (s->mount_label && *s->mount_label)
		return err_text(e, -EOPNOTSUPP, "linux.mountLabel is not supported");
	if (s->n_netdevs || s->rdt.set)
		return err_text(e, -EOPNOTSUPP, "linux.%s is not supported",
				s->n_netdevs ? "netDevices" : "intelRdt");
	for (size_t i = 0; i < s->n_mounts; i++)
		if (s->mounts[i].idmaps.n_uid || s->mounts[i].idmaps.n_gid)
			return err_text(e, -EOPNOTSUPP, "mount %s: uidMappings are not supported",
					s->mounts[i].destination);
	if (s->hostname && *s->hostname && !own(s, OCI_NS_UTS))
		return err_text(e, -EINVAL, "hostname needs a uts namespace");
	if (s->domainname && *s->domainname && !own(s, OCI_NS_UTS))
		return err_text(e, -EINVAL, "domainname needs a uts namespace");
	return 0;
}

/* Anything else would change the host. */
static int check_sysctl(const struct oci_spec *s, const char *key, struct err *e)
{
	static const char *const ipc[] = {"kernel.msgmax", "kernel.msgmnb",	    "kernel.msgmni",
					  "kernel.sem",	   "kernel.shmall",	    "kernel.shmmax",
					  "kernel.shmmni", "kernel.shm_rmid_forced"};
	char dots[128];

	if (str_copy(dots, sizeof(dots), key) < 0)
		return err_text(e, -EINVAL, "sysctl %.64s is not known", key);
	for (char *p = dots; *p; p++)
		if (*p == '/' && !strchr(key, '.'))
			*p = '.';
	if (str_starts(dots, "net.") || str_starts(dots, "net/"))
		return own(s, OCI_NS_NET)
			       ? 0
			       : err_text(e, -EINVAL, "sysctl %s needs a network namespace", key);
	if (str_eq(dots, "kernel.domainname") || str_eq(dots, "kernel.hostname"))
		return own(s, OCI_NS_UTS)
			       ? 0
			       : err_text(e, -EINVAL, "sysctl %s needs a uts namespace", key);
	for (size_t i = 0; i < ARRAY_LEN(ipc); i++)
		if (str_eq(dots, ipc[i]))
			goto needs_ipc;
	if (!str_starts(dots, "fs.mqueue."))
		return err_text(e, -EINVAL, "sysctl %.64s is not a container's own", key);
needs_ipc:
	return own(s, OCI_NS_IPC) ? 0
				  : err_text(e, -EINVAL, "sysctl %s needs an ipc namespace", key);
}

int check_spec(const struct oci_spec *s, struct err *e)
{
	int r = check_namespaces(s, e);

	if (r == 0 && !s->process.set)
		r = err_text(e, -EINVAL, "config.json has no process to start");
	for (size_t i = 0; i < s->sysctl.n && r == 0; i++)
		r = check_sysctl(s, s->sysctl.v[i].key, e);
	return r;
}
