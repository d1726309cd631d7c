/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth.json as Docker and the containers tools write it. The invariant: what is sent to a registry was written for
 * exactly this registry. There is no nearest match, no default entry and no falling back to another one when a
 * helper fails (moby CVE-2021-41092).
 */
#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "doc/json.h"
#include "doc/pool.h"
#include "remote/login.h"

#define HUB	   "docker.io"
#define HUB_SERVER "https://index.docker.io/v1/"
#define MAX_AUTHS  JSON_MAX_KEYS

const char *remote_server(const char *host)
{
	return str_eq(host, HUB) ? HUB_SERVER : host;
}

static bool same_host(struct span name, const char *host)
{
	if (span_eq_nocase(name, host))
		return true;
	return str_eq(host, HUB) && (span_eq_nocase(name, "index.docker.io") ||
				     span_eq_nocase(name, "registry-1.docker.io"));
}

/* the ends that Docker has written behind a host over the years, always with a scheme */
static bool is_old_path(struct span path)
{
	static const char *const old[] = {"", "/", "/v1", "/v1/", "/v2", "/v2/"};

	for (size_t i = 0; i < ARRAY_LEN(old); i++)
		if (span_eq(path, old[i]))
			return true;
	return false;
}

size_t login_key_rank(const char *key, const char *host, const char *repository)
{
	struct span s = span_of(key), path, name;
	size_t len = strlen(repository);
	bool scheme = false, found;

	if (str_starts(key, "https://") || str_starts(key, "http://")) {
		scheme = true;
		name = span_cut(s, '/', &s, &found);
		s = (struct span){s.p + 1, s.len - 1};
	}
	name = span_cut(s, '/', &path, &found);
	if (!same_host(name, host))
		return 0;
	if (str_eq(key, remote_server(host)))
		return LOGIN_RANK_EXACT;
	if (scheme) {
		path = (struct span){name.p + name.len, s.len - name.len};
		return is_old_path(path) ? LOGIN_RANK_OLD : 0;
	}
	if (!path.len)
		return LOGIN_RANK_NAME;
	/* a part of the registry: whole components only */
	if (path.len > len || memcmp(path.p, repository, path.len) != 0 ||
	    (repository[path.len] && repository[path.len] != '/'))
		return 0;
	return LOGIN_RANK_EXACT + path.len;
}

/* "user:password" */
static int take_auth(const struct json *v, struct remote_login *l)
{
	const char *text = json_str(v);
	size_t cap = strlen(text) + 1;
	struct base64 b = {.dst = arena_alloc(v->doc->arena, cap), .cap = cap - 1};
	char *colon, *pair = (char *)b.dst;

	if (!pair)
		return json_fail(v, -EFBIG, "does not fit CONFIG_PARSE_MODEL_KIB");
	base64_decode(&b, span_of(text));
	/* Docker has padded passwords with NUL bytes */
	while (b.len && !pair[b.len - 1])
		b.len--;
	pair[b.len] = '\0';
	colon = strchr(pair, ':');
	if (b.bad || strlen(pair) != b.len || !colon)
		return json_fail(v, -EBADMSG, "is not base64 of user:password");
	*colon = '\0';
	l->kind = REMOTE_PASSWORD;
	l->user = pair;
	l->secret = colon + 1;
	return 0;
}

static bool take_text(const struct json *entry, const char *key, enum remote_kind kind,
		      struct remote_login *l)
{
	struct json v = json_get(entry, key);
	char *text = json_str_opt(&v);

	if (!text || !text[0])
		return false;
	l->kind = kind;
	l->secret = text;
	return true;
}

/* an entry without anything in it is how Docker notes that a helper has it */
static void take_entry(const struct json *entry, struct remote_login *l)
{
	struct json auth, user;

	if (take_text(entry, "identitytoken", REMOTE_IDENTITY, l) ||
	    take_text(entry, "registrytoken", REMOTE_TOKEN, l))
		return;
	auth = json_get(entry, "auth");
	if (json_has(&auth) && json_str(&auth)[0]) {
		take_auth(&auth, l);
		return;
	}
	if (!take_text(entry, "password", REMOTE_PASSWORD, l))
		return;
	user = json_get(entry, "username");
	l->user = json_str(&user);
}

/* it becomes part of a program's name */
static void take_helper(const struct json *v, struct remote_login *l, const char *host)
{
	char *name = json_str(v);

	if (!name[0])
		return;
	if (name[0] == '.' || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789._-") != strlen(name)) {
		json_fail(v, -EINVAL,
			  "\"%.40s\" is not the name of a helper: expected NAME of a program "
			  "docker-credential-NAME",
			  name);
		return;
	}
	l->kind = REMOTE_HELPER;
	l->helper = name;
	l->server = arena_strdup(v->doc->arena, remote_server(host));
	if (!l->server)
		json_fail(v, -EFBIG, "does not fit CONFIG_PARSE_MODEL_KIB");
}

/* the best key of an object. Return: its rank, 0 = none */
static size_t find(const struct json *object, const char *host, const char *repository,
		   struct json *ret)
{
	struct json_iter it = {0};
	size_t best = 0;
	struct json v;

	json_object(object, MAX_AUTHS);
	while (json_next(object, &it, &v)) {
		size_t rank = login_key_rank(v.key, host, repository);

		if (rank > best) {
			best = rank;
			*ret = v;
		}
	}
	return best;
}

int login_open(struct json_doc *doc, struct span text, const char *file, struct arena *a,
	       struct err *e)
{
	return json_parse(doc, file, text, doc_pool, sizeof(doc_pool), "CONFIG_PARSE_TREE_KIB", a,
			  e);
}

int remote_parse_login(struct span text, const char *file, const char *host, const char *repository,
		       struct arena *a, struct remote_login *ret_login, struct err *e)
{
	struct remote_login login = {0};
	struct json root, helpers, auths, store, v;
	struct json_doc doc;
	int r = login_open(&doc, text, file, a, e);

	if (r < 0)
		return r;
	root = json_root(&doc);
	helpers = json_get(&root, "credHelpers");
	store = json_get(&root, "credsStore");
	auths = json_get(&root, "auths");
	if (find(&helpers, host, "", &v))
		take_helper(&v, &login, host);
	if (login.kind == REMOTE_ANONYMOUS && json_has(&store))
		take_helper(&store, &login, host);
	if (login.kind == REMOTE_ANONYMOUS && find(&auths, host, repository, &v))
		take_entry(&v, &login);
	r = json_done(&doc);
	if (r == 0)
		*ret_login = login;
	return r;
}

int remote_parse_answer(struct span text, const char *name, struct arena *a,
			struct remote_login *ret_login, struct err *e)
{
	struct remote_login login = {.kind = REMOTE_PASSWORD};
	struct json root, user, secret;
	struct json_doc doc;
	int r = login_open(&doc, text, name, a, e);

	if (r < 0)
		return r;
	root = json_root(&doc);
	user = json_get(&root, "Username");
	secret = json_get(&root, "Secret");
	login.user = json_str(&user);
	login.secret = json_str(&secret);
	r = json_done(&doc);
	if (r < 0)
		return r;
	/* what docker-credential-pass prints for a registry that it does not know */
	if (!login.user[0] && !login.secret[0])
		login = (struct remote_login){0};
	/* the helpers' way to say that the secret is a refresh token */
	if (login.user && str_eq(login.user, "<token>")) {
		login.kind = REMOTE_IDENTITY;
		login.user = NULL;
	}
	*ret_login = login;
	return 0;
}
