/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From libyaml's events to a tree with positions. An alias becomes a second pointer to its anchor's
 * node, so that memory stays small; each node knows how many nodes it stands for, and the sum is
 * limited, so that whoever walks the tree is bounded too. A node is registered as an anchor when it
 * is complete: an alias inside its own anchor is therefore unknown, and no cycle can arise.
 */
#include "doc/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct anchor {
	const char *name;
	const struct yaml_node *node;
};

struct builder {
	yaml_parser_t parser;
	const char *file;
	struct arena *arena;
	struct err *err;
	struct anchor anchors[YAML_MAX_ANCHORS];
	size_t n_anchors;
	size_t total; /* nodes so far, aliases expanded */
};

static int fail_at(const char *file, unsigned int line, unsigned int column, struct err *e,
		   int code, const char *fmt, va_list ap)
{
	char text[ERR_MSG_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	return err_text(e, code, "%s:%u:%u: %s", file, line, column, text);
}

int yaml_fail(const struct yaml_node *n, const char *file, struct err *e, int code, const char *fmt,
	      ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail_at(file, n->line, n->column, e, code, fmt, ap);
	va_end(ap);
	return code;
}

__attribute__((format(printf, 4, 5))) static int fail(struct builder *b, yaml_mark_t at, int code,
						      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail_at(b->file, (unsigned int)at.line + 1, (unsigned int)at.column + 1, b->err, code, fmt,
		ap);
	va_end(ap);
	return code;
}

static int full(struct builder *b, yaml_mark_t at)
{
	return fail(b, at, -EFBIG,
		    "the file does not fit the memory for it (CONFIG_PARSE_TREE_KIB)");
}

static int syntax_error(struct builder *b)
{
	const yaml_parser_t *p = &b->parser;
	yaml_mark_t at = p->problem_mark;

	if (p->error == YAML_MEMORY_ERROR)
		return fail(b, p->mark, -ENOMEM, "not enough memory to read the file");
	if (p->error == YAML_READER_ERROR)
		return fail(b, p->mark, -EINVAL, "%s", p->problem ? p->problem : "not UTF-8 text");
	if (p->context)
		return fail(b, at, -EINVAL, "%s %s (line %zu)",
			    p->problem ? p->problem : "syntax error", p->context,
			    p->context_mark.line + 1);
	return fail(b, at, -EINVAL, "%s", p->problem ? p->problem : "syntax error");
}

static int next(struct builder *b, yaml_event_t *ret_event)
{
	return yaml_parser_parse(&b->parser, ret_event) ? 0 : syntax_error(b);
}

static int count_nodes(struct builder *b, yaml_mark_t at, size_t n)
{
	if (n > YAML_MAX_NODES || b->total > YAML_MAX_NODES - n)
		return fail(b, at, -EFBIG, "more than %d values, aliases expanded (YAML_MAX_NODES)",
			    YAML_MAX_NODES);
	b->total += n;
	return 0;
}

static int add_anchor(struct builder *b, yaml_mark_t at, const char *name,
		      const struct yaml_node *node)
{
	struct anchor *a = NULL;

	if (!name)
		return 0;
	for (size_t i = 0; i < b->n_anchors; i++)
		if (str_eq(b->anchors[i].name, name))
			a = &b->anchors[i];
	if (!a && b->n_anchors == YAML_MAX_ANCHORS)
		return fail(b, at, -EFBIG, "more than %d anchors (YAML_MAX_ANCHORS)",
			    YAML_MAX_ANCHORS);
	if (!a)
		a = &b->anchors[b->n_anchors++];
	a->node = node;
	a->name = arena_strdup(b->arena, name);
	return a->name ? 0 : full(b, at);
}

static int find_alias(struct builder *b, yaml_mark_t at, const char *name,
		      const struct yaml_node **ret_node)
{
	for (size_t i = 0; i < b->n_anchors; i++) {
		if (!str_eq(b->anchors[i].name, name))
			continue;
		*ret_node = b->anchors[i].node;
		return count_nodes(b, at, (*ret_node)->weight);
	}
	return fail(b, at, -EINVAL, "alias *%.64s refers to no complete anchor above it", name);
}

static struct yaml_node *new_node(struct builder *b, enum yaml_kind kind, yaml_mark_t at)
{
	struct yaml_node *n = arena_alloc(b->arena, sizeof(*n));

	if (!n)
		return NULL;
	n->kind = kind;
	n->line = (unsigned int)at.line + 1;
	n->column = (unsigned int)at.column + 1;
	n->weight = 1;
	return n;
}

static int append(struct builder *b, struct yaml_node *parent, struct yaml_item ***tail,
		  const struct yaml_node *key, const struct yaml_node *value, yaml_mark_t at)
{
	struct yaml_item *item = arena_alloc(b->arena, sizeof(*item));

	if (!item)
		return full(b, at);
	item->key = key;
	item->value = value;
	**tail = item;
	*tail = &item->next;
	parent->n++;
	parent->weight += value->weight + (key ? 1 : 0);
	return 0;
}

static const struct yaml_item *find(const struct yaml_node *map, const struct yaml_node *key)
{
	for (const struct yaml_item *i = map->items; i; i = i->next)
		if (i->key->len == key->len && memcmp(i->key->text, key->text, key->len) == 0)
			return i;
	return NULL;
}

static int merge_map(struct builder *b, struct yaml_node *into, struct yaml_item ***tail,
		     const struct yaml_node *from, yaml_mark_t at)
{
	if (from->kind != YAML_MAP)
		return fail(b, at, -EINVAL, "\"<<\" takes a map or a list of maps");
	for (const struct yaml_item *i = from->items; i; i = i->next) {
		int r;

		if (find(into, i->key))
			continue;
		r = count_nodes(b, at, i->value->weight + 1);
		if (r == 0)
			r = append(b, into, tail, i->key, i->value, at);
		if (r < 0)
			return r;
		((struct yaml_item *)((char *)*tail - offsetof(struct yaml_item, next)))->merged =
			true;
	}
	return 0;
}

static int merge(struct builder *b, struct yaml_node *into, struct yaml_item ***tail,
		 const struct yaml_node *from, yaml_mark_t at)
{
	int r = 0;

	if (from->kind != YAML_LIST)
		return merge_map(b, into, tail, from, at);
	for (const struct yaml_item *i = from->items; i && r == 0; i = i->next)
		r = merge_map(b, into, tail, i->value, at);
	return r;
}

static int build(struct builder *b, yaml_event_t *ev, unsigned int depth,
		 const struct yaml_node **ret_node);

static int build_scalar(struct builder *b, const yaml_event_t *ev,
			const struct yaml_node **ret_node)
{
	const char *text = (const char *)ev->data.scalar.value;
	struct yaml_node *n = new_node(b, YAML_SCALAR, ev->start_mark);

	if (!n)
		return full(b, ev->start_mark);
	n->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	n->len = ev->data.scalar.length;
	if (memchr(text, 0, n->len))
		return fail(b, ev->start_mark, -EINVAL, "the text holds a NUL character");
	n->text = arena_strndup(b->arena, text, n->len);
	if (!n->text)
		return full(b, ev->start_mark);
	*ret_node = n;
	return count_nodes(b, ev->start_mark, 1);
}

static int build_list(struct builder *b, const yaml_event_t *start, unsigned int depth,
		      const struct yaml_node **ret_node)
{
	struct yaml_node *n = new_node(b, YAML_LIST, start->start_mark);
	struct yaml_item **tail;
	int r = 0;

	if (!n)
		return full(b, start->start_mark);
	tail = &n->items;
	while (r == 0) {
		const struct yaml_node *value = NULL;
		yaml_event_t ev;

		r = next(b, &ev);
		if (r < 0)
			return r;
		if (ev.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&ev);
			break;
		}
		r = build(b, &ev, depth + 1, &value);
		if (r == 0)
			r = append(b, n, &tail, NULL, value, ev.start_mark);
		yaml_event_delete(&ev);
	}
	*ret_node = n;
	return r < 0 ? r : count_nodes(b, start->start_mark, 1);
}

