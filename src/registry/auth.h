/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/arena.h"
#include "registry/exchange.h"
#include "remote/remote.h"

#define AUTH_USER_CAP	256
#define AUTH_SECRET_CAP (CONFIG_FETCH_TOKEN_BYTES + 1)
#define AUTH_SCOPE_CAP	320 /* "repository:" name ":pull,push" */

/** struct auth - what we may say to one registry, and only to it */
struct auth {
	enum remote_kind kind;
	char user[AUTH_USER_CAP]; /* PASSWORD */
	char secret[AUTH_SECRET_CAP];
	char scope[AUTH_SCOPE_CAP]; /* "" = the registry itself */
	/* to pull from another repository, whose blobs are mounted; "" = none, or no token server gives both */
	char mount_scope[AUTH_SCOPE_CAP];
	char header[EXCHANGE_AUTH_CAP]; /* Authorization for the registry; "" = none yet */
	int64_t until_ms;		/* header is good until then, monotonic; 0 = always */
	/* scratch */
	struct url token_url;
	char basic[EXCHANGE_AUTH_CAP];
	size_t body_len;
	char body[2 * CONFIG_FETCH_TOKEN_BYTES];
	_Alignas(16) char pool[4 * 2 * CONFIG_FETCH_TOKEN_BYTES + 4096];
	_Alignas(16) char arena_mem[2 * CONFIG_FETCH_TOKEN_BYTES];
};

/**
 * auth_init() - @push: not only to pull; @mount: another repository, to pull from, NULL = none
 *
 * Return: 0; -EINVAL user or secret too long, or a colon in the user
 */
int auth_init(struct auth *a, enum remote_kind kind, const char *user, const char *secret,
	      const char *repository, bool push, const char *mount, struct err *e);

/** auth_header() - for a request to the registry; a token whose time is over is forgotten. Return: NULL = none */
const char *auth_header(struct auth *a);

/** auth_denied() - explain that @who does not let us in. Return: -EACCES */
int auth_denied(const struct auth *a, const char *who, unsigned int status, struct err *e);

/** auth_read() - a short answer into a->body. Return: 0; -EMSGSIZE; -errno, then the connection is closed */
int auth_read(struct auth *a, struct exchange *x, struct err *e);

/** enum auth_fail - what kind of trouble */
enum auth_fail { AUTH_F_DENIED, AUTH_F_CONN, AUTH_F_HTTP };

/**
 * auth_answer() - make a->header from a challenge of the registry; Bearer asks its token server
 * @x: the exchange that brought the challenge, finished; reused for the token server
 * @registry: who challenged
 * @zone: where it is
 * @ret_conn_fail: with AUTH_F_CONN
 *
 * A token server must speak https unless the registry itself is plain http by configuration. It is told the password
 * (by GET), or the identity token (by POST, OAuth2 "refresh_token").
 *
 * Return: 0; -EACCES denied; -errno. Spec: distribution "Token Authentication
 * Specification", "OAuth2 Token Authentication".
 */
int auth_answer(struct auth *a, struct conns *cs, struct exchange *x, const struct url *registry,
		enum dial_zone zone, enum auth_fail *ret_fail, enum conn_fail *ret_conn_fail,
		struct err *e);
