/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is accepted formats to a text that means the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "wire/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[1024], out[REFERENCE_TEXT_CAP];
	static struct reference ref, again;
	struct err e = {0};

	if (str_copy_n(text, sizeof(text), (const char *)data, len) < 0 || strlen(text) != len)
		return 0;
	if (reference_parse(text, &ref, &e) < 0)
		return 0;
	if (strstr(ref.repo, "..") || !ref.host[0] || !ref.repo[0])
		abort();
	if (reference_parse(reference_format(out, &ref), &again, &e) < 0 ||
	    memcmp(&ref, &again, sizeof(ref)) != 0)
		abort();
	if (reference_parse(reference_short(out, &ref), &again, &e) < 0 ||
	    memcmp(&ref, &again, sizeof(ref)) != 0)
		abort();
	return 0;
}
