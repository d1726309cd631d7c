/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From root to the container's user. Fail closed: every set is written, also when it is empty, and
 * the inheritable set is exactly what the document says (CVE-2022-29162). Groups are set before the
 * uid, while we still may.
 */
#include "runtime/confine/caps.h"

#include <errno.h>
#include <stdio.h>

#include "sys/cred.h"

#define MAX_CAP 63

static uint64_t all_of(const struct oci_caps *c)
{
	return c->bounding | c->effective | c->inheritable | c->permitted | c->ambient;
}

static const char *first_of(uint64_t set)
{
	unsigned int cap = 0;

	while (!(set >> cap & 1))
		cap++;
	return oci_cap_name(cap);
}

void caps_warn(const struct oci_caps *c, bool in_userns, char *ret)
{
	uint64_t lost = c->ambient & ~(c->permitted & c->inheritable & c->bounding);
	struct sys_caps have;

	*ret = '\0';
	if (c->unknown)
		snprintf(ret, ERR_MSG_MAX, "capability \"%.64s\" is not known, ignored",
			 c->unknown);
	else if (!in_userns && sys_get_caps(&have) == 0 && all_of(c) & ~have.permitted)
		snprintf(ret, ERR_MSG_MAX, "capability %s is not ours to give, left out",
			 first_of(all_of(c) & ~have.permitted));
	else if (lost)
		snprintf(ret, ERR_MSG_MAX,
			 "can't raise ambient capability %s: it is not permitted and inheritable",
			 first_of(lost));
}

static int drop_bounding(uint64_t keep, struct err *e)
{
	for (unsigned int cap = 0; cap <= MAX_CAP; cap++) {
		int r = keep >> cap & 1 ? 0 : sys_drop_bounding(cap);

		if (r == -EINVAL)
			return 0; /* beyond the last one that this kernel knows */
		if (r < 0)
			return err_set(e, r, "drop capability %u from the bounding set", cap);
	}
	return 0;
}

static int set_ids(const struct oci_process *p, struct err *e)
{
	int r = sys_keep_caps(true);

	if (r == 0 && !p->keep_groups)
		r = sys_set_groups(p->groups, p->n_groups);
	if (r == -EPERM && !p->n_groups)
		r = 0; /* in a user namespace that is not root's: denied, so they are still the caller's */
	if (r < 0)
		return err_set(e, r, "set %zu additional groups", p->n_groups);
	r = sys_set_gid(p->gid);
	if (r < 0)
		return err_set(e, r, "set gid %u", (unsigned int)p->gid);
	r = sys_set_uid(p->uid);
	return r < 0 ? err_set(e, r, "set uid %u", (unsigned int)p->uid) : 0;
}

int caps_become(const struct oci_process *p, struct err *e)
{
	struct sys_caps have, want;
	uint64_t ambient;
	int r = sys_get_caps(&have);

	if (r < 0)
		return err_set(e, r, "capget");
	/* the bounding set may also hold what we lack: it only limits */
	r = drop_bounding(p->caps.bounding, e);
	if (r == 0)
		r = set_ids(p, e);
	if (r < 0)
		return r;
	want.permitted = p->caps.permitted & have.permitted;
	want.effective = p->caps.effective & want.permitted;
	want.inheritable = p->caps.inheritable & have.permitted & p->caps.bounding;
	r = sys_set_caps(&want);
	if (r == 0)
		r = sys_ambient_clear();
	if (r < 0)
		return err_set(e, r, "set capabilities");
	ambient = p->caps.ambient & want.permitted & want.inheritable;
	for (unsigned int cap = 0; ambient >> cap && cap <= MAX_CAP; cap++) {
		r = ambient >> cap & 1 ? sys_ambient_raise(cap) : 0;
		if (r < 0)
			return err_set(e, r, "raise ambient capability %u", cap);
	}
	return 0;
}