static int check_key(struct builder *b, const struct yaml_node *map, const struct yaml_node *key,
		     yaml_mark_t at)
{
	const struct yaml_item *twin;

	if (key->kind != YAML_SCALAR)
		return fail(b, at, -EINVAL, "a key must be plain text");
	twin = find(map, key);
	if (twin)
		return fail(b, at, -EINVAL, "key \"%.64s\" is there twice, first in line %u",
			    key->text, twin->key->line);
	return 0;
}

/* One pair; the value of a merge key is kept in @ret_merge until the map's own keys are known. */
static int build_pair(struct builder *b, yaml_event_t *key_ev, unsigned int depth,
		      struct yaml_node *map, struct yaml_item ***tail,
		      const struct yaml_node **ret_merge)
{
	const struct yaml_node *key = NULL, *value = NULL;
	yaml_event_t ev;
	int r;

	r = build(b, key_ev, depth, &key);
	if (r == 0)
		r = check_key(b, map, key, key_ev->start_mark);
	if (r == 0)
		r = next(b, &ev);
	if (r < 0)
		return r;
	r = build(b, &ev, depth, &value);
	if (r == 0 && key->plain && str_eq(key->text, "<<")) {
		if (*ret_merge)
			r = fail(b, key_ev->start_mark, -EINVAL,
				 "key \"<<\" is there twice; write one with a list of maps");
		*ret_merge = value;
	} else if (r == 0) {
		r = append(b, map, tail, key, value, ev.start_mark);
	}
	yaml_event_delete(&ev);
	return r;
}

