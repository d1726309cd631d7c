/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image.h"

static void descriptor(struct buf *b, const struct image_descriptor *d)
{
	char text[DIGEST_TEXT_CAP];

	buf_puts(b, "{\"mediaType\":");
	buf_json(b, d->media_type);
	buf_printf(b, ",\"digest\":\"%s\",\"size\":%llu}", digest_text(text, &d->digest),
		   (unsigned long long)d->size);
}

void image_write_manifest(struct buf *b, const struct image_descriptor *config,
			  const struct image_descriptor *layers, size_t n_layers)
{
	buf_puts(b, "{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_MANIFEST "\",\"config\":");
	descriptor(b, config);
	buf_puts(b, ",\"layers\":[");
	for (size_t i = 0; i < n_layers; i++) {
		buf_puts(b, i ? "," : "");
		descriptor(b, &layers[i]);
	}
	buf_puts(b, "]}");
}
