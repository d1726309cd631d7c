/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON over yyjson with the caller's pool. yyjson reads without recursion and never takes memory
 * beyond the pool; what it accepts is checked once more here for depth and duplicate keys, so that
 * the getters need not care. Go's decoder matches keys without regard to case and takes the last of
 * two; both are how two programs read one document differently, so here keys are exact and single.
 */
#include "doc/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "base/buf.h"

#define PATH_CAP 160

static void path_of(struct buf *b, const struct json *v)
{
	if (!v->parent)
		return;
	path_of(b, v->parent);
	if (v->key)
		buf_printf(b, "%s%.64s", b->len ? "." : "", v->key);
	else
		buf_printf(b, "[%zu]", v->index);
}

int json_fail(const struct json *v, int code, const char *fmt, ...)
{
	char path[PATH_CAP], text[ERR_MSG_MAX];
	struct json_doc *doc = v->doc;
	struct buf b;
	va_list ap;

	if (doc->code)
		return doc->code;
	buf_init(&b, path, sizeof(path));
	path_of(&b, v);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	doc->code =
		err_text(doc->err, code, "%s: %s%s%s", doc->name, path, b.len ? ": " : "", text);
	return doc->code;
}

static const char *type_name(yyjson_val *val)
{
	if (!val)
		return "nothing";
	switch (yyjson_get_type(val)) {
	case YYJSON_TYPE_NULL:
		return "null";
	case YYJSON_TYPE_BOOL:
		return "true or false";
	case YYJSON_TYPE_NUM:
		return "a number";
	case YYJSON_TYPE_STR:
		return "a string";
	case YYJSON_TYPE_ARR:
		return "an array";
	case YYJSON_TYPE_OBJ:
		return "an object";
	default:
		return "something else";
	}
}

static void expected(const struct json *v, const char *what)
{
	json_fail(v, -EBADMSG, "expected %s, found %s", what, type_name(v->val));
}

static struct json child(const struct json *parent, yyjson_val *val, const char *key, size_t index)
{
	return (struct json){
		.doc = parent->doc, .val = val, .parent = parent, .key = key, .index = index};
}

static void check_key(const struct json *v, yyjson_val *key, size_t position)
{
	const char *name = yyjson_get_str(key);
	size_t len = yyjson_get_len(key);
	yyjson_obj_iter it = yyjson_obj_iter_with(v->val);
	yyjson_val *other;

	if (memchr(name, 0, len)) {
		json_fail(v, -EBADMSG, "a key holds a NUL byte");
		return;
	}
	for (size_t i = 0; i < position && (other = yyjson_obj_iter_next(&it)); i++) {
		if (!yyjson_equals_strn(other, name, len))
			continue;
		json_fail(v, -EBADMSG, "key \"%.64s\" is there twice", name);
		return;
	}
}

/* Depth is bounded by JSON_MAX_DEPTH, so is the recursion. */
static void check_tree(const struct json *v, unsigned int depth)
{
	bool object = yyjson_is_obj(v->val);
	struct json_iter it = {0};
	struct json c;

	if (!object && !yyjson_is_arr(v->val))
		return;
	if (depth >= JSON_MAX_DEPTH) {
		json_fail(v, -EFBIG, "nested deeper than %d (JSON_MAX_DEPTH)", JSON_MAX_DEPTH);
		return;
	}
	if (object && yyjson_obj_size(v->val) > JSON_MAX_KEYS) {
		json_fail(v, -EFBIG, "%zu keys, at most %d are read (JSON_MAX_KEYS)",
			  yyjson_obj_size(v->val), JSON_MAX_KEYS);
		return;
	}
	if (object) {
		yyjson_obj_iter keys = yyjson_obj_iter_with(v->val);
		yyjson_val *key;

		for (size_t i = 0; !v->doc->code && (key = yyjson_obj_iter_next(&keys)); i++)
			check_key(v, key, i);
	}
	while (json_next(v, &it, &c))
		check_tree(&c, depth + 1);
}

