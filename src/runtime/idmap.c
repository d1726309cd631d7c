/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/idmap.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "runtime/namespaces.h"
#include "runtime/userns.h"

bool idmap_wanted(const struct oci_mount *m, const struct mount_opts *o)
{
	return o->idmap || m->idmaps.n_uid || m->idmaps.n_gid;
}

/* What the container calls @id, to the host. Return: false no such id in there */
static bool to_host(const struct oci_idmap *v, size_t n, uint32_t *id)
{
	for (size_t i = 0; i < n; i++) {
		if (*id < v[i].container || *id - v[i].container >= v[i].size)
			continue;
		*id = *id - v[i].container + v[i].host;
		return true;
	}
	return false;
}

/* "FROM-TO-COUNT", "@FROM-TO-COUNT" */
static int triplet(struct span s, const struct oci_idmap *container, size_t n_container,
		   struct oci_idmap *ret)
{
	bool relative = s.len && *s.p == '@', more = true;
	struct span rest = {s.p + relative, s.len - relative};
	uint32_t v[3];

	for (size_t i = 0; i < 3; i++)
		if (!more || num_u32(span_cut(rest, '-', &rest, &more), UINT32_MAX, &v[i]) < 0)
			return -EINVAL;
	if (more || (relative && !to_host(container, n_container, &v[1])))
		return -EINVAL;
	*ret = (struct oci_idmap){v[0], v[1], v[2]};
	return 0;
}

int idmap_parse(const char *text, const struct oci_idmaps *container, struct oci_idmaps *ret,
		struct err *e)
{
	static struct oci_idmap uids[OCI_MAX_IDMAPS], gids[OCI_MAX_IDMAPS];
	struct oci_idmaps m = {.uid = uids, .gid = gids};
	struct span rest = span_of(text);
	bool more = true;

	while (more) {
		struct span part = span_cut(rest, ';', &rest, &more);
		bool uid = part.len > 5 && !memcmp(part.p, "uids=", 5), next = true;
		size_t *n = uid ? &m.n_uid : &m.n_gid;
		struct span list = {part.p + 5, part.len - 5};

		if (!uid && (part.len <= 5 || memcmp(part.p, "gids=", 5) != 0))
			goto bad;
		while (next) {
			struct span one = span_cut(list, '#', &list, &next);

			if (*n == OCI_MAX_IDMAPS ||
			    triplet(one, uid ? container->uid : container->gid,
				    uid ? container->n_uid : container->n_gid,
				    &(uid ? uids : gids)[*n]) < 0)
				goto bad;
			++*n;
		}
	}
	*ret = m;
	return 0;
bad:
	return err_text(e, -EINVAL, "option idmap=%.64s is not understood", text);
}

int idmap_userns(const struct oci_spec *s, const struct oci_mount *m, const struct mount_opts *o,
		 pid_t stage, struct err *e)
{
	struct oci_idmaps maps = m->idmaps;
	int r = 0;

	if (!maps.n_uid && !maps.n_gid && !o->idmap_text) {
		if (s->ns[OCI_NS_USER].set)
			return ns_open_of(stage, OCI_NS_USER, e);
		return err_text(
			e, -EINVAL,
			"option idmap needs mappings, or a user namespace to take them from");
	}
	if (maps.n_uid || maps.n_gid) {
		if (!maps.n_uid || !maps.n_gid)
			r = err_text(e, -EINVAL, "uidMappings and gidMappings go together");
	} else {
		r = idmap_parse(o->idmap_text, &s->idmaps, &maps, e);
	}
	return r < 0 ? r : userns_open(&maps, e);
}