static int build_map(struct builder *b, const yaml_event_t *start, unsigned int depth,
		     const struct yaml_node **ret_node)
{
	struct yaml_node *n = new_node(b, YAML_MAP, start->start_mark);
	const struct yaml_node *merged = NULL;
	struct yaml_item **tail;
	int r = 0;

	if (!n)
		return full(b, start->start_mark);
	tail = &n->items;
	while (r == 0) {
		yaml_event_t ev;

		r = next(b, &ev);
		if (r < 0)
			return r;
		if (ev.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&ev);
			break;
		}
		r = build_pair(b, &ev, depth + 1, n, &tail, &merged);
		yaml_event_delete(&ev);
	}
	if (r == 0 && merged)
		r = merge(b, n, &tail, merged, start->start_mark);
	*ret_node = n;
	return r < 0 ? r : count_nodes(b, start->start_mark, 1);
}

/* The node that @ev starts; @ev stays the caller's. Recursion is bounded by YAML_MAX_DEPTH. */
static int build(struct builder *b, yaml_event_t *ev, unsigned int depth,
		 const struct yaml_node **ret_node)
{
	const char *anchor = NULL, *tag = NULL;
	int r;

	if (depth > YAML_MAX_DEPTH)
		return fail(b, ev->start_mark, -EFBIG, "nested deeper than %d (YAML_MAX_DEPTH)",
			    YAML_MAX_DEPTH);
	if (ev->type == YAML_ALIAS_EVENT)
		return find_alias(b, ev->start_mark, (const char *)ev->data.alias.anchor, ret_node);
	if (ev->type == YAML_SCALAR_EVENT) {
		anchor = (const char *)ev->data.scalar.anchor;
		tag = (const char *)ev->data.scalar.tag;
	} else if (ev->type == YAML_SEQUENCE_START_EVENT) {
		anchor = (const char *)ev->data.sequence_start.anchor;
		tag = (const char *)ev->data.sequence_start.tag;
	} else if (ev->type == YAML_MAPPING_START_EVENT) {
		anchor = (const char *)ev->data.mapping_start.anchor;
		tag = (const char *)ev->data.mapping_start.tag;
	} else {
		return fail(b, ev->start_mark, -EINVAL, "a value is missing");
	}
	if (tag)
		return fail(b, ev->start_mark, -ENOTSUP,
			    "tag %.64s: tags are not supported, write the value without one", tag);
	if (ev->type == YAML_SCALAR_EVENT)
		r = build_scalar(b, ev, ret_node);
	else if (ev->type == YAML_SEQUENCE_START_EVENT)
		r = build_list(b, ev, depth, ret_node);
	else
		r = build_map(b, ev, depth, ret_node);
	return r < 0 ? r : add_anchor(b, ev->start_mark, anchor, *ret_node);
}