int json_parse(struct json_doc *ret_doc, const char *name, struct span text, void *pool,
	       size_t pool_bytes, const char *symbol, struct arena *arena, struct err *e)
{
	struct json_doc doc = {.name = name, .arena = arena, .err = e};
	size_t line = 1, column = 1, chars = 0;
	yyjson_read_err why;
	struct json root;
	yyjson_alc alc;

	if (!yyjson_alc_pool_init(&alc, pool, pool_bytes))
		return err_text(e, -EFBIG, "%s: %s is too small to read anything", name, symbol);
	/* const is cast away: without YYJSON_READ_INSITU the text is copied, not changed */
	doc.yy = yyjson_read_opts((char *)(uintptr_t)text.p, text.len, YYJSON_READ_NOFLAG, &alc,
				  &why);
	if (!doc.yy && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
		return err_text(e, -EFBIG, "%s: %zu bytes of JSON do not fit %s (%zu KiB)", name,
				text.len, symbol, pool_bytes / 1024);
	if (!doc.yy) {
		yyjson_locate_pos(text.p, text.len, why.pos, &line, &column, &chars);
		return err_text(e, -EBADMSG, "%s:%zu:%zu: %s", name, line, column, why.msg);
	}
	root = json_root(&doc);
	check_tree(&root, 0);
	if (doc.code)
		return doc.code;
	*ret_doc = doc;
	return 0;
}

int json_done(const struct json_doc *doc)
{
	return doc->code;
}

struct json json_root(struct json_doc *doc)
{
	return (struct json){.doc = doc, .val = yyjson_doc_get_root(doc->yy)};
}

bool json_has(const struct json *v)
{
	return v->val && !yyjson_is_null(v->val);
}

struct json json_get(const struct json *object, const char *key)
{
	if (json_has(object) && !yyjson_is_obj(object->val))
		expected(object, "an object");
	return child(object, yyjson_obj_get(object->val, key), key, 0);
}

bool json_is_string(const struct json *v)
{
	return yyjson_is_str(v->val);
}

bool json_is_object(const struct json *v)
{
	return yyjson_is_obj(v->val);
}

bool json_is_array(const struct json *v)
{
	return yyjson_is_arr(v->val);
}

static size_t count(const struct json *v, bool right_type, const char *what, size_t max)
{
	size_t n;

	if (!json_has(v) || v->doc->code)
		return 0;
	if (!right_type) {
		expected(v, what);
		return 0;
	}
	n = unsafe_yyjson_get_len(v->val);
	if (n > max) {
		json_fail(v, -EFBIG, "%zu entries, at most %zu are read", n, max);
		return 0;
	}
	return n;
}

size_t json_array(const struct json *v, size_t max)
{
	return count(v, yyjson_is_arr(v->val), "an array", max);
}

size_t json_object(const struct json *v, size_t max)
{
	return count(v, yyjson_is_obj(v->val), "an object", max);
}

bool json_next(const struct json *v, struct json_iter *it, struct json *ret)
{
	yyjson_val *val = it->next;

	if (v->doc->code)
		return false;
	if (!it->started) {
		it->started = true;
		it->object = yyjson_is_obj(v->val);
		if (!it->object && !yyjson_is_arr(v->val))
			return false;
		it->left = unsafe_yyjson_get_len(v->val);
		val = it->left ? unsafe_yyjson_get_first(v->val) : NULL;
	}
	if (!it->left)
		return false;
	it->left--;
	if (it->object)
		*ret = child(v, val + 1, yyjson_get_str(val), 0);
	else
		*ret = child(v, val, NULL, it->index);
	it->index++;
	it->next = unsafe_yyjson_get_next(ret->val);
	return true;
}

char *json_str_opt(const struct json *v)
{
	const char *s;
	char *copy;
	size_t len;

	if (!json_has(v) || v->doc->code)
		return NULL;
	if (!yyjson_is_str(v->val)) {
		expected(v, "a string");
		return NULL;
	}
	s = yyjson_get_str(v->val);
	len = yyjson_get_len(v->val);
	if (memchr(s, 0, len)) {
		json_fail(v, -EBADMSG, "the string holds a NUL byte");
		return NULL;
	}
	copy = arena_strndup(v->doc->arena, s, len);
	if (!copy)
		json_fail(v, -EFBIG,
			  "the strings do not fit the model's memory (CONFIG_PARSE_MODEL_KIB)");
	return copy;
}

char *json_str(const struct json *v)
{
	static char empty[1];
	char *s;

	if (!json_has(v))
		expected(v, "a string");
	s = json_str_opt(v);
	empty[0] = '\0';
	return s ? s : empty;
}

char **json_strs(const struct json *v, size_t max, size_t *ret_n)
{
	size_t n = json_array(v, max), i = 0;
	struct json_iter it = {0};
	struct json c;
	char **list;

	*ret_n = 0;
	if (!json_has(v) || v->doc->code)
		return NULL;
	list = arena_array(v->doc->arena, n + 1, sizeof(*list));
	if (!list) {
		json_fail(v, -EFBIG,
			  "the list does not fit the model's memory (CONFIG_PARSE_MODEL_KIB)");
		return NULL;
	}
	while (i < n && json_next(v, &it, &c))
		list[i++] = json_str(&c);
	*ret_n = v->doc->code ? 0 : i;
	return list;
}

uint64_t json_u64(const struct json *v, uint64_t max)
{
	uint64_t n;

	if (v->doc->code)
		return 0;
	if (!yyjson_is_uint(v->val)) {
		expected(v, yyjson_is_num(v->val) ? "a whole number that is not negative"
						  : "a number");
		return 0;
	}
	n = yyjson_get_uint(v->val);
	if (n <= max)
		return n;
	json_fail(v, -EBADMSG, "%llu is above %llu", (unsigned long long)n,
		  (unsigned long long)max);
	return 0;
}

int64_t json_i64(const struct json *v, int64_t min, int64_t max)
{
	int64_t n;

	if (v->doc->code)
		return 0;
	if (!yyjson_is_int(v->val)) {
		expected(v, yyjson_is_num(v->val) ? "a whole number" : "a number");
		return 0;
	}
	n = yyjson_get_sint(v->val);
	if (yyjson_is_uint(v->val) && yyjson_get_uint(v->val) > INT64_MAX)
		json_fail(v, -EBADMSG, "the number is too large");
	else if (n < min || n > max)
		json_fail(v, -EBADMSG, "%lld is not within %lld and %lld", (long long)n,
			  (long long)min, (long long)max);
	return v->doc->code ? 0 : n;
}

uint64_t json_u64_opt(const struct json *v, uint64_t max, uint64_t absent)
{
	return json_has(v) ? json_u64(v, max) : absent;
}

int64_t json_i64_opt(const struct json *v, int64_t min, int64_t max, int64_t absent)
{
	return json_has(v) ? json_i64(v, min, max) : absent;
}

bool json_bool_opt(const struct json *v, bool absent)
{
	if (!json_has(v))
		return absent;
	if (!yyjson_is_bool(v->val))
		expected(v, "true or false");
	return yyjson_get_bool(v->val);
}

void json_digest(const struct json *v, struct digest *ret_digest)
{
	const char *text = json_str(v);
	int r;

	memset(ret_digest, 0, sizeof(*ret_digest));
	if (v->doc->code)
		return;
	r = digest_parse(span_of(text), ret_digest);
	if (r == -EPROTONOSUPPORT)
		json_fail(v, r, "digest algorithm of \"%.80s\" is not supported, only sha256 is",
			  text);
	else if (r < 0)
		json_fail(v, -EBADMSG, "\"%.80s\" is not a digest", text);
}
