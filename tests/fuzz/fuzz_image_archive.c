/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* manifest.json of a docker-archive, with and without a name: what is accepted is one image within limits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static _Alignas(16) char memory[256 * 1024];
	const char *const picks[] = {NULL, "app:1"};

	for (size_t i = 0; i < 2; i++) {
		struct image_doc doc;
		struct err e = {0};
		struct arena a;

		arena_init(&a, memory, sizeof(memory));
		if (image_parse_archive((struct span){(const char *)data, len}, picks[i], &a, &doc,
					&e) < 0) {
			if (!e.code || !e.msg[0])
				abort();
			continue;
		}
		if (doc.kind != IMAGE_DOC_MANIFEST || doc.n_layers > IMAGE_MAX_LAYERS ||
		    !doc.config.media_type)
			abort();
	}
	return 0;
}
