/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "remote/remote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static _Alignas(16) char memory[1024 * 1024], second[1024 * 1024];

static int login(struct span text, const char *host, struct remote_login *ret)
{
	struct arena a;

	arena_init(&a, second, sizeof(second));
	return remote_parse_login(text, "auth.json", host, "", &a, ret, NULL);
}

/* What is put in is found again, and gone after it is taken out; others' entries are none of its business. */
static void edit(struct span text)
{
	struct remote_login l;
	struct span edited;
	struct arena a;

	arena_init(&a, memory, sizeof(memory));
	if (remote_edit_login(text, "auth.json", "r.io", "dTpw", &a, &edited, NULL) < 0)
		return;
	/* an entry elsewhere may be malformed, or a helper goes first */
	if (login(edited, "r.io", &l) == 0 && l.kind != REMOTE_HELPER &&
	    (l.kind != REMOTE_PASSWORD || strcmp(l.user, "u") || strcmp(l.secret, "p")))
		abort();
	if (remote_edit_login(edited, "auth.json", "r.io", NULL, &a, &edited, NULL) != 1)
		abort();
	if (login(edited, "r.io", &l) == 0 && l.kind != REMOTE_HELPER && l.kind != REMOTE_ANONYMOUS)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span text = {(const char *)data, len};
	struct remote_settings s;
	struct remote_login l;
	struct arena a;
	struct err e = {0};

	arena_init(&a, memory, sizeof(memory));
	if (remote_parse_settings(text, "r.yaml", "r.io", &a, &s, &e) < 0 &&
	    strncmp(e.msg, "r.yaml:", 7) != 0)
		abort();
	arena_init(&a, memory, sizeof(memory));
	remote_parse_login(text, "auth.json", "docker.io", "library/x", &a, &l, NULL);
	remote_parse_answer(text, "answer", &a, &l, NULL);
	edit(text);
	return 0;
}
