/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth.json is edited as text, so that whatever else people and programs keep in it stays as it is. What is cut out
 * is found by position: the document has been parsed before, so the scanner below meets JSON that is known to be
 * well-formed and free of duplicate keys, and needs to know no more than where a value ends.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "doc/pool.h"
#include "remote/login.h"

static size_t skip_blank(struct span s, size_t at)
{
	while (at < s.len && strchr(" \t\r\n", s.p[at]))
		at++;
	return at;
}

/* Return: behind the value that starts at @at */
static size_t skip_value(struct span s, size_t at)
{
	bool quoted = false;
	size_t depth = 0;

	for (; at < s.len; at++) {
		char c = s.p[at];

		if (quoted && c == '\\') {
			at++;
		} else if (c == '"') {
			quoted = !quoted;
			if (!quoted && !depth)
				return at + 1;
		} else if (!quoted && (c == '{' || c == '[')) {
			depth++;
		} else if (!quoted && (c == '}' || c == ']')) {
			if (depth <= 1)
				return at + depth; /* the end of a number stands before a bracket */
			depth--;
		} else if (!quoted && !depth && strchr(", \t\r\n", c)) {
			return at;
		}
	}
	return at;
}

struct member {
	size_t key, value, end; /* offsets; end: behind the value */
};

/* the members of the object at @at, one after another. @at: start with the '{'; Return: false at the end */
static bool next_member(struct span s, size_t *at, struct member *m)
{
	size_t i = skip_blank(s, *at + 1); /* behind '{' or ',' */

	if (i >= s.len || s.p[i] == '}')
		return false;
	m->key = i;
	i = skip_blank(s, skip_value(s, i));
	m->value = skip_blank(s, i + 1);
	m->end = skip_value(s, m->value);
	*at = skip_blank(s, m->end);
	return true;
}

/* the @n-th member. Return: false there is none */
static bool find_member(struct span s, size_t at, size_t n, struct member *m)
{
	do {
		if (at >= s.len || s.p[at] == '}' || !next_member(s, &at, m))
			return false;
	} while (n--);
	return true;
}

static size_t count(const struct json *object)
{
	return json_object(object, JSON_MAX_KEYS);
}

/* text without [from, to) and with @insert in its place */
static int replace(struct span *text, size_t from, size_t to, const char *insert, struct arena *a,
		   struct err *e)
{
	size_t cap = text->len + strlen(insert) + 1;
	char *mem = arena_alloc(a, cap);
	struct buf b;

	if (!mem)
		return err_text(e, -EFBIG, "the file does not fit CONFIG_PARSE_MODEL_KIB");
	buf_init(&b, mem, cap);
	buf_put(&b, text->p, from);
	buf_puts(&b, insert);
	buf_put(&b, text->p + to, text->len - to);
	*text = (struct span){mem, b.len};
	return 0;
}

/* one entry that is for @host and all of it. Return: 1 it is gone; 0 there is none; -errno */
static int remove_one(struct span *text, const char *file, const char *host, struct arena *a,
		      struct err *e)
{
	size_t at_auths = 0, n = 0, from, to;
	struct member auths, m, before = {0};
	struct json root, object, v;
	struct json_iter it = {0};
	struct json_doc doc;
	int r = login_open(&doc, *text, file, a, e);

	if (r < 0)
		return r;
	root = json_root(&doc);
	while (json_next(&root, &it, &v) && !str_eq(v.key, "auths"))
		at_auths++;
	object = json_get(&root, "auths");
	count(&object);
	it = (struct json_iter){0};
	while (json_next(&object, &it, &v) && !login_key_rank(v.key, host, ""))
		n++;
	r = json_done(&doc);
	if (r < 0 || n == count(&object))
		return r;
	if (!find_member(*text, skip_blank(*text, 0), at_auths, &auths) ||
	    !find_member(*text, auths.value, n, &m) ||
	    (n && !find_member(*text, auths.value, n - 1, &before)))
		return err_text(e, -EBADMSG, "%s: cannot be edited", file);
	/* with the comma in front, or else the one behind; the last one with the blanks around it */
	from = n ? before.end : auths.value + 1;
	to = n ? m.end : skip_blank(*text, m.end);
	if (!n && text->p[to] == ',')
		to++;
	r = replace(text, from, to, "", a, e);
	return r < 0 ? r : 1;
}

static int insert(struct span *text, const char *file, const char *host, const char *auth,
		  struct arena *a, struct err *e)
{
	size_t at_auths = 0, cap = strlen(auth) + strlen(host) * 6 + 256, at;
	struct member auths;
	struct json root, object, v;
	struct json_iter it = {0};
	struct json_doc doc;
	char *mem = arena_alloc(a, cap);
	struct buf b;
	bool has;
	int r = login_open(&doc, *text, file, a, e);

	if (r < 0)
		return r;
	root = json_root(&doc);
	if (!json_is_object(&root))
		return json_fail(&root, -EBADMSG, "expected an object");
	while (json_next(&root, &it, &v) && !str_eq(v.key, "auths"))
		at_auths++;
	object = json_get(&root, "auths");
	has = json_is_object(&object);
	if (!mem || (!has && at_auths < count(&root)))
		return err_text(e, -EBADMSG, "%s: \"auths\" is no object", file);
	at = skip_blank(*text, 0);
	if (has && find_member(*text, at, at_auths, &auths))
		at = auths.value;
	buf_init(&b, mem, cap);
	if (!has)
		buf_puts(&b, "\n\t\"auths\": {");
	buf_puts(&b, "\n\t\t");
	buf_json(&b, remote_server(host));
	buf_puts(&b, ": {\n\t\t\t\"auth\": ");
	buf_json(&b, auth);
	buf_puts(&b, "\n\t\t}");
	if (!has)
		buf_printf(&b, "\n\t}%s", count(&root) ? "," : "\n");
	else
		buf_puts(&b, count(&object) ? "," : "\n\t");
	return replace(text, at + 1, at + 1, mem, a, e);
}

int remote_edit_login(struct span text, const char *file, const char *host, const char *auth,
		      struct arena *a, struct span *ret_text, struct err *e)
{
	int r, removed = 0;

	if (!text.len)
		text = span_of("{}\n");
	while ((r = remove_one(&text, file, host, a, e)) > 0)
		removed = 1;
	if (r == 0 && auth)
		r = insert(&text, file, host, auth, a, e);
	if (r < 0)
		return r;
	*ret_text = text;
	return auth ? 1 : removed;
}
