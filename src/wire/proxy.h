/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/url.h"

#define PROXY_LOGIN_CAP 512

/** struct proxy - an HTTP proxy; host "" = none */
struct proxy {
	char host[URL_HOST_CAP];
	uint16_t port;
	char login[PROXY_LOGIN_CAP]; /* "Basic ..." for Proxy-Authorization; "" = none */
};

/**
 * proxy_parse() - as curl and Docker read HTTPS_PROXY: [http://][user[:password]@]host[:port][/]
 * @text: NULL or "" = none
 * @e: never quotes @text, which may hold a password
 *
 * User and password may be percent-encoded. Without a port it is 80.
 *
 * Return: 0; -EINVAL; -ENOTSUP a proxy that is spoken to by TLS or SOCKS.
 */
int proxy_parse(const char *text, struct proxy *ret_proxy, struct err *e);

/**
 * proxy_bypassed() - is @url to be asked directly?
 * @no_proxy: names, addresses and networks, separated by commas; NULL = none
 *
 * As Docker reads NO_PROXY: "example.com" is it and what is below, ".example.com" and "*.example.com" only what is
 * below, "192.0.2.1" and "192.0.2.0/24" are addresses, ":443" behind any of them is a port, "*" is everything.
 * localhost and addresses of this device are always asked directly. An entry that is none of these matches nothing.
 */
bool proxy_bypassed(const char *no_proxy, const struct url *url);
