/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command in one text becomes words as Compose makes them (single and double quotes, backslash).
 * Compose drops everything from an unquoted ';' or '|' on without a word; that is refused here.
 */
#include <errno.h>
#include <string.h>

#include "manifest/load.h"

struct splitter {
	const char *p;
	char *out; /* words with their NULs, never longer than the text + 1 */
	char **words;
	size_t n;
	struct err *e;
};

static int one_word(struct splitter *s)
{
	char quote = 0;

	for (; *s->p && (quote || !strchr(" \t\r\n", *s->p)); s->p++) {
		char c = *s->p;

		if (c == '\\' && quote != '\'') {
			if (!*++s->p)
				return err_text(s->e, -EINVAL, "the command ends in a backslash");
			*s->out++ = *s->p;
		} else if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? 0 : c;
		} else if (!quote && strchr(";&|<>", c)) {
			return err_text(s->e, -EINVAL,
					"no shell reads the command, so '%c' does nothing: quote "
					"it, or write [\"sh\", \"-c\", \"...\"]",
					c);
		} else {
			*s->out++ = c;
		}
	}
	if (quote)
		return err_text(s->e, -EINVAL, "the command has a %c that is not closed", quote);
	*s->out++ = '\0';
	return 0;
}

int words_split(const char *text, struct arena *a, char ***ret_words, size_t *ret_n, struct err *e)
{
	struct splitter s = {.p = text, .e = e};

	s.out = arena_alloc(a, strlen(text) + 1);
	s.words = arena_array(a, MANIFEST_MAX_LIST + 1, sizeof(*s.words));
	if (!s.out || !s.words)
		return err_text(e, -ENOMEM, "the command does not fit CONFIG_PARSE_MODEL_KIB");
	for (;;) {
		int r;

		s.p += strspn(s.p, " \t\r\n");
		if (!*s.p)
			break;
		if (s.n == MANIFEST_MAX_LIST)
			return err_text(e, -EFBIG,
					"the command has more than %d words (MANIFEST_MAX_LIST)",
					MANIFEST_MAX_LIST);
		s.words[s.n++] = s.out;
		r = one_word(&s);
		if (r < 0)
			return r;
	}
	*ret_words = s.words;
	*ret_n = s.n;
	return 0;
}
