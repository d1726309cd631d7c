/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "sys/inet.h"
#include "wire/url.h"

/*
 * Which addresses a registry may send us to. Token servers and redirects come from the network: a
 * public registry must not make a device talk to its own services or to its neighbours.
 */

/* X(symbol, name) */
#define DIAL_ZONES(X)                                                                              \
	X(UNKNOWN, "unknown")                                                                      \
	X(PUBLIC, "public")                                                                        \
	X(PRIVATE, "private")                                                                      \
	X(LINK_LOCAL, "link-local")                                                                \
	X(LOOPBACK, "loopback")                                                                    \
	X(RESERVED, "reserved")

enum dial_zone {
#define X(symbol, name) DIAL_##symbol,
	DIAL_ZONES(X)
#undef X
};

const char *dial_zone_name(enum dial_zone zone);

/** dial_zone() - of one address; IPv4 inside IPv6 (mapped, NAT64, 6to4) counts as what is inside */
enum dial_zone dial_zone(const struct sys_addr *a);

/**
 * dial_allowed() - may a registry at @from send us to @to?
 *
 * Everybody may send us to public addresses and to their own zone; a registry on this device
 * (loopback) also to private ones. DIAL_UNKNOWN is the registry itself: anything but reserved.
 */
bool dial_allowed(enum dial_zone from, enum dial_zone to);

/**
 * dial_named() - which zone is a host in that a proxy will resolve?
 *
 * An address is what it is. A name counts as public, as far as its form lets it: what it resolves to is decided
 * by the proxy, which is the network's own guard. Names that mean something else in each network are private.
 */
enum dial_zone dial_named(const char *host);

/** dial_refused() - explain why a registry at @from may not send us to @host. Return: -EACCES */
int dial_refused(const char *host, const char *address, enum dial_zone from, enum dial_zone to,
		 struct err *e);

/**
 * dial() - connect to @host, all addresses in turn
 * @from:     zone of the registry that sent us there, DIAL_UNKNOWN for itself
 * @ret_zone: of the address that answered
 *
 * The address that is judged is the one that is connected to: a name server cannot change it between.
 *
 * Return: fd; -ENOENT no such host; -EACCES not allowed; -ECONNREFUSED, -ETIMEDOUT ... of the last address.
 */
int dial(const char *host, uint16_t port, enum dial_zone from, enum dial_zone *ret_zone,
	 struct err *e);
