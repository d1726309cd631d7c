/* SPDX-License-Identifier: Apache-2.0 */
/* The linux object of config.json: devices and what only has a name. */
#include "oci/spec_read.h"

#include <errno.h>
#include <string.h>

static void read_devices(const struct json *v, struct oci_spec *s)
{
	struct json_iter it = {0};
	struct json c;

	s->devices = oci_json_array(v, OCI_MAX_RULES, sizeof(*s->devices), &s->n_devices);
	for (size_t i = 0; i < s->n_devices && json_next(v, &it, &c); i++) {
		struct json type = json_get(&c, "type"), path = json_get(&c, "path");
		struct json major = json_get(&c, "major"), minor = json_get(&c, "minor");
		struct json mode = json_get(&c, "fileMode"), uid = json_get(&c, "uid");
		struct json gid = json_get(&c, "gid");
		struct oci_device *d = &s->devices[i];
		const char *t = json_str(&type);

		if (strlen(t) != 1 || !strchr("cbup", *t))
			json_fail(&type, -EINVAL, "\"%.16s\" is none of c, b, u, p", t);
		d->type = *t;
		d->path = json_str(&path);
		if (*d->path != '/')
			json_fail(&path, -EINVAL, "\"%.64s\" is not an absolute path", d->path);
		if (d->type != 'p') {
			d->major = (uint32_t)json_u64(&major, 0xfff);
			d->minor = (uint32_t)json_u64(&minor, 0xfffff);
		}
		d->mode = (mode_t)json_u64_opt(&mode, 0177777, 0666) & 07777;
		d->uid = (uid_t)json_u64_opt(&uid, UINT32_MAX - 1, 0);
		d->gid = (gid_t)json_u64_opt(&gid, UINT32_MAX - 1, 0);
	}
}

static void read_personality(const struct json *v, struct oci_spec *s)
{
	static const char *const domains[] = {"LINUX", "LINUX32"};
	static const char *const not_here[] = {"flags"};
	struct json domain = json_get(v, "domain");

	if (!json_has(v))
		return;
	oci_json_refuse(v, not_here, ARRAY_LEN(not_here));
	s->personality.set = true;
	s->personality.v = oci_json_choice(&domain, domains, ARRAY_LEN(domains)) ? 0x0008 : 0;
}

void oci_read_linux(const struct json *v, struct oci_spec *s)
{
	static const char *const not_here[] = {"memoryPolicy"};
	struct json devices = json_get(v, "devices"), label = json_get(v, "mountLabel");
	struct json cgroup = json_get(v, "cgroupsPath"), res = json_get(v, "resources");
	struct json propagation = json_get(v, "rootfsPropagation"), filter = json_get(v, "seccomp");
	struct json sysctl = json_get(v, "sysctl"), masked = json_get(v, "maskedPaths");
	struct json ro = json_get(v, "readonlyPaths"), pers = json_get(v, "personality");

	oci_json_refuse(v, not_here, ARRAY_LEN(not_here));
	oci_read_namespaces(v, s);
	read_devices(&devices, s);
	s->cgroups_path = json_str_opt(&cgroup);
	oci_read_resources(&res, &s->resources);
	s->rootfs_propagation = json_str_opt(&propagation);
	s->mount_label = json_str_opt(&label);
	oci_read_seccomp(&filter, &s->seccomp);
	s->sysctl = oci_json_kvs(&sysctl, OCI_MAX_RULES);
	s->masked_paths = oci_json_strs(&masked, OCI_MAX_STRINGS);
	s->readonly_paths = oci_json_strs(&ro, OCI_MAX_STRINGS);
	read_personality(&pers, s);
}
