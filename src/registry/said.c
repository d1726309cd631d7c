/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/said.h"

#include "base/buf.h"

#include "doc/json.h"

static void add(struct buf *b, const struct json *error, const char *key, const char *between)
{
	struct json v = json_get(error, key);
	const char *text = json_is_string(&v) ? json_str(&v) : "";

	if (*text && b->len)
		buf_puts(b, between);
	for (; *text && b->len + 1 < b->cap; text++)
		buf_putc(b, *text < ' ' || *text > '~' ? '?' : *text);
}

void said_parse(struct span json, void *pool, size_t pool_bytes, char dst[static SAID_CAP])
{
	char mem[2048];
	struct json_iter it = {0};
	struct json root, errors, first;
	struct json_doc doc;
	struct arena arena;
	struct err e = {0};
	struct buf b;

	buf_init(&b, dst, SAID_CAP);
	arena_init(&arena, mem, sizeof(mem));
	if (json_parse(&doc, "answer", json, pool, pool_bytes, "CONFIG_FETCH_TOKEN_BYTES", &arena,
		       &e) < 0)
		return;
	root = json_root(&doc);
	if (!json_is_object(&root))
		return;
	errors = json_get(&root, "errors");
	if (!json_is_array(&errors) || !json_next(&errors, &it, &first) || !json_is_object(&first))
		return;
	add(&b, &first, "code", "");
	add(&b, &first, "message", ": ");
	if (json_done(&doc) < 0)
		dst[0] = '\0';
}
