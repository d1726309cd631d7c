/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define URL_HOST_CAP   256
#define URL_TARGET_CAP (CONFIG_URL_BYTES + 1)
#define URL_ORIGIN_CAP (URL_HOST_CAP + 20)

/** struct url - an http or https URL, ready for a request; the fragment is dropped */
struct url {
	bool https;
	bool ipv6;		     /* the host stood in brackets; it is kept without them */
	uint16_t port;		     /* the scheme's default if none was given */
	char host[URL_HOST_CAP];     /* lower-case */
	char target[URL_TARGET_CAP]; /* path and query, starts with '/' */
};

/**
 * url_parse() - absolute URL
 * @e: names the part that is wrong; never quotes the query, which may hold a signature
 *
 * Only http and https; user:password@ is refused, as are spaces, control and non-ASCII characters.
 *
 * Return: 0; -EINVAL; -EMSGSIZE longer than CONFIG_URL_BYTES. Spec: RFC 3986, 3.
 */
int url_parse(struct span text, struct url *ret_url, struct err *e);

/** url_resolve() - what @text, absolute or relative, means on the page @base. Spec: RFC 3986, 5.2 */
int url_resolve(const struct url *base, struct span text, struct url *ret_url, struct err *e);

/** url_same_origin() - same scheme, host and port: what credentials may be sent to */
bool url_same_origin(const struct url *a, const struct url *b);

/** url_authority() - value of the Host header: the port only if it is not the default. Return: @dst */
char *url_authority(char dst[static URL_ORIGIN_CAP], const struct url *url);

/** url_origin() - "https://host:port", for people. Return: @dst */
char *url_origin(char dst[static URL_ORIGIN_CAP], const struct url *url);
