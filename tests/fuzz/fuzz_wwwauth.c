/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wwwauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span rest = {(const char *)data, len};
	struct wwwauth w;
	struct err e = {0};
	size_t before;

	do {
		before = rest.len;
		if (wwwauth_next(&rest, &w, &e) <= 0)
			return 0;
		if (strlen(w.realm) >= sizeof(w.realm) || strpbrk(w.realm, "\r\n"))
			abort();
	} while (rest.len < before);
	abort(); /* a challenge that takes nothing would never end */
}
