/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are to a registry. Secrets and tokens appear in no error text. The realm of a Bearer
 * challenge is data from the network: https only, and dial() judges its address.
 */
#include "registry/auth.h"

#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "doc/json.h"
#include "sys/proc.h"

#define PASSWORD_MAX 2048
#define TOKEN_MIN_S  60

static bool is_token(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s >= 127)
			return false;
	return true;
}

static int set_bearer(struct auth *a, const char *token)
{
	if (!token || !token[0] || !is_token(token))
		return -EBADMSG;
	return str_printf(a->header, sizeof(a->header), "Bearer %s", token) < 0 ? -EMSGSIZE : 0;
}

static int make_basic(struct auth *a)
{
	char pair[AUTH_USER_CAP + PASSWORD_MAX];
	struct buf b;
	int r = str_printf(pair, sizeof(pair), "%s:%s", a->user, a->secret);

	buf_init(&b, a->basic, sizeof(a->basic));
	buf_puts(&b, "Basic ");
	base64_encode(&b, pair, r > 0 ? (size_t)r : 0);
	explicit_bzero(pair, sizeof(pair));
	return r < 0 || !buf_ok(&b) ? -EINVAL : 0;
}

int auth_init(struct auth *a, enum remote_kind kind, const char *user, const char *secret,
	      const char *repository, bool push, const char *mount, struct err *e)
{
	a->kind = kind;
	a->header[0] = a->scope[0] = a->mount_scope[0] = '\0';
	a->until_ms = 0;
	if (str_copy(a->user, sizeof(a->user), user ? user : "") < 0 ||
	    str_copy(a->secret, sizeof(a->secret), secret ? secret : "") < 0 ||
	    (kind == REMOTE_PASSWORD && make_basic(a) < 0) ||
	    (kind == REMOTE_TOKEN && set_bearer(a, secret) < 0))
		return err_text(e, -EINVAL,
				"user name, password or token is too long or malformed");
	if (strchr(a->user, ':'))
		return err_text(e, -EINVAL,
				"a user name with a colon cannot be sent to a registry");
	if (repository[0] && str_printf(a->scope, sizeof(a->scope), "repository:%s:pull%s",
					repository, push ? ",push" : "") < 0)
		return err_text(e, -EINVAL, "the repository's name is too long");
	if (mount) /* without its scope a mount is refused, and the blob is sent */
		str_printf(a->mount_scope, sizeof(a->mount_scope), "repository:%s:pull", mount);
	return 0;
}

const char *auth_header(struct auth *a)
{
	if (a->until_ms && sys_now_ms() >= a->until_ms)
		a->header[0] = '\0';
	return a->header[0] ? a->header : NULL;
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
	return 0;
}

/* our own scope, not the challenge's: we never want more than this repository needs */
static void put_wish(struct buf *b, const struct auth *a, const struct wwwauth *w, char first)
{
	if (w->service[0]) {
		buf_printf(b, "%cservice=", first);
		put_encoded(b, w->service);
		first = '&';
	}
	if (a->scope[0]) {
		buf_printf(b, "%cscope=", first);
		put_encoded(b, a->scope);
		if (a->mount_scope[0])
			/* a list in OAuth2's form, a parameter of its own in a query */
			buf_puts(b, a->kind == REMOTE_IDENTITY ? "%20" : "&scope=");
		put_encoded(b, a->mount_scope);
	}
}

static int add_query(struct auth *a, const struct wwwauth *w, struct err *e)
{
	struct url *u = &a->token_url;
	size_t len = strlen(u->target);
	struct buf b;

	buf_init(&b, u->target + len, sizeof(u->target) - len);
	put_wish(&b, a, w, strchr(u->target, '?') ? '&' : '?');
	return buf_ok(&b) ? 0
			  : err_text(e, -EMSGSIZE,
				     "the token server's URL is longer than CONFIG_URL_BYTES (%d)",
				     CONFIG_URL_BYTES);
}

/* RFC 6749, 6: an identity token is a refresh token */
static int make_form(struct auth *a, const struct wwwauth *w, struct err *e)
{
	struct buf b;

	buf_init(&b, a->body, sizeof(a->body));
	buf_puts(&b, "grant_type=refresh_token&client_id=cleat");
	put_wish(&b, a, w, '&');
	buf_puts(&b, "&refresh_token=");
	put_encoded(&b, a->secret);
	return buf_ok(&b) ? 0
			  : err_text(e, -EMSGSIZE,
				     "the identity token is too long (CONFIG_FETCH_TOKEN_BYTES=%d)",
				     CONFIG_FETCH_TOKEN_BYTES);
}

int auth_read(struct auth *a, struct exchange *x, struct err *e)
{
	struct span data;
	int r;

	a->body_len = 0;
	while ((r = exchange_body(x, &data, e)) > 0) {
		if (data.len > sizeof(a->body) - a->body_len) {
			conn_close(x->conn);
			return err_text(e, -EMSGSIZE,
					"%s: the answer is longer than twice "
					"CONFIG_FETCH_TOKEN_BYTES (%d)",
					x->conn->origin, CONFIG_FETCH_TOKEN_BYTES);
		}
		memcpy(a->body + a->body_len, data.p, data.len);
		a->body_len += data.len;
	}
	return r;
}

