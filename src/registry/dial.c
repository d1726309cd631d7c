/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/str.h"

#define MAX_ADDRS 8 /* of one host that are tried */

static const char *const zone_names[] = {
#define X(symbol, name) [DIAL_##symbol] = name,
	DIAL_ZONES(X)
#undef X
};

const char *dial_zone_name(enum dial_zone zone)
{
	return zone_names[zone];
}

static enum dial_zone zone_of_ipv4(const uint8_t ip[4])
{
	if (ip[0] == 127)
		return DIAL_LOOPBACK;
	if (ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
	    (ip[0] == 192 && ip[1] == 168) || (ip[0] == 100 && (ip[1] & 0xc0) == 64))
		return DIAL_PRIVATE;
	if (ip[0] == 169 && ip[1] == 254)
		return DIAL_LINK_LOCAL;
	/* "this host": Linux connects to itself */
	if (ip[0] == 0)
		return DIAL_LOOPBACK;
	return ip[0] >= 224 ? DIAL_RESERVED : DIAL_PUBLIC;
}

static enum dial_zone zone_of_ipv6(const uint8_t ip[16])
{
	static const uint8_t zero[16];
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(ip, mapped, 12) == 0 || memcmp(ip, nat64, 12) == 0)
		return zone_of_ipv4(ip + 12);
	if (ip[0] == 0x20 && ip[1] == 0x02)
		return zone_of_ipv4(ip + 2);
	if (memcmp(ip, zero, 15) == 0 && ip[15] <= 1)
		return DIAL_LOOPBACK;
	if (memcmp(ip, zero, 12) == 0)
		return zone_of_ipv4(ip + 12);
	if ((ip[0] & 0xfe) == 0xfc || (ip[0] == 0xfe && (ip[1] & 0xc0) == 0xc0))
		return DIAL_PRIVATE;
	if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
		return DIAL_LINK_LOCAL;
	return ip[0] == 0xff ? DIAL_RESERVED : DIAL_PUBLIC;
}

enum dial_zone dial_zone(const struct sys_addr *a)
{
	return a->family == AF_INET ? zone_of_ipv4(a->ip) : zone_of_ipv6(a->ip);
}

bool dial_allowed(enum dial_zone from, enum dial_zone to)
{
	if (to == DIAL_RESERVED || to == DIAL_UNKNOWN)
		return false;
	if (from == DIAL_UNKNOWN || to == DIAL_PUBLIC || from == to)
		return true;
	return from == DIAL_LOOPBACK && to == DIAL_PRIVATE;
}

/* names of each network's own: RFC 6761, RFC 6762, RFC 8375, "internal" as ICANN has set it aside */
static bool is_local_name(struct span host)
{
	static const char *const tops[] = {"localhost", "local", "internal", "lan", "home", "corp"};
	struct span top = host;
	bool found = true;

	while (found) {
		struct span rest, label = span_cut(top, '.', &rest, &found);

		if (!found || !rest.len) {
			top = label;
			break;
		}
		top = rest;
	}
	if (top.len == host.len)
		return true;
	/* what some resolvers read as an address in an odd spelling: no top-level domain has a digit in front */
	if (top.p[0] >= '0' && top.p[0] <= '9')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(tops); i++)
		if (span_eq_nocase(top, tops[i]))
			return true;
	return false;
}

enum dial_zone dial_named(const char *host)
{
	struct sys_addr a = {0};

	if (inet_pton(AF_INET, host, a.ip) == 1)
		return zone_of_ipv4(a.ip);
	if (inet_pton(AF_INET6, host, a.ip) == 1)
		return zone_of_ipv6(a.ip);
	return is_local_name(span_of(host)) ? DIAL_PRIVATE : DIAL_PUBLIC;
}

int dial_refused(const char *host, const char *address, enum dial_zone from, enum dial_zone to,
		 struct err *e)
{
	return err_text(
		e, -EACCES,
		"the registry sends us to %s at the %s address %s: refused, as a registry at a %s "
		"address has no business there",
		host, dial_zone_name(to), address, dial_zone_name(from));
}

static int no_address(int r, const char *host, struct err *e)
{
	if (r == -ENOENT)
		return err_text(e, r, "no such host: %s (check its spelling and the name server)",
				host);
	if (r == -EAGAIN)
		return err_text(e, r,
				"cannot resolve %s: no name server answers (check the network and "
				"resolv.conf)",
				host);
	return err_set(e, r, "resolve %s", host);
}

int dial(const char *host, uint16_t port, enum dial_zone from, enum dial_zone *ret_zone,
	 struct err *e)
{
	struct sys_addr addrs[MAX_ADDRS];
	char text[SYS_ADDR_TEXT_CAP];
	int n, fd, last = -EHOSTUNREACH;

	n = sys_resolve(host, port, addrs, MAX_ADDRS);
	if (n < 0)
		return no_address(n, host, e);
	for (int i = 0; i < n; i++) {
		enum dial_zone zone = dial_zone(&addrs[i]);

		sys_addr_text(text, &addrs[i]);
		if (!dial_allowed(from, zone)) {
			last = dial_refused(host, text, from, zone, e);
			continue;
		}
		fd = sys_tcp_connect(&addrs[i], CONFIG_FETCH_CONNECT_S * 1000);
		if (fd >= 0) {
			*ret_zone = zone;
			return fd;
		}
		last = fd;
		err_text(e, last, "cannot connect to %s (%s): %s: %s", host, text, err_name(last),
			 last == -ECONNREFUSED ? "is the registry running, and the port right?"
					       : "check the network and the registry's firewall");
	}
	return last;
}
