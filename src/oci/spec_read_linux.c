/* SPDX-License-Identifier: Apache-2.0 */
/* The linux object of config.json: namespaces, ids, devices. */
#include "oci/spec_read.h"

#include <errno.h>
#include <string.h>

static void read_namespaces(const struct json *v, struct oci_spec *s)
{
	struct json_iter it = {0};
	struct json c;

	json_array(v, 64);
	while (json_next(v, &it, &c)) {
		struct json type = json_get(&c, "type"), path = json_get(&c, "path");
		size_t kind = oci_json_choice(&type, oci_ns_names, OCI_NS_COUNT);

		if (s->ns[kind].set)
			json_fail(&c, -EINVAL, "namespace %s is there twice", oci_ns_names[kind]);
		s->ns[kind].set = true;
		s->ns[kind].path = json_str_opt(&path);
		if (s->ns[kind].path && !*s->ns[kind].path)
			s->ns[kind].path = NULL;
		if (s->ns[kind].path && *s->ns[kind].path != '/')
			json_fail(&path, -EINVAL, "\"%.64s\" is not an absolute path",
				  s->ns[kind].path);
	}
}

static struct oci_idmap *read_idmaps(const struct json *v, size_t *ret_n)
{
	struct json_iter it = {0};
	struct oci_idmap *maps;
	struct json c;

	maps = oci_json_array(v, OCI_MAX_IDMAPS, sizeof(*maps), ret_n);
	for (size_t i = 0; i < *ret_n && json_next(v, &it, &c); i++) {
		struct json container = json_get(&c, "containerID"), host = json_get(&c, "hostID");
		struct json size = json_get(&c, "size");

		maps[i].container = (uint32_t)json_u64(&container, UINT32_MAX);
		maps[i].host = (uint32_t)json_u64(&host, UINT32_MAX);
		maps[i].size = (uint32_t)json_u64(&size, UINT32_MAX);
	}
	return maps;
}

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
	static const char *const not_here[] = {"mountLabel", "intelRdt", "netDevices",
					       "memoryPolicy"};
	struct json namespaces = json_get(v, "namespaces"), uids = json_get(v, "uidMappings");
	struct json gids = json_get(v, "gidMappings"), devices = json_get(v, "devices");
	struct json cgroup = json_get(v, "cgroupsPath"), res = json_get(v, "resources");
	struct json propagation = json_get(v, "rootfsPropagation"), filter = json_get(v, "seccomp");
	struct json sysctl = json_get(v, "sysctl"), masked = json_get(v, "maskedPaths");
	struct json ro = json_get(v, "readonlyPaths"), pers = json_get(v, "personality");
	struct json offsets = json_get(v, "timeOffsets");

	oci_json_refuse(v, not_here, ARRAY_LEN(not_here));
	read_namespaces(&namespaces, s);
	if (s->ns[OCI_NS_TIME].set || json_object(&offsets, 8))
		json_fail(v, -EOPNOTSUPP, "a time namespace is not supported");
	s->uid_maps = read_idmaps(&uids, &s->n_uid_maps);
	s->gid_maps = read_idmaps(&gids, &s->n_gid_maps);
	read_devices(&devices, s);
	s->cgroups_path = json_str_opt(&cgroup);
	oci_read_resources(&res, &s->resources);
	s->rootfs_propagation = json_str_opt(&propagation);
	oci_read_seccomp(&filter, &s->seccomp);
	s->sysctl = oci_json_kvs(&sysctl, OCI_MAX_RULES);
	s->masked_paths = oci_json_strs(&masked, OCI_MAX_STRINGS);
	s->readonly_paths = oci_json_strs(&ro, OCI_MAX_STRINGS);
	read_personality(&pers, s);
}
