/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WWW-Authenticate. A comma separates both parameters and challenges, so one look ahead decides:
 * "token =" goes on with the challenge, anything else starts the next one.
 */
#include "wire/wwwauth.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool is_tchar(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void advance(struct span *s, size_t n)
{
	s->p += n;
	s->len -= n;
}

static void skip(struct span *s, const char *set)
{
	while (s->len && s->p[0] && strchr(set, s->p[0]))
		advance(s, 1);
}

static struct span take_token(struct span *s)
{
	struct span t = {s->p, 0};

	while (t.len < s->len && is_tchar(s->p[t.len]))
		t.len++;
	advance(s, t.len);
	return t;
}

static int malformed(struct err *e, const char *what)
{
	return err_text(e, -EBADMSG, "WWW-Authenticate: %s", what);
}

/* a quoted string or a token, unescaped into @dst (NULL: checked only) */
static int take_value(struct span *s, char *dst, size_t cap, struct err *e)
{
	bool quoted = s->len && s->p[0] == '"';
	size_t n = 0;

	if (quoted)
		advance(s, 1);
	for (;;) {
		if (quoted && s->len && s->p[0] == '"') {
			advance(s, 1);
			break;
		}
		if (quoted && s->len >= 2 && s->p[0] == '\\')
			advance(s, 1);
		else if (!quoted && (!s->len || !is_tchar(s->p[0])))
			break;
		if (!s->len)
			return malformed(e, "a quoted string does not end");
		if ((unsigned char)s->p[0] < ' ' && s->p[0] != '\t')
			return malformed(e, "control character in a value");
		if (dst && n + 1 >= cap)
			return err_text(e, -EMSGSIZE,
					"WWW-Authenticate: a value is longer than %zu bytes",
					cap - 1);
		if (dst)
			dst[n] = s->p[0];
		n++;
		advance(s, 1);
	}
	if (!quoted && !n)
		return malformed(e, "expected a value behind '='");
	if (dst)
		dst[n] = '\0';
	return 0;
}

static int take_param(struct span *s, struct wwwauth *w, unsigned int *seen, struct err *e)
{
	const struct {
		const char *name;
		char *dst;
		size_t cap;
	} slots[] = {
		{"realm", w->realm, sizeof(w->realm)},
		{"service", w->service, sizeof(w->service)},
		{"scope", w->scope, sizeof(w->scope)},
	};
	struct span name = take_token(s);

	skip(s, " \t");
	advance(s, 1); /* '=': the look-ahead saw it */
	skip(s, " \t");
	for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
		if (!span_eq_nocase(name, slots[i].name))
			continue;
		if (*seen & (1U << i))
			return err_text(e, -EBADMSG, "WWW-Authenticate: %s is there twice",
					slots[i].name);
		*seen |= 1U << i;
		return take_value(s, slots[i].dst, slots[i].cap, e);
	}
	return take_value(s, NULL, 0, e);
}

/* is "token =" next, and not the token68 "abc==" or the scheme of another challenge? */
static bool param_follows(struct span s)
{
	if (!take_token(&s).len)
		return false;
	skip(&s, " \t");
	if (!s.len || s.p[0] != '=')
		return false;
	advance(&s, 1);
	skip(&s, " \t");
	return s.len && s.p[0] != '=' && s.p[0] != ',';
}

/* RFC 9110, 11.2: an opaque blob instead of parameters */
static void skip_token68(struct span *s)
{
	while (s->len && (is_tchar(s->p[0]) || s->p[0] == '/'))
		advance(s, 1);
	skip(s, "=");
}

int wwwauth_next(struct span *rest, struct wwwauth *ret_challenge, struct err *e)
{
	struct span s = *rest, scheme;
	struct wwwauth *w = ret_challenge;
	unsigned int seen = 0, n = 0;

	skip(&s, " \t,");
	if (!s.len) {
		*rest = s;
		return 0;
	}
	*w = (struct wwwauth){0};
	scheme = take_token(&s);
	if (!scheme.len)
		return malformed(e, "expected the name of a scheme");
	if (span_eq_nocase(scheme, "Bearer"))
		w->scheme = WWWAUTH_BEARER;
	else if (span_eq_nocase(scheme, "Basic"))
		w->scheme = WWWAUTH_BASIC;
	if (s.len && s.p[0] != ' ' && s.p[0] != ',')
		return malformed(e, "expected a space behind the scheme");
	skip(&s, " \t");
	if (!param_follows(s))
		skip_token68(&s);
	while (param_follows(s)) {
		int r = take_param(&s, w, &seen, e);

		if (r < 0)
			return r;
		if (++n > WWWAUTH_MAX_PARAMS)
			return malformed(e, "more than 16 parameters");
		skip(&s, " \t");
		if (s.len && s.p[0] != ',')
			return malformed(e, "expected a comma between parameters");
		skip(&s, " \t,");
	}
	*rest = s;
	return 1;
}
