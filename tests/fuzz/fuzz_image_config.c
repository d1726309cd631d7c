/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Every variable that is accepted sets something, every volume is an absolute path. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static _Alignas(16) char memory[256 * 1024];
	struct image_history h;
	struct image_config c;
	struct err e = {0};
	struct arena a;

	arena_init(&a, memory, sizeof(memory));
	if (image_parse_history((struct span){(const char *)data, len}, &a, &h, &e) == 0) {
		for (size_t i = 0; i < h.n; i++)
			if (!h.lines[i])
				abort();
		if (h.n % IMAGE_HISTORY_LINES)
			abort();
	} else if (!e.code || !e.msg[0]) {
		abort();
	}
	e = (struct err){0};
	arena_init(&a, memory, sizeof(memory));
	if (image_parse_config((struct span){(const char *)data, len}, &a, &c, &e) < 0) {
		if (!e.code || !e.msg[0])
			abort();
		return 0;
	}
	for (size_t i = 0; i < c.n_env; i++)
		if (c.env[i][0] == '=' || !strchr(c.env[i], '='))
			abort();
	for (size_t i = 0; i < c.n_volumes; i++)
		if (c.volumes[i][0] != '/' || strstr(c.volumes[i], "/../"))
			abort();
	return 0;
}
