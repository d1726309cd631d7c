/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parse/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The input is user text, passwd and group, each ended by '|'. */
static struct span part(const char **p, size_t *left)
{
	const char *end = memchr(*p, '|', *left);
	struct span s = {*p, end ? (size_t)(end - *p) : *left};

	*left -= s.len + (end ? 1 : 0);
	*p += s.len + (end ? 1 : 0);
	return s;
}

/* Root comes out only if "0", "" or a line with uid 0 went in. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = (const char *)data;
	struct span user = part(&p, &len), passwd = part(&p, &len), group = part(&p, &len);
	struct parse_user u;
	struct err e = {0};
	char text[256];

	if (str_copy_n(text, sizeof(text), user.p, user.len) < 0 || strlen(text) != user.len)
		return 0;
	if (parse_user_find(text, passwd, group, &u, &e) < 0) {
		if (!e.code || !e.msg[0])
			abort();
		return 0;
	}
	if (u.uid > PARSE_MAX_ID || u.gid > PARSE_MAX_ID || !u.n_groups || u.home[0] != '/')
		abort();
	if (u.uid == 0 && text[0] && text[0] != '0' && !memmem(passwd.p, passwd.len, ":0:", 3))
		abort();
	return 0;
}
