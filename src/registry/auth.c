/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are to a registry. Secrets and tokens appear in no error text. The realm of a Bearer
 * challenge is data from the network: https only, and dial() judges its address.
 */
#include "registry/auth.h"

#include <errno.h>
#include <string.h>

#include "doc/json.h"

static void base64(struct buf *b, const char *s, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		unsigned int v = 0;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < n ? (unsigned char)s[i + k] : 0);
		buf_putc(b, digits[v >> 18]);
		buf_putc(b, digits[v >> 12 & 63]);
		buf_putc(b, n > 1 ? digits[v >> 6 & 63] : '=');
		buf_putc(b, n > 2 ? digits[v & 63] : '=');
	}
}

static void make_basic(struct auth *a)
{
	char pair[AUTH_USER_CAP + AUTH_SECRET_CAP];
	struct buf b;

	a->basic[0] = '\0';
	if (!a->user[0])
		return;
	str_printf(pair, sizeof(pair), "%s:%s", a->user, a->secret);
	buf_init(&b, a->basic, sizeof(a->basic));
	buf_puts(&b, "Basic ");
	base64(&b, pair, strlen(pair));
	explicit_bzero(pair, sizeof(pair));
}

int auth_init(struct auth *a, const char *user, const char *secret, const char *repository,
	      struct err *e)
{
	a->header[0] = '\0';
	if (str_copy(a->user, sizeof(a->user), user ? user : "") < 0 ||
	    str_copy(a->secret, sizeof(a->secret), secret ? secret : "") < 0)
		return err_text(e, -EINVAL, "user name or password is too long");
	if (strchr(a->user, ':'))
		return err_text(e, -EINVAL,
				"a user name with a colon cannot be sent to a registry");
	if (str_printf(a->scope, sizeof(a->scope), "repository:%s:pull", repository) < 0)
		return err_text(e, -EINVAL, "the repository's name is too long");
	make_basic(a);
	return 0;
}

static void put_encoded(struct buf *b, const char *s)
{
	for (; *s; s++) {
		bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
			     (*s >= '0' && *s <= '9') || strchr("-._~:/", *s);

		if (plain)
			buf_putc(b, *s);
		else
			buf_printf(b, "%%%02X", (unsigned int)(unsigned char)*s);
	}
}

static int token_url(struct auth *a, const struct wwwauth *w, const struct url *registry,
		     struct err *e)
{
	struct url *u = &a->token_url;
	char origin[URL_ORIGIN_CAP];
	bool has_query;
	struct buf b;
	size_t len;
	int r;

	r = url_parse(span_of(w->realm), u, e);
	if (r < 0)
		return err_wrap(e, "%s names a token server that cannot be used",
				url_origin(origin, registry));
	if (!u->https && registry->https)
		return err_text(e, -EACCES,
				"%s names a token server without TLS (%s): refused, as passwords "
				"and tokens "
				"would be readable on the way",
				registry->host, url_origin(origin, u));
	len = strlen(u->target);
	has_query = strchr(u->target, '?');
	buf_init(&b, u->target + len, sizeof(u->target) - len);
	buf_puts(&b, has_query ? "&scope=" : "?scope=");
	/* our own scope, not the challenge's: we never want more than to pull this repository */
	put_encoded(&b, a->scope);
	if (w->service[0]) {
		buf_puts(&b, "&service=");
		put_encoded(&b, w->service);
	}
	if (!buf_ok(&b))
		return err_text(e, -EMSGSIZE,
				"the token server's URL is longer than CONFIG_URL_BYTES (%d)",
				CONFIG_URL_BYTES);
	return 0;
}

static int read_body(struct auth *a, struct exchange *x, struct err *e)
{
	struct span data;
	int r;

	a->body_len = 0;
	while ((r = exchange_body(x, &data, e)) > 0) {
		if (data.len > sizeof(a->body) - a->body_len) {
			conn_close(x->conn);
			return err_text(e, -EMSGSIZE,
					"the token server's answer is longer than twice "
					"CONFIG_FETCH_TOKEN_BYTES (%d)",
					CONFIG_FETCH_TOKEN_BYTES);
		}
		memcpy(a->body + a->body_len, data.p, data.len);
		a->body_len += data.len;
	}
	return r;
}

