/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of its own, because PID 1 parses nothing: turns words of the kernel's command line into
 * numbers and sets the machine's one static address.
 */
#include "host/host.h"

#include <errno.h>
#include <stdio.h>

#include "base/num.h"
#include "net/net.h"

static int parse_address(const char *text, uint32_t *ret_ip, uint8_t *ret_prefix)
{
	struct span ip, prefix;
	uint32_t bits = 0;
	char dotted[16];
	bool slash;

	ip = span_cut(span_of(text), '/', &prefix, &slash);
	if (!slash || str_copy_n(dotted, sizeof(dotted), ip.p, ip.len) < 0 ||
	    net_parse_ip4(dotted, ret_ip) < 0 || num_u32(prefix, 32, &bits) < 0)
		return -EINVAL;
	*ret_prefix = (uint8_t)bits;
	return 0;
}

int host_main(int argc, char **argv)
{
	uint32_t ip = 0, gateway = 0;
	struct err e = {0};
	uint8_t prefix = 0;

	if (argc != 3)
		return 2;
	if (*argv[1] && parse_address(argv[1], &ip, &prefix) < 0) {
		fprintf(stderr,
			"cleat: cleat_ip=%s: expected an address with prefix, like 10.0.2.15/24\n",
			argv[1]);
		return 1;
	}
	if (*argv[2] && net_parse_ip4(argv[2], &gateway) < 0) {
		fprintf(stderr, "cleat: cleat_gw=%s: expected an address, like 10.0.2.2\n",
			argv[2]);
		return 1;
	}
	if (net_host_address(argv[0], ip, prefix, gateway, &e) < 0) {
		fprintf(stderr, "cleat: %s\n", e.msg);
		return 1;
	}
	return 0;
}
