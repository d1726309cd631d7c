/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "registry/said.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static _Alignas(16) char pool[16 * 1024];
	char said[SAID_CAP];

	said_parse((struct span){(const char *)data, len}, pool, sizeof(pool), said);
	for (size_t i = 0;; i++) {
		if (i == sizeof(said))
			abort();
		if (!said[i])
			return 0;
		if (said[i] < ' ' || said[i] > '~')
			abort();
	}
}
