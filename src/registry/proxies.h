/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/dial.h"
#include "wire/proxy.h"

/** struct proxies - which proxy is asked for which URL */
struct proxies {
	struct proxy https, http;
	char no_proxy[4096];
};

/** proxies_init() - texts as proxy_parse() and proxy_bypassed() read them, NULL = none. Return: 0; -EINVAL; -ENOTSUP */
int proxies_init(struct proxies *p, const char *https, const char *http, const char *no_proxy,
		 struct err *e);

/** proxies_for() - Return: NULL: ask directly */
const struct proxy *proxies_for(const struct proxies *p, const struct url *url);

struct conn;
struct http_parser;

/**
 * proxies_dial() - connect to a proxy on the way to @url
 * @from, @ret_zone: as dial(), about the host of @url
 */
int proxies_dial(const struct proxy *p, const struct url *url, enum dial_zone from,
		 enum dial_zone *ret_zone, struct err *e);

/**
 * proxies_tunnel() - ask it for a connection to the host of @url; what follows is said to that host
 * @c: plain, just connected
 *
 * Return: 0; -EACCES it wants a password, or refuses; -errno. Spec: RFC 9110, 9.3.6.
 */
int proxies_tunnel(const struct proxy *p, struct conn *c, struct http_parser *scratch,
		   const struct url *url, struct err *e);