static bool is_token(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s >= 127)
			return false;
	return true;
}

static int take_token(struct auth *a, struct err *e)
{
	struct json root, token;
	struct json_doc doc;
	struct arena arena;
	const char *text;
	int r;

	arena_init(&arena, a->arena_mem, sizeof(a->arena_mem));
	r = json_parse(&doc, "the token server's answer", (struct span){a->body, a->body_len},
		       a->pool, sizeof(a->pool), "CONFIG_FETCH_TOKEN_BYTES", &arena, e);
	if (r < 0)
		return r;
	root = json_root(&doc);
	token = json_get(&root, "token");
	if (!json_has(&token))
		token = json_get(&root, "access_token");
	text = json_str(&token);
	r = json_done(&doc);
	if (r < 0)
		return r;
	if (!text[0] || !is_token(text))
		return err_text(e, -EBADMSG, "the token server's answer holds no usable token");
	if (str_printf(a->header, sizeof(a->header), "Bearer %s", text) < 0)
		return err_text(e, -EMSGSIZE,
				"the token is longer than CONFIG_FETCH_TOKEN_BYTES (%d)",
				CONFIG_FETCH_TOKEN_BYTES);
	return 0;
}

static int denied(const struct auth *a, const char *who, unsigned int status, struct err *e)
{
	if (a->user[0])
		return err_text(
			e, -EACCES,
			"%s does not accept the user name or password of \"%s\" (HTTP %u): check both",
			who, a->user, status);
	return err_text(
		e, -EACCES,
		"%s refuses anonymous access (HTTP %u): check the image's name, or give user and "
		"password for this registry",
		who, status);
}

static int ask_token_server(struct auth *a, struct conns *cs, struct exchange *x,
			    enum dial_zone zone, enum auth_fail *ret_fail,
			    enum conn_fail *ret_conn_fail, struct err *e)
{
	const struct exchange_request q = {
		.url = &a->token_url,
		.from = zone,
		.accept = "application/json",
		.authorization = a->user[0] ? a->basic : NULL,
	};
	unsigned int status;
	int r;

	*ret_fail = AUTH_F_CONN;
	r = exchange_start(cs, x, &q, ret_conn_fail, e);
	if (r < 0)
		return err_wrap(e, "get a token");
	status = x->http.status;
	if (status != 200) {
		exchange_drop(x);
		*ret_fail = status == 401 || status == 403 ? AUTH_F_DENIED : AUTH_F_HTTP;
		if (*ret_fail == AUTH_F_DENIED)
			return denied(a, a->token_url.host, status, e);
		return err_text(e, -EREMOTEIO, "the token server %s answers with HTTP %u",
				a->token_url.host, status);
	}
	r = read_body(a, x, e);
	*ret_fail = r == -EMSGSIZE ? AUTH_F_HTTP : AUTH_F_CONN;
	if (r == 0) {
		*ret_fail = AUTH_F_HTTP;
		r = take_token(a, e);
	}
	return r;
}

int auth_answer(struct auth *a, struct conns *cs, struct exchange *x, const struct url *registry,
		enum dial_zone zone, enum auth_fail *ret_fail, enum conn_fail *ret_conn_fail,
		struct err *e)
{
	const struct wwwauth *w = &x->challenge;
	int r;

	*ret_fail = AUTH_F_DENIED;
	switch (w->scheme) {
	case WWWAUTH_BEARER:
		r = token_url(a, w, registry, e);
		if (r < 0)
			return r;
		return ask_token_server(a, cs, x, zone, ret_fail, ret_conn_fail, e);
	case WWWAUTH_BASIC:
		if (!a->user[0])
			return denied(a, registry->host, 401, e);
		str_copy(a->header, sizeof(a->header), a->basic);
		return 0;
	case WWWAUTH_OTHER:
		break;
	}
	return err_text(e, -EACCES, "%s asks for a way to log in that is neither Basic nor Bearer",
			registry->host);
}
