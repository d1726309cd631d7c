/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "manifest/manifest.h"
#include "parse/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static _Alignas(16) char memory[4 * 1024 * 1024];
static uint8_t again[1 << 20];

/* decodes, and encodes what came out */
static void one(uint8_t which, struct dec *d, struct enc *e)
{
	struct manifest m;
	struct manifest_service s;
	struct image_doc doc;
	struct image_config config;
	struct parse_user user;

	switch (which % 5) {
	case 0:
		manifest_decode(d, &m);
		if (dec_done(d) == 0)
			manifest_encode(e, &m);
		break;
	case 1:
		manifest_service_decode(d, &s);
		if (dec_done(d) == 0)
			manifest_service_encode(e, &s);
		break;
	case 2:
		image_doc_decode(d, &doc);
		if (dec_done(d) == 0)
			image_doc_encode(e, &doc);
		break;
	case 3:
		image_config_decode(d, &config);
		if (dec_done(d) == 0)
			image_config_encode(e, &config);
		break;
	default:
		parse_user_decode(d, &user);
		if (dec_done(d) == 0)
			parse_user_encode(e, &user);
	}
}

/* The first byte chooses the model. What decodes has exactly one encoding. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena a;
	struct enc e;
	struct dec d;

	if (len < 1)
		return 0;
	arena_init(&a, memory, sizeof(memory));
	dec_init(&d, data + 1, len - 1, &a);
	enc_init(&e, again, sizeof(again));
	one(data[0], &d, &e);
	if (dec_done(&d) == 0 && (e.len != len - 1 || memcmp(again, data + 1, e.len) != 0))
		abort();
	return 0;
}
