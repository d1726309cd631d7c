/* SPDX-License-Identifier: Apache-2.0 */
/* How an image came about, as its configuration tells: for "cleat history" only. */
#include <errno.h>

#include "doc/json.h"
#include "doc/pool.h"
#include "image/image.h"

int image_parse_history(struct span json, struct arena *a, struct image_history *ret_history,
			struct err *e)
{
	static const char *const keys[] = {"created", "created_by", "comment"};
	struct json root, list, entry;
	struct json_iter it = {0};
	struct image_history h = {0};
	struct json_doc tree;
	int r = json_parse(&tree, "image config", json, doc_pool, sizeof(doc_pool),
			   "CONFIG_PARSE_TREE_KIB", a, e);

	if (r < 0)
		return r;
	root = json_root(&tree);
	list = json_get(&root, "history");
	h.lines = arena_array(a, json_array(&list, IMAGE_MAX_HISTORY) * IMAGE_HISTORY_LINES + 1,
			      sizeof(*h.lines));
	if (!h.lines)
		return err_text(e, -EFBIG, "the history does not fit CONFIG_PARSE_MODEL_KIB");
	while (json_next(&list, &it, &entry)) {
		struct json empty = json_get(&entry, "empty_layer");

		for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
			struct json v = json_get(&entry, keys[i]);
			char *text = json_str_opt(&v);

			h.lines[h.n++] = text ? text : "";
		}
		h.lines[h.n++] = json_bool_opt(&empty, false) ? "1" : "";
	}
	if (json_done(&tree) == 0)
		*ret_history = h;
	return json_done(&tree);
}
