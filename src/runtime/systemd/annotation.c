/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations that are properties. Their values are GVariant's text form, of which we read what units have: booleans,
 * numbers, texts and lists of texts. Spec: GVariant Text Format; runc docs/systemd.md.
 */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "runtime/systemd/props.h"

#define PREFIX	"org.systemd.property."
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define CAPITAL "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const struct kind {
	const char *word;
	char type[2];
	uint8_t bytes;
	int64_t min;
	uint64_t max;
} kinds[] = {
	{"uint64", "t", 8, 0, UINT64_MAX},  {"int64", "x", 8, INT64_MIN, INT64_MAX},
	{"uint32", "u", 4, 0, UINT32_MAX},  {"int32", "i", 4, INT32_MIN, INT32_MAX},
	{"", "i", 4, INT32_MIN, INT32_MAX}, /* what a bare number is */
};

static bool put_number(struct buf *b, const char *name, struct span s)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct kind *k = &kinds[i];
		size_t n = strlen(k->word);
		struct span digits = {s.p + n, s.len - n};
		uint64_t v = 0;
		int64_t below = 0;

		if (n && (s.len <= n || memcmp(s.p, k->word, n) != 0 || s.p[n] != ' '))
			continue;
		digits = span_trim(digits);
		if (num_u64(digits, k->max, &v) < 0) {
			if (num_i64(digits, k->min, 0, &below) < 0)
				return false;
			v = (uint64_t)below;
		}
		props_begin(b, name, k->type);
		if (k->bytes == 8)
			dbus_put_u64(b, v);
		else
			dbus_put_u32(b, (uint32_t)v);
		return true;
	}
	return false;
}

/* One text in either kind of quotes, with what follows in @rest. Return: false: it is none */
static bool get_text(struct span *rest, char *to, size_t cap)
{
	char quote = rest->len ? *rest->p : '\0';
	size_t n = 0;

	if (quote != '\'' && quote != '"')
		return false;
	for (size_t i = 1; i < rest->len && n < cap; i++) {
		if (rest->p[i] == quote) {
			to[n] = '\0';
			*rest = span_trim((struct span){rest->p + i + 1, rest->len - i - 1});
			return true;
		}
		if (rest->p[i] == '\\' && (++i == rest->len || !strchr("\\'\"", rest->p[i])))
			return false;
		to[n++] = rest->p[i];
	}
	return false;
}

static bool put_list(struct buf *b, const char *name, struct span s)
{
	char text[1024];
	bool more;
	size_t at;

	props_begin(b, name, "as");
	at = dbus_open(b, 4);
	do {
		s = span_trim((struct span){s.p + 1, s.len - 1});
		if (!get_text(&s, text, sizeof(text)) || !s.len)
			return false;
		dbus_put_str(b, text);
		more = *s.p == ',';
	} while (more);
	dbus_close(b, at, 4);
	return s.len == 1 && *s.p == ']';
}

static bool put_value(struct buf *b, const char *name, struct span s)
{
	char text[1024];
	bool yes = span_eq(s, "true");

	if (yes || span_eq(s, "false")) {
		props_bool(b, name, yes);
		return true;
	}
	if (s.len && *s.p == '[')
		return put_list(b, name, s);
	if (!get_text(&s, text, sizeof(text)))
		return put_number(b, name, s);
	props_str(b, name, text);
	return !s.len;
}

/* "TimeoutStopSec", "5": systemd has it as TimeoutStopUSec, a uint64 of microseconds */
static bool put_seconds(struct buf *b, char *name, size_t len, struct span s)
{
	bool typed;
	struct span number;
	uint64_t ms;

	span_cut(s, ' ', &number, &typed);
	memcpy(name + len - 3, "USec", 5);
	if (num_milli(typed ? span_trim(number) : s, UINT32_MAX, &ms) < 0)
		return false;
	props_u64(b, name, ms * 1000);
	return true;
}

static bool put(struct buf *b, const char *key, const char *value)
{
	struct span s = span_trim(span_of(value));
	char name[64];
	int n = str_copy(name, sizeof(name) - 1, key);

	if (n < 3 || strspn(name, LETTERS CAPITAL) != (size_t)n)
		return false;
	if (n > 3 && str_ends(name, "Sec") && strchr(LETTERS, name[n - 4]))
		return put_seconds(b, name, (size_t)n, s);
	return put_value(b, name, s);
}

int props_annotations(struct buf *b, const struct oci_kvs *annotations, struct err *e)
{
	for (size_t i = 0; i < annotations->n; i++) {
		const char *key = annotations->v[i].key, *value = annotations->v[i].value;

		if (!str_starts(key, PREFIX) || !key[strlen(PREFIX)])
			continue;
		if (!put(b, key + strlen(PREFIX), value))
			return err_text(
				e, -EINVAL,
				"annotation %.96s: \"%.64s\" is not understood: a property's name and true, "
				"5, uint64 5, 'text' or ['a', 'b']",
				key, value);
	}
	return 0;
}
