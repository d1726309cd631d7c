/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "unpack/limits.h"

/*
 * Names in a layer: checked, normalised, sorted into plain names and whiteouts. Pure.
 * Spec: OCI image-spec v1.1 "Image Layer Filesystem Changeset", "Whiteouts".
 */

enum unpack_name_kind {
	UNPACK_NAME_PLAIN,
	UNPACK_NAME_WHITEOUT, /* .wh.x: x of the layers below is gone */
	UNPACK_NAME_OPAQUE,   /* .wh..wh..opq: all of the layers below in this directory is gone */
	UNPACK_NAME_IGNORED,  /* .wh..wh.*: bookkeeping of aufs */
};

struct unpack_name {
	char text[UNPACK_PATH_CAP]; /* "usr/lib/x": relative, no ".", "..", "//" or final "/"; "" is
				       the root */
	size_t len;
	size_t base; /* where the last component begins; len of the directory is base ? base - 1 : 0
		      */
	enum unpack_name_kind kind;
};

/**
 * unpack_name_parse() - one entry's name, or the target of a hard link
 *
 * A leading "/" is dropped, as tar does. For a whiteout the last component of the result is the
 *name that it hides, for an opaque mark it is the mark itself.
 *
 * Return: 0; -EBADMSG empty, a ".." component, a whiteout of nothing or as a directory;
 *	   -ENAMETOOLONG; -ELOOP deeper than UNPACK_MAX_DEPTH. @e says what is wrong, not with which
 *name.
 */
int unpack_name_parse(const char *name, struct unpack_name *ret_name, struct err *e);

#define UNPACK_QUOTE_CAP 128

/** unpack_quote() - a name for a message: control characters and bytes outside ASCII as '?', the
 * middle of a long one left out. Return: @dst */
char *unpack_quote(char dst[static UNPACK_QUOTE_CAP], const char *name);
