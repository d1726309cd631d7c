/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/str.h"

#define JSON_MAX_DEPTH 32   /* image and runtime documents nest to 6 */
#define JSON_MAX_KEYS  1024 /* of one object: the check for duplicates is quadratic */

struct yyjson_doc;
struct yyjson_val;

/**
 * struct json_doc - one document of RFC 8259 JSON in a fixed pool
 *
 * Errors are sticky: the first one is kept with the path of the value, later getters go on and
 * return zero, "" or absent values. Ask json_done() once. Nothing needs to be freed.
 */
struct json_doc {
	struct yyjson_doc *yy;
	const char *name;    /* for messages */
	struct arena *arena; /* strings are copied here */
	struct err *err;
	int code; /* first failure, -errno; 0 = none */
};

/**
 * struct json - a value and the way to it; lives on the caller's stack
 *
 * Must not outlive the struct json that it was taken from: messages walk up to the root.
 */
struct json {
	struct json_doc *doc;
	struct yyjson_val *val; /* NULL = absent */
	const struct json *parent;
	const char *key; /* in an object */
	size_t index;	 /* in an array */
};

/** struct json_iter - position in json_next() */
struct json_iter {
	struct yyjson_val *next;
	size_t left, index;
	bool object, started;
};

/**
 * json_parse() - read and check a whole document
 * @name:   of the document, for messages
 * @pool:   memory for the tree, borrowed until the caller is done with @ret_doc
 * @symbol: Kconfig symbol that sets @pool_bytes, named when the document does not fit
 * @arena:  for strings that getters return
 * @e:      explanation for this call and for every getter
 *
 * Syntax errors are reported as "name:line:column: ...". Nesting beyond JSON_MAX_DEPTH, objects
 * with more than JSON_MAX_KEYS keys and duplicate keys are refused.
 *
 * Return: 0; -EBADMSG; -EFBIG.
 */
int json_parse(struct json_doc *ret_doc, const char *name, struct span text, void *pool,
	       size_t pool_bytes, const char *symbol, struct arena *arena, struct err *e);

/** json_done() - Return: 0, or the code of the first getter that failed */
int json_done(const struct json_doc *doc);

/** json_fail() - record that @v is wrong: "name: path: text", unless something failed before.
 * Return: json_done() */
int json_fail(const struct json *v, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct json json_root(struct json_doc *doc);

/** json_has() - there, and not null (Go writes null for what is empty) */
bool json_has(const struct json *v);

/** json_get() - member of an object; absent if @object is absent or null; an error if it is
 * something else */
struct json json_get(const struct json *object, const char *key);

/** json_is_string() and so on answer without an error */
bool json_is_string(const struct json *v);
bool json_is_object(const struct json *v);
bool json_is_array(const struct json *v);

/** json_array()/json_object() - number of elements, 0 if absent or null; wrong type or more than
 * @max is an error */
size_t json_array(const struct json *v, size_t max);
size_t json_object(const struct json *v, size_t max);

/**
 * json_next() - walk the elements of an array or the members of an object (key is in ret->key)
 * @it: zeroed before the first call
 *
 * Return: false at the end, on an absent value and after an error.
 */
bool json_next(const struct json *v, struct json_iter *it, struct json *ret);

/** json_str() - a string without NUL inside, copied; never NULL. json_str_opt() - NULL if absent or
 * null */
char *json_str(const struct json *v);
char *json_str_opt(const struct json *v);

/** json_strs() - array of at most @max strings, NULL-terminated copy; NULL if absent or null */
char **json_strs(const struct json *v, size_t max, size_t *ret_n);

/** integers: exactly an integer of JSON, no fraction; absent or null is an error, *_opt take a
 * default */
uint64_t json_u64(const struct json *v, uint64_t max);
int64_t json_i64(const struct json *v, int64_t min, int64_t max);
uint64_t json_u64_opt(const struct json *v, uint64_t max, uint64_t absent);
int64_t json_i64_opt(const struct json *v, int64_t min, int64_t max, int64_t absent);
bool json_bool_opt(const struct json *v, bool absent);

/** json_digest() - "sha256:..."; -EPROTONOSUPPORT another algorithm */
void json_digest(const struct json *v, struct digest *ret_digest);
