/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/str.h"

/*
 * What this device has been told about registries: registries.yaml (how to reach them) and auth.json (who we
 * are to them). Each is read for one registry, so that what concerns another never leaves the parse role.
 */

#define REMOTE_MAX_MIRRORS 4 /* of one registry */
#define REMOTE_MIRROR_CAP  256

/** struct remote_settings - registries.yaml, as far as it concerns one registry */
struct remote_settings {
	bool has_proxy;			/* "proxy:" is there: the environment does not count */
	char *https_proxy, *http_proxy; /* as proxy_parse() reads them; NULL = none */
	char *no_proxy;			/* as proxy_bypassed() reads it; NULL = none */
	char *mirrors; /* host[:port][/path], blanks between them, in order; NULL = none */
	char *rate;    /* bytes a second, decimal; NULL = no bound */
};

/**
 * remote_parse_settings() - read registries.yaml
 * @file: name for messages
 * @host: the registry, as references name it
 *
 * The whole file is checked, whatever it is asked for. Every refusal starts with "file:line:column: ".
 *
 * Return: 0; -EINVAL; -EFBIG.
 */
int remote_parse_settings(struct span text, const char *file, const char *host, struct arena *a,
			  struct remote_settings *ret_settings, struct err *e);

void remote_settings_encode(struct enc *e, const struct remote_settings *s);
void remote_settings_decode(struct dec *d, struct remote_settings *ret); /* then dec_done() */

enum remote_kind {
	REMOTE_ANONYMOUS,
	REMOTE_PASSWORD, /* user, secret */
	REMOTE_IDENTITY, /* secret: a refresh token for the token server ("identitytoken") */
	REMOTE_TOKEN,	 /* secret: a Bearer token for the registry itself ("registrytoken") */
	REMOTE_HELPER,	 /* ask the program docker-credential-<helper> about @server */
	REMOTE_KIND_COUNT
};

/** struct remote_login - who we are to one registry */
struct remote_login {
	enum remote_kind kind;
	char *user, *secret; /* NULL where the kind has none */
	char *helper, *server;
};

/**
 * remote_parse_login() - find a registry in auth.json (Docker's config.json, containers' auth.json)
 * @host: the registry, as references name it
 * @repository: for entries of containers' auth.json that are for a part of a registry; "" = the registry itself
 *
 * An entry counts only if it is for exactly this registry, or for the longest part of it that holds the
 * repository. As in Docker a helper (credHelpers, then credsStore) goes before "auths". Nothing found is
 * REMOTE_ANONYMOUS.
 *
 * Return: 0; -EBADMSG malformed; -EINVAL a helper's name that is no file name; -EFBIG.
 * Spec: docker "config.json"; containers-auth.json(5).
 */
int remote_parse_login(struct span text, const char *file, const char *host, const char *repository,
		       struct arena *a, struct remote_login *ret_login, struct err *e);

/** remote_parse_answer() - what a helper's "get" has printed. Spec: docker-credential-helpers, "Development" */
int remote_parse_answer(struct span text, const char *name, struct arena *a,
			struct remote_login *ret_login, struct err *e);

/**
 * remote_edit_login() - auth.json with another entry for a registry
 * @text: as it is; "" = a new file
 * @auth: base64 of user:password; NULL: take the entry away
 * @ret_text: in @a; everything else of @text is kept byte by byte
 *
 * Return: 1; 0 there is no entry to take away; -EBADMSG; -EFBIG.
 */
int remote_edit_login(struct span text, const char *file, const char *host, const char *auth,
		      struct arena *a, struct span *ret_text, struct err *e);

void remote_login_encode(struct enc *e, const struct remote_login *l);
void remote_login_decode(struct dec *d, struct remote_login *ret); /* then dec_done() */

/** remote_server() - what Docker calls a registry in config.json and to helpers */
const char *remote_server(const char *host);