static int take_token(struct auth *a, struct err *e)
{
	struct json root, token, seconds;
	struct json_doc doc;
	struct arena arena;
	const char *text;
	uint64_t lives_s;
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
	seconds = json_get(&root, "expires_in");
	lives_s = json_u64_opt(&seconds, UINT32_MAX, 0);
	r = json_done(&doc);
	if (r < 0)
		return r;
	/* the specification promises this much; from now on, as the device's clock may be wrong */
	if (lives_s < TOKEN_MIN_S)
		lives_s = TOKEN_MIN_S;
	a->until_ms = sys_now_ms() + (int64_t)lives_s * 1000;
	r = set_bearer(a, text);
	if (r == -EMSGSIZE)
		return err_text(e, r, "the token is longer than CONFIG_FETCH_TOKEN_BYTES (%d)",
				CONFIG_FETCH_TOKEN_BYTES);
	return r < 0 ? err_text(e, r, "the token server's answer holds no usable token") : 0;
}

int auth_denied(const struct auth *a, const char *who, unsigned int status, struct err *e)
{
	if (a->kind == REMOTE_PASSWORD)
		return err_text(
			e, -EACCES,
			"%s does not accept the user name or password of \"%s\" (HTTP %u): check both",
			who, a->user, status);
	if (a->kind != REMOTE_ANONYMOUS)
		return err_text(e, -EACCES,
				"%s does not accept our token any more (HTTP %u): log in again",
				who, status);
	return err_text(e, -EACCES,
			"%s refuses anonymous access (HTTP %u): check the image's name, or log in: "
			"cleat login",
			who, status);
}

static int ask_token_server(struct auth *a, const struct wwwauth *w, struct conns *cs,
			    struct exchange *x, enum dial_zone zone, enum auth_fail *ret_fail,
			    enum conn_fail *ret_conn_fail, struct err *e)
{
	bool post = a->kind == REMOTE_IDENTITY;
	const struct exchange_request q = {
		.url = &a->token_url,
		.from = zone,
		.accept = "application/json",
		.authorization = a->kind == REMOTE_PASSWORD ? a->basic : NULL,
		.form = post ? a->body : NULL,
	};
	unsigned int status;
	int r = post ? make_form(a, w, e) : add_query(a, w, e);

	if (r < 0)
		return r;
	*ret_fail = AUTH_F_CONN;
	r = exchange_start(cs, x, &q, ret_conn_fail, e);
	if (r < 0)
		return err_wrap(e, "get a token");
	status = x->http.status;
	if (status != 200) {
		exchange_drop(x);
		/* RFC 6749, 5.2: a refresh token that is not accepted is a 400 */
		*ret_fail = status == 401 || status == 403 || (post && status == 400)
				    ? AUTH_F_DENIED
				    : AUTH_F_HTTP;
		if (*ret_fail == AUTH_F_DENIED)
			return auth_denied(a, a->token_url.host, status, e);
		return err_text(e, -EREMOTEIO, "the token server %s answers with HTTP %u",
				a->token_url.host, status);
	}
	r = auth_read(a, x, e);
	*ret_fail = r == -EMSGSIZE ? AUTH_F_HTTP : AUTH_F_CONN;
	if (r == 0) {
		*ret_fail = AUTH_F_HTTP;
		r = take_token(a, e);
	}
	explicit_bzero(a->body, sizeof(a->body));
	return r;
}

int auth_answer(struct auth *a, struct conns *cs, struct exchange *x, const struct url *registry,
		enum dial_zone zone, enum auth_fail *ret_fail, enum conn_fail *ret_conn_fail,
		struct err *e)
{
	const struct wwwauth w = x->challenge; /* x is used again */
	int r;

	*ret_fail = AUTH_F_DENIED;
	if (a->kind == REMOTE_TOKEN)
		return auth_denied(a, registry->host, 401, e);
	switch (w.scheme) {
	case WWWAUTH_BEARER:
		r = token_url(a, &w, registry, e);
		if (r < 0)
			return r;
		r = ask_token_server(a, &w, cs, x, zone, ret_fail, ret_conn_fail, e);
		if (r == -EACCES && *ret_fail == AUTH_F_DENIED && a->mount_scope[0]) {
			a->mount_scope[0] = '\0'; /* it may deny all for this part */
			*e = (struct err){0};
			r = token_url(a, &w, registry, e);
			if (r == 0)
				r = ask_token_server(a, &w, cs, x, zone, ret_fail, ret_conn_fail,
						     e);
		}
		return r;
	case WWWAUTH_BASIC:
		if (a->kind != REMOTE_PASSWORD)
			return auth_denied(a, registry->host, 401, e);
		str_copy(a->header, sizeof(a->header), a->basic);
		a->until_ms = 0;
		return 0;
	case WWWAUTH_OTHER:
		break;
	}
	return err_text(e, -EACCES, "%s asks for a way to log in that is neither Basic nor Bearer",
			registry->host);
}
