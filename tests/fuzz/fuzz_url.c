/* SPDX-License-Identifier: Apache-2.0 */
/* "base\nreference": what was accepted has one form, and no way to leave the request line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct url *u)
{
	static char text[URL_ORIGIN_CAP + URL_TARGET_CAP];
	char origin[URL_ORIGIN_CAP];
	static struct url again;
	struct err e = {0};

	if (u->target[0] != '/' || !u->host[0] || !u->port || strpbrk(u->target, " \r\n#"))
		abort();
	str_printf(text, sizeof(text), "%s%s", url_origin(origin, u), u->target);
	if (url_parse(span_of(text), &again, &e) < 0 || !url_same_origin(u, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct url base, u;
	struct span rest, first;
	struct err e = {0};
	bool found;

	first = span_cut((struct span){(const char *)data, len}, '\n', &rest, &found);
	if (url_parse(first, &base, &e) < 0)
		return 0;
	check(&base);
	if (url_resolve(&base, rest, &u, &e) == 0)
		check(&u);
	return 0;
}
