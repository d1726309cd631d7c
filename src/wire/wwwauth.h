/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#define WWWAUTH_REALM_CAP  512
#define WWWAUTH_PARAM_CAP  512
#define WWWAUTH_MAX_PARAMS 16 /* of one challenge; Bearer has four that anybody uses */

enum wwwauth_scheme { WWWAUTH_OTHER, WWWAUTH_BASIC, WWWAUTH_BEARER };

/** struct wwwauth - one challenge; a parameter that was not there is "" */
struct wwwauth {
	enum wwwauth_scheme scheme;
	char realm[WWWAUTH_REALM_CAP];
	char service[WWWAUTH_PARAM_CAP];
	char scope[WWWAUTH_PARAM_CAP];
};

/**
 * wwwauth_next() - take the next challenge from a WWW-Authenticate value
 * @rest: what is left of the value; advanced
 *
 * Several challenges may stand in one value. Parameters of no interest are checked and skipped.
 *
 * Return: 1; 0 at the end; -EBADMSG malformed, or a parameter twice; -EMSGSIZE longer than its slot.
 * Spec: RFC 9110, 11.6.1; RFC 6750, 3; distribution "token authentication".
 */
int wwwauth_next(struct span *rest, struct wwwauth *ret_challenge, struct err *e);
