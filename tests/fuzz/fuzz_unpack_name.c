/* SPDX-License-Identifier: Apache-2.0 */
/* A name that is accepted is a relative path without ".", ".." or empty components, within all limits. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unpack/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "fuzz_unpack_name: %s\n", what);
	abort();
}

static void check(const struct unpack_name *n)
{
	const char *p = n->text;
	unsigned int depth = 0;

	must(strlen(n->text) == n->len && n->len < UNPACK_PATH_CAP, "length");
	must(n->base <= n->len && (n->base == 0 || n->text[n->base - 1] == '/'), "base");
	while (n->len && *p) {
		size_t part = strcspn(p, "/");

		must(part > 0 && part <= UNPACK_COMPONENT_MAX, "component");
		must(!(part == 1 && p[0] == '.') && !(part == 2 && p[0] == '.' && p[1] == '.'),
		     "dots");
		must(++depth <= UNPACK_MAX_DEPTH, "depth");
		p += part;
		must(*p == '\0' || p[1] != '\0', "slash at the end");
		p += *p == '/';
	}
	must(!strchr(n->text + n->base, '/'), "last component");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct unpack_name name, again;
	char quoted[UNPACK_QUOTE_CAP];
	char *text = malloc(len + 1);

	must(text != NULL, "memory");
	memcpy(text, data, len);
	text[len] = '\0';
	if (unpack_name_parse(text, &name, NULL) == 0) {
		check(&name);
		/* once more gives the same, if it is a plain one */
		if (name.kind == UNPACK_NAME_PLAIN && name.len) {
			must(unpack_name_parse(name.text, &again, NULL) == 0, "accepted once");
			must(again.kind == UNPACK_NAME_PLAIN && !strcmp(again.text, name.text),
			     "stable");
		}
	}
	for (const char *p = unpack_quote(quoted, text); *p; p++)
		must(*p >= ' ' && *p <= '~', "printable");
	must(strlen(quoted) < UNPACK_QUOTE_CAP, "quoted length");
	free(text);
	return 0;
}
