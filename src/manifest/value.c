/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalars of a manifest. Compose takes variables from a shell or an .env file; a device has neither,
 * so a variable without a default is refused by name instead of becoming an empty text.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "manifest/load.h"

#define TEXT_MAX       8192 /* one value */
#define VARIABLE_DEPTH 4    /* defaults inside defaults */

int load_full(struct load *l, const struct yaml_node *n)
{
	return load_fail(l, n, -EFBIG,
			 "the manifest does not fit the memory for it (CONFIG_PARSE_MODEL_KIB)");
}

int load_wrap(struct load *l, const struct yaml_node *n)
{
	return err_wrap(l->e, "%s:%u:%u", l->file, n->line, n->column);
}

static int expected(struct load *l, const struct yaml_node *n, const char *what)
{
	char found[96];

	return load_fail(l, n, -EINVAL, "expected %s, found %s", what, yaml_describe(found, n));
}

void *load_array(struct load *l, const struct yaml_node *n, size_t count, size_t size)
{
	void *p = arena_array(l->a, count + 1, size);

	if (!p)
		load_full(l, n);
	return p;
}

int load_count(struct load *l, const struct yaml_node *n, enum yaml_kind kind)
{
	if (n->kind != kind)
		return expected(l, n,
				kind == YAML_LIST  ? "a list"
				: kind == YAML_MAP ? "a map"
						   : "a value");
	if (n->n > MANIFEST_MAX_LIST)
		return load_fail(l, n, -EFBIG,
				 "%zu entries, at most %d are allowed (MANIFEST_MAX_LIST)", n->n,
				 MANIFEST_MAX_LIST);
	return 0;
}

static size_t variable_name_len(const char *p)
{
	size_t n = 0;

	while (p[n] == '_' || (p[n] >= 'A' && p[n] <= 'Z') || (p[n] >= 'a' && p[n] <= 'z') ||
	       (n && p[n] >= '0' && p[n] <= '9'))
		n++;
	return n;
}

/* length of what is inside "${" ... "}" with nested braces; -1 if it does not end */
static long inside_braces(const char *p, size_t len)
{
	unsigned int depth = 1;

	for (size_t i = 0; i < len; i++) {
		if (p[i] == '$' && i + 1 < len && p[i + 1] == '{')
			depth++;
		if (p[i] == '}' && --depth == 0)
			return (long)i;
	}
	return -1;
}

static int no_variable(struct load *l, const struct yaml_node *n, const char *name, size_t len)
{
	return load_fail(l, n, -EINVAL,
			 "variable %.*s has no value on a device: write the value, "
			 "${%.*s:-default}, or $$ for a dollar sign",
			 (int)len, name, (int)len, name);
}

static int interpolate(struct load *l, const struct yaml_node *n, const char *p, size_t len,
		       struct buf *b, unsigned int depth);

/* @p is behind "${", @len up to "}" */
static int braced(struct load *l, const struct yaml_node *n, const char *p, size_t len,
		  struct buf *b, unsigned int depth)
{
	size_t name = variable_name_len(p);
	const char *rest = p + name;
	size_t left;

	if (!name || name > len)
		return load_fail(l, n, -EINVAL,
				 "\"${%.*s}\" has no variable name; a dollar sign is written $$",
				 (int)(len > 60 ? 60 : len), p);
	left = len - name;
	if (left && rest[0] == ':') {
		rest++;
		left--;
	}
	if (!left)
		return no_variable(l, n, p, name);
	if (rest[0] == '-')
		return interpolate(l, n, rest + 1, left - 1, b, depth + 1);
	if (rest[0] == '+')
		return 0; /* only used when the variable is set, and none is */
	if (rest[0] == '?')
		return load_fail(l, n, -EINVAL, "variable %.*s is required: %.*s", (int)name, p,
				 (int)(left > 100 ? 100 : left) - 1, rest + 1);
	return load_fail(l, n, -EINVAL, "\"${%.*s}\" is not understood", (int)(len > 60 ? 60 : len),
			 p);
}

static int interpolate(struct load *l, const struct yaml_node *n, const char *p, size_t len,
		       struct buf *b, unsigned int depth)
{
	if (depth > VARIABLE_DEPTH)
		return load_fail(l, n, -EINVAL, "defaults of variables are nested deeper than %d",
				 VARIABLE_DEPTH);
	for (size_t i = 0; i < len; i++) {
		long inner;
		int r;

		if (p[i] != '$') {
			buf_putc(b, p[i]);
			continue;
		}
		if (i + 1 < len && p[i + 1] == '$') {
			buf_putc(b, '$');
			i++;
			continue;
		}
		if (i + 1 >= len || p[i + 1] != '{') {
			size_t name = i + 1 < len ? variable_name_len(p + i + 1) : 0;

			return name ? no_variable(l, n, p + i + 1, name)
				    : load_fail(l, n, -EINVAL,
						"a single $; a dollar sign is written $$");
		}
		inner = inside_braces(p + i + 2, len - i - 2);
		if (inner < 0)
			return load_fail(l, n, -EINVAL, "\"${\" without \"}\"");
		r = braced(l, n, p + i + 2, (size_t)inner, b, depth);
		if (r < 0)
			return r;
		i += (size_t)inner + 2;
	}
	return 0;
}

