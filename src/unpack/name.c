/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack/name.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/str.h"

#define WHITEOUT     ".wh."
#define WHITEOUT_LEN (sizeof(WHITEOUT) - 1)
#define AUFS	     ".wh..wh."
#define OPAQUE	     ".wh..wh..opq"

static bool starts(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.len >= n && memcmp(s.p, prefix, n) == 0;
}

static int append(struct unpack_name *n, struct span part, struct err *e)
{
	if (part.len > UNPACK_COMPONENT_MAX)
		return err_text(e, -ENAMETOOLONG, "a component of the name is longer than %d bytes",
				UNPACK_COMPONENT_MAX);
	if (span_eq(part, ".."))
		return err_text(e, -EBADMSG, "the name has a \"..\" component");
	if (part.len + 1 >= sizeof(n->text) - n->len)
		return err_text(e, -ENAMETOOLONG, "the name is longer than %d bytes",
				UNPACK_PATH_CAP - 1);
	if (n->len > 0)
		n->text[n->len++] = '/';
	n->base = n->len;
	memcpy(n->text + n->len, part.p, part.len);
	n->len += part.len;
	n->text[n->len] = '\0';
	return 0;
}

/* of a component that is not the last one */
static int check_inner(struct unpack_name *n, struct span part, struct err *e)
{
	if (starts(part, AUFS))
		n->kind = UNPACK_NAME_IGNORED;
	else if (starts(part, WHITEOUT))
		return err_text(e, -EBADMSG, "a whiteout (%s*) is used as a directory", WHITEOUT);
	return 0;
}

static int check_last(struct unpack_name *n, struct err *e)
{
	struct span last = {n->text + n->base, n->len - n->base};

	if (n->kind == UNPACK_NAME_IGNORED || !starts(last, WHITEOUT))
		return 0;
	if (span_eq(last, OPAQUE)) {
		n->kind = UNPACK_NAME_OPAQUE;
		return 0;
	}
	if (starts(last, AUFS)) {
		n->kind = UNPACK_NAME_IGNORED;
		return 0;
	}
	last.p += WHITEOUT_LEN;
	last.len -= WHITEOUT_LEN;
	if (last.len == 0 || span_eq(last, ".") || span_eq(last, ".."))
		return err_text(e, -EBADMSG, "a whiteout of \"%.*s\"", (int)last.len, last.p);
	memmove(n->text + n->base, last.p, last.len + 1);
	n->len -= WHITEOUT_LEN;
	n->kind = UNPACK_NAME_WHITEOUT;
	return 0;
}

int unpack_name_parse(const char *name, struct unpack_name *ret_name, struct err *e)
{
	struct unpack_name *n = ret_name;
	struct span rest, part;
	unsigned int depth = 0;
	bool more = true;
	int r;

	n->text[0] = '\0';
	n->len = n->base = 0;
	n->kind = UNPACK_NAME_PLAIN;
	rest = span_of(name);
	if (rest.len == 0)
		return err_text(e, -EBADMSG, "the name is empty");
	while (more) {
		part = span_cut(rest, '/', &rest, &more);
		if (part.len == 0 || span_eq(part, "."))
			continue;
		if (++depth > UNPACK_MAX_DEPTH)
			return err_text(e, -ELOOP, "the name is more than %d directories deep",
					UNPACK_MAX_DEPTH);
		if (n->len > 0) {
			r = check_inner(n, (struct span){n->text + n->base, n->len - n->base}, e);
			if (r < 0)
				return r;
		}
		r = append(n, part, e);
		if (r < 0)
			return r;
	}
	return check_last(n, e);
}

char *unpack_quote(char dst[static UNPACK_QUOTE_CAP], const char *name)
{
	const size_t room = UNPACK_QUOTE_CAP - 1;
	size_t len = strlen(name), head = len;

	if (len > room) {
		head = room / 2 - 3;
		memcpy(dst, name, head);
		memcpy(dst + head, "...", 3);
		memcpy(dst + head + 3, name + len - (room - head - 3), room - head - 3);
		len = room;
	} else {
		memcpy(dst, name, len);
	}
	dst[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if (dst[i] < ' ' || dst[i] > '~')
			dst[i] = '?';
	}
	return dst;
}
