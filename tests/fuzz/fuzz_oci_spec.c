/* SPDX-License-Identifier: Apache-2.0 */
/* config.json: what is accepted can be written, read again, and written to the same text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oci/spec.h"
#include "runtime/idmap.h"
#include "runtime/mount_opts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static _Alignas(16) char pool[1024 * 1024], memory[256 * 1024], second[256 * 1024];
static char text[1024 * 1024], again[1024 * 1024];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct oci_spec s, back;
	static struct mount_opts o;
	struct oci_idmaps maps;
	struct err e = {0};
	struct arena a, b;
	struct buf x, y;

	arena_init(&a, memory, sizeof(memory));
	if (oci_spec_read((struct span){(const char *)data, len}, pool, sizeof(pool), &a, &s, &e) <
	    0) {
		if (!e.code || !e.msg[0])
			abort();
		return 0;
	}
	for (size_t i = 0; i < s.n_mounts; i++)
		if (mount_opts_parse(&s.mounts[i].options, &o, NULL) == 0 && o.idmap_text)
			(void)idmap_parse(o.idmap_text, &s.idmaps, &maps, NULL);
	buf_init(&x, text, sizeof(text));
	oci_spec_write(&x, &s);
	if (!buf_ok(&x))
		abort();
	arena_init(&b, second, sizeof(second));
	if (oci_spec_read((struct span){x.p, x.len}, pool, sizeof(pool), &b, &back, &e) < 0)
		abort();
	buf_init(&y, again, sizeof(again));
	oci_spec_write(&y, &back);
	if (x.len != y.len || memcmp(x.p, y.p, x.len) != 0)
		abort();
	return 0;
}
