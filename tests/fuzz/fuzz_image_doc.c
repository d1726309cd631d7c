/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is accepted holds together: counts within limits, something chosen is something listed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static _Alignas(16) char memory[256 * 1024];
	struct image_platform host = image_host_platform();
	struct image_doc doc;
	struct err e = {0};
	struct arena a;
	int at;

	arena_init(&a, memory, sizeof(memory));
	if (image_parse_doc((struct span){(const char *)data, len}, NULL, &a, &doc, &e) < 0) {
		if (!e.code || !e.msg[0])
			abort();
		return 0;
	}
	if (doc.n_layers > IMAGE_MAX_LAYERS || doc.n_manifests > IMAGE_MAX_MANIFESTS)
		abort();
	at = image_choose(&doc, &host, &e);
	if (at >= 0 && ((size_t)at >= doc.n_manifests || doc.manifests[at].attestation))
		abort();
	return 0;
}
