/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/str.h"
#include "net/net.h"

#define DEFAULT_RUN_PATH "/run/cleat"

/* FNV-1a: names must be the same after a restart and differ between engines; nobody gains by a collision */
static uint32_t hash(uint32_t h, const char *s)
{
	do {
		h = (h ^ (uint8_t)*s) * 16777619u; /* the NUL too: "a","bc" is not "ab","c" */
	} while (*s++);
	return h;
}

void net_bridge_name(char dst[static NET_NAME_MAX], const char *run_path, const char *network)
{
	snprintf(dst, NET_NAME_MAX, "cleat-%08x", hash(hash(2166136261u, run_path), network));
}

void net_table_name(char dst[static 32], const char *run_path)
{
	if (str_eq(run_path, DEFAULT_RUN_PATH))
		snprintf(dst, 32, "cleat");
	else
		snprintf(dst, 32, "cleat-%08x", hash(2166136261u, run_path));
}

void net_mac(uint8_t dst[static 6], uint32_t ip)
{
	dst[0] = 0x02;
	dst[1] = 0x42;
	dst[2] = (uint8_t)(ip >> 24);
	dst[3] = (uint8_t)(ip >> 16);
	dst[4] = (uint8_t)(ip >> 8);
	dst[5] = (uint8_t)ip;
}
