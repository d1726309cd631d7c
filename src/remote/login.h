/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "doc/json.h"
#include "remote/remote.h"

/* What login.c and login_edit.c share. */

/* how well a key of "auths" fits, the longer part of a registry the better */
enum { LOGIN_RANK_OLD = 1, LOGIN_RANK_NAME, LOGIN_RANK_EXACT };

/** login_key_rank() - Return: 0 the key is for something else; LOGIN_RANK_*, above for a part of the registry */
size_t login_key_rank(const char *key, const char *host, const char *repository);

int login_open(struct json_doc *doc, struct span text, const char *file, struct arena *a,
	       struct err *e);
