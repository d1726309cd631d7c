/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "user[:group]" against the image's passwd and group files. Both files belong to the image: a line
 * that is malformed is passed over, unless it is the very one that was asked for, which then is an
 * error and never a zero.
 */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "parse/parse.h"

#define FIELDS_MAX 7

struct entry {
	struct span field[FIELDS_MAX];
	size_t n;
};

struct found {
	bool any;
	uint32_t id, gid;
	struct span name, home;
};

/* Return: false at the end */
static bool next_entry(struct span *rest, struct entry *ret)
{
	while (rest->len) {
		bool found, more = true;
		struct span line = span_cut(*rest, '\n', rest, &found);

		if (!line.len || line.p[0] == '#')
			continue;
		for (ret->n = 0; more && ret->n < FIELDS_MAX; ret->n++)
			ret->field[ret->n] = span_cut(line, ':', &line, &more);
		return true;
	}
	return false;
}

static bool spans_eq(struct span a, struct span b)
{
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

static bool all_digits(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.len > 0;
}

/* "010" is refused: whether it means 8 or 10 depends on who reads it */
static int read_id(struct span s, uint32_t *ret_id)
{
	if (s.len > 1 && s.p[0] == '0')
		return -EINVAL;
	return num_u32(s, PARSE_MAX_ID, ret_id);
}

static int check_part(struct span s, const char *what, const char *text, struct err *e)
{
	if (!s.len)
		return err_text(e, -EINVAL, "user \"%.80s\": the %s is empty", text, what);
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || s.p[i] == ':' ||
		    s.p[i] == '/')
			return err_text(e, -EINVAL,
					"user \"%.80s\": the %s has a character that no name has",
					text, what);
	if (s.p[0] == '-' || s.p[0] == '+')
		return err_text(e, -EINVAL, "user \"%.80s\": the %s starts with '%c'", text, what,
				s.p[0]);
	return 0;
}

static int bad_id(int r, const char *text, const char *what, struct err *e)
{
	if (r == -ERANGE)
		return err_text(e, r, "user \"%.80s\": the %s is above %u", text, what,
				PARSE_MAX_ID);
	return err_text(e, -EINVAL, "user \"%.80s\": the %s is not a number", text, what);
}

/* the first passwd line with this name, or with this number if @numeric */
static int find_user(struct span part, bool numeric, const char *text, struct span passwd,
		     struct found *ret, struct err *e)
{
	struct entry entry;
	uint32_t id = 0;
	int r = numeric ? read_id(part, &id) : 0;

	if (r < 0)
		return bad_id(r, text, "user ID", e);
	ret->id = id;
	while (next_entry(&passwd, &entry)) {
		uint32_t uid = 0, gid = 0;
		int bad;

		if (entry.n < 4 || (!numeric && !spans_eq(entry.field[0], part)))
			continue;
		bad = read_id(entry.field[2], &uid);
		if (numeric && (bad < 0 || uid != id))
			continue;
		if (bad == 0)
			bad = read_id(entry.field[3], &gid);
		if (bad < 0)
			return bad_id(bad, text, "ID in the image's /etc/passwd", e);
		*ret = (struct found){.any = true, .id = uid, .gid = gid, .name = entry.field[0]};
		if (entry.n > 5)
			ret->home = entry.field[5];
		return 0;
	}
	if (numeric)
		return 0;
	return err_text(e, -ENOENT,
			"user \"%.80s\": there is no such user in the image's /etc/passwd", text);
}

static int find_group(struct span part, const char *text, struct span group, uint32_t *ret_gid,
		      struct err *e)
{
	struct entry entry;
	int r;