int load_scalar(struct load *l, const struct yaml_node *n, char **ret_text)
{
	struct buf b;
	char *mem;
	int r;

	if (n->kind != YAML_SCALAR || yaml_is_null(n))
		return expected(l, n, "a value");
	if (n->len > TEXT_MAX)
		return load_fail(l, n, -EFBIG, "%zu characters, at most %d are allowed", n->len,
				 TEXT_MAX);
	mem = arena_alloc(l->a, n->len + 1);
	if (!mem)
		return load_full(l, n);
	buf_init(&b, mem, n->len + 1); /* what replaces a variable is shorter than it */
	r = interpolate(l, n, n->text, n->len, &b, 0);
	if (r < 0)
		return r;
	*ret_text = mem;
	return 0;
}

int load_text(struct load *l, const struct yaml_node *n, char **ret_text)
{
	bool value;

	if (n->kind != YAML_SCALAR || yaml_is_null(n))
		return expected(l, n, "text");
	if (yaml_is_number(n) || yaml_is_bool(n, &value))
		return load_fail(l, n, -EINVAL, "expected text, found %s; put it in quotes: \"%s\"",
				 n->text, n->text);
	return load_scalar(l, n, ret_text);
}

int load_bool(struct load *l, const struct yaml_node *n, bool *ret_value)
{
	char *text;
	int r;

	if (n->kind != YAML_SCALAR || yaml_is_null(n))
		return expected(l, n, "true or false");
	r = load_scalar(l, n, &text);
	if (r < 0)
		return r;
	if (!str_eq(text, "true") && !str_eq(text, "false"))
		return expected(l, n, "true or false");
	*ret_value = str_eq(text, "true");
	return 0;
}

int load_u64(struct load *l, const struct yaml_node *n, uint64_t min, uint64_t max,
	     uint64_t *ret_value)
{
	char *text;
	int r;

	if (n->kind != YAML_SCALAR || yaml_is_null(n))
		return expected(l, n, "a number");
	r = load_scalar(l, n, &text);
	if (r < 0)
		return r;
	if (num_u64(span_of(text), max, ret_value) == 0 && *ret_value >= min)
		return 0;
	return load_fail(l, n, -EINVAL, "expected a number from %llu to %llu, found \"%.64s\"",
			 (unsigned long long)min, (unsigned long long)max, text);
}

int load_bytes(struct load *l, const struct yaml_node *n, uint64_t *ret_bytes)
{
	char *text;
	int r;

	if (n->kind != YAML_SCALAR || yaml_is_null(n))
		return expected(l, n, "a size such as 64m");
	r = load_scalar(l, n, &text);
	if (r < 0)
		return r;
	if (num_bytes(span_of(text), ret_bytes) == 0 && *ret_bytes <= INT64_MAX)
		return 0;
	return load_fail(l, n, -EINVAL, "expected a size such as 64m, found \"%.64s\"", text);
}

int load_texts(struct load *l, const struct yaml_node *n, char ***ret_list, size_t *ret_n)
{
	size_t count = 0;
	char **list;
	int r = load_count(l, n, YAML_LIST);

	if (r < 0)
		return r;
	list = load_array(l, n, n->n, sizeof(*list));
	if (!list)
		return -EFBIG;
	for (const struct yaml_item *i = n->items; i; i = i->next) {
		r = load_text(l, i->value, &list[count++]);
		if (r < 0)
			return r;
	}
	*ret_list = list;
	*ret_n = count;
	return 0;
}

int load_words(struct load *l, const struct yaml_node *n, char ***ret_list, size_t *ret_n)
{
	char *text;
	int r;

	if (yaml_is_null(n))
		return 0; /* as if it were not there: the image's */
	if (n->kind == YAML_LIST)
		return load_texts(l, n, ret_list, ret_n);
	if (n->kind == YAML_MAP)
		return expected(l, n, "text or a list");
	r = load_text(l, n, &text);
	if (r < 0)
		return r;
	r = words_split(text, l->a, ret_list, ret_n, l->e);
	return r < 0 ? load_wrap(l, n) : 0;
}

int load_name(struct load *l, const struct yaml_node *n, const char *what, const char *name)
{
	size_t len = strlen(name);

	if (len < 1 || len > 63)
		return load_fail(l, n, -EINVAL, "%s name \"%.80s\": must have 1 to 63 characters",
				 what, name);
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool alnum =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!alnum && (i == 0 || (c != '_' && c != '-' && c != '.')))
			return load_fail(l, n, -EINVAL,
					 "%s name \"%s\": letters, digits, '_', '-' and '.' are "
					 "allowed, a letter or digit first",
					 what, name);
	}
	return 0;
}
