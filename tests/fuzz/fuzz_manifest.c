/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define TEXT_CAP (512 * 1024)

static _Alignas(16) char memory[1024 * 1024];
static char first[TEXT_CAP], second[TEXT_CAP];

static int parse(struct span text, struct manifest *m, struct err *e)
{
	struct arena a;

	arena_init(&a, memory, sizeof(memory));
	*e = (struct err){0};
	return manifest_parse(text, "m.yaml", &a, m, e);
}

static size_t print(char *into, const struct manifest *m)
{
	struct buf b;

	buf_init(&b, into, TEXT_CAP);
	manifest_print(&b, m);
	return buf_ok(&b) ? b.len : 0;
}

/* A refusal names the file; what is accepted is the same after printing and parsing again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct manifest m;
	struct err e;
	size_t n;

	if (parse((struct span){(const char *)data, len}, &m, &e) < 0) {
		if (!e.code || strncmp(e.msg, "m.yaml:", 7) != 0)
			abort();
		return 0;
	}
	n = print(first, &m);
	if (!n)
		return 0;
	if (parse((struct span){first, n}, &m, &e) < 0 || print(second, &m) != n ||
	    memcmp(first, second, n) != 0)
		abort();
	return 0;
}