	if (all_digits(part)) {
		r = read_id(part, ret_gid);
		return r < 0 ? bad_id(r, text, "group ID", e) : 0;
	}
	while (next_entry(&group, &entry)) {
		if (entry.n < 3 || !spans_eq(entry.field[0], part))
			continue;
		r = read_id(entry.field[2], ret_gid);
		return r < 0 ? bad_id(r, text, "ID in the image's /etc/group", e) : 0;
	}
	return err_text(e, -ENOENT,
			"user \"%.80s\": there is no such group in the image's /etc/group", text);
}

static bool is_member(struct span list, struct span name)
{
	bool more = true;

	while (more && list.len) {
		struct span one = span_cut(list, ',', &list, &more);

		if (spans_eq(span_trim(one), name))
			return true;
	}
	return false;
}

static bool has_group(const struct parse_user *u, uint32_t gid)
{
	for (uint32_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return true;
	return false;
}

static int add_groups(struct span name, const char *text, struct span group, struct parse_user *u,
		      struct err *e)
{
	struct entry entry;

	while (name.len && next_entry(&group, &entry)) {
		uint32_t gid;

		if (entry.n < 4 || !is_member(entry.field[3], name))
			continue;
		if (read_id(entry.field[2], &gid) < 0 || has_group(u, gid))
			continue;
		if (u->n_groups == PARSE_MAX_GROUPS)
			return err_text(e, -EFBIG,
					"user \"%.80s\": in more than %d groups (PARSE_MAX_GROUPS)",
					text, PARSE_MAX_GROUPS);
		u->groups[u->n_groups++] = gid;
	}
	return 0;
}

static void set_home(struct parse_user *u, struct span home)
{
	if (!home.len || home.p[0] != '/' || memchr(home.p, 0, home.len) ||
	    str_copy_n(u->home, sizeof(u->home), home.p, home.len) < 0)
		str_copy(u->home, sizeof(u->home), "/");
}

int parse_user_find(const char *text, struct span passwd, struct span group,
		    struct parse_user *ret_user, struct err *e)
{
	struct span user, rest = {"", 0};
	struct found found = {0};
	struct parse_user u = {0};
	bool with_group = false;
	int r;

	user = span_cut(span_of(*text ? text : "0"), ':', &rest, &with_group);
	r = check_part(user, "user", text, e);
	if (r == 0 && with_group)
		r = check_part(rest, "group", text, e);
	if (r == 0)
		r = find_user(user, all_digits(user), text, passwd, &found, e);
	if (r < 0)
		return r;
	u.uid = found.id;
	u.gid = found.gid;
	if (with_group)
		r = find_group(rest, text, group, &u.gid, e);
	if (r < 0)
		return r;
	u.groups[u.n_groups++] = u.gid;
	if (!with_group && found.any)
		r = add_groups(found.name, text, group, &u, e);
	if (r < 0)
		return r;
	set_home(&u, found.home);
	*ret_user = u;
	return 0;
}

void parse_user_encode(struct enc *e, const struct parse_user *u)
{
	enc_u32(e, u->uid);
	enc_u32(e, u->gid);
	enc_u32(e, u->n_groups);
	for (uint32_t i = 0; i < u->n_groups; i++)
		enc_u32(e, u->groups[i]);
	enc_str(e, u->home);
}

void parse_user_decode(struct dec *d, struct parse_user *ret_user)
{
	struct parse_user u = {.uid = dec_u32(d), .gid = dec_u32(d)};
	size_t n = dec_count(d, PARSE_MAX_GROUPS);
	const char *home;

	for (size_t i = 0; i < n; i++) {
		u.groups[i] = dec_u32(d);
		if (u.groups[i] > PARSE_MAX_ID)
			d->bad = true;
	}
	u.n_groups = (uint32_t)n;
	home = dec_str_req(d);
	if (home[0] != '/' || str_copy(u.home, sizeof(u.home), home) < 0 || u.uid > PARSE_MAX_ID ||
	    u.gid > PARSE_MAX_ID)
		d->bad = true;
	*ret_user = d->bad ? (struct parse_user){.uid = UINT32_MAX, .gid = UINT32_MAX} : u;
}
