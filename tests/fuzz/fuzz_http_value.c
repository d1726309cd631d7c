/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "wire/http_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span value = {(const char *)data, len};
	struct http_range range;
	struct http_rate rate;
	uint64_t bytes;
	int64_t s;

	if (http_content_range(value, &range) == 0 &&
	    (range.last < range.first || range.total <= range.last))
		abort();
	if (http_date(value, &s) == 0 && (s < -62200000000 || s > 253500000000))
		abort();
	http_rate(value, &rate);
	if (http_upload_range(value, &bytes) == 0 && (bytes == 1 || bytes > (1ULL << 63)))
		abort();
	return 0;
}