/* stream start, document start, the root, document end, stream end */
static int build_stream(struct builder *b, const struct yaml_node **ret_root)
{
	static const yaml_mark_t top;
	bool have_root = false;
	int r = 0;

	for (bool end = false; r == 0 && !end;) {
		yaml_event_t ev;

		r = next(b, &ev);
		if (r < 0)
			return r;
		if (ev.type == YAML_STREAM_END_EVENT)
			end = true;
		else if (ev.type == YAML_DOCUMENT_START_EVENT && have_root)
			r = fail(b, ev.start_mark, -ENOTSUP,
				 "a second document starts here; only one is allowed");
		else if (ev.type != YAML_STREAM_START_EVENT &&
			 ev.type != YAML_DOCUMENT_START_EVENT &&
			 ev.type != YAML_DOCUMENT_END_EVENT) {
			r = build(b, &ev, 0, ret_root);
			have_root = true;
		}
		yaml_event_delete(&ev);
	}
	if (r == 0 && !have_root)
		r = fail(b, top, -EINVAL, "the file is empty");
	return r;
}

int yaml_parse(struct span text, const char *file, struct arena *a,
	       const struct yaml_node **ret_root, struct err *e)
{
	struct builder b = {.file = file, .arena = a, .err = e};
	int r;

	if (!yaml_parser_initialize(&b.parser))
		return err_text(e, -ENOMEM, "%s: not enough memory to read the file", file);
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text.p, text.len);
	r = build_stream(&b, ret_root);
	yaml_parser_delete(&b.parser);
	return r;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	for (const struct yaml_item *i = map && map->kind == YAML_MAP ? map->items : NULL; i;
	     i = i->next)
		if (str_eq(i->key->text, key))
			return i->value;
	return NULL;
}

bool yaml_is_null(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR && n->plain &&
	       (!n->len || str_eq(n->text, "~") || str_eq(n->text, "null") ||
		str_eq(n->text, "Null") || str_eq(n->text, "NULL"));
}

bool yaml_is_bool(const struct yaml_node *n, bool *ret_value)
{
	if (n->kind != YAML_SCALAR || !n->plain)
		return false;
	*ret_value = str_eq(n->text, "true") || str_eq(n->text, "True") || str_eq(n->text, "TRUE");
	return *ret_value || str_eq(n->text, "false") || str_eq(n->text, "False") ||
	       str_eq(n->text, "FALSE");
}

bool yaml_is_number(const struct yaml_node *n)
{
	const char *p = n->kind == YAML_SCALAR && n->plain ? n->text : "";
	bool digits = false, dot = false;

	if (*p == '-' || *p == '+')
		p++;
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'o' || p[1] == 'b'))
		return p[2] && strspn(p + 2, "0123456789abcdefABCDEF_") == strlen(p + 2);
	if (str_eq(p, ".inf") || str_eq(p, ".Inf") || str_eq(p, ".INF") || str_eq(p, ".nan") ||
	    str_eq(p, ".NaN") || str_eq(p, ".NAN"))
		return true;
	for (; (*p >= '0' && *p <= '9') || *p == '_' || (*p == '.' && !dot); p++) {
		digits |= *p >= '0' && *p <= '9';
		dot |= *p == '.';
	}
	if (digits && (*p == 'e' || *p == 'E')) {
		p++;
		if (*p == '-' || *p == '+')
			p++;
		return *p && strspn(p, "0123456789") == strlen(p);
	}
	return digits && !*p;
}

char *yaml_describe(char dst[static 96], const struct yaml_node *n)
{
	if (n->kind == YAML_LIST)
		snprintf(dst, 96, "a list");
	else if (n->kind == YAML_MAP)
		snprintf(dst, 96, "a map");
	else if (yaml_is_null(n))
		snprintf(dst, 96, "nothing");
	else
		snprintf(dst, 96, "\"%.64s%s\"", n->text, n->len > 64 ? "..." : "");
	return dst;
}
