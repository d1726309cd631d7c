/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "base/num.h"
#include "net/net.h"

int net_parse_ip4(const char *text, uint32_t *ret_ip)
{
	struct span rest = span_of(text);
	uint32_t ip = 0, byte;
	int i;

	for (i = 0; i < 4; i++) {
		bool dot;
		struct span part = span_cut(rest, '.', &rest, &dot);

		if (dot != (i < 3))
			return -EINVAL;
		/* "010" is 8 to some programs and 10 to others */
		if (part.len > 1 && part.p[0] == '0')
			return -EINVAL;
		if (num_u32(part, 255, &byte) < 0)
			return -EINVAL;
		ip = ip << 8 | byte;
	}
	*ret_ip = ip;
	return 0;
}

char *net_format_ip4(char dst[static 16], uint32_t ip)
{
	snprintf(dst, 16, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
	return dst;
}
