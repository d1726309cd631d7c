/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What archives call their images. A name in an archive was chosen by whoever made it: it serves to tell
 * several images apart and never becomes a name in the store by itself (containerd CVE-2026-50195).
 */
#include <errno.h>

#include "doc/json.h"
#include "doc/pool.h"
#include "image/image.h"
#include "wire/reference.h"

bool image_same_name(const char *a, const char *b)
{
	char x[REFERENCE_TEXT_CAP], y[REFERENCE_TEXT_CAP];
	struct reference ra, rb;

	return str_eq(a, b) ||
	       (reference_parse(a, &ra, NULL) == 0 && reference_parse(b, &rb, NULL) == 0 &&
		str_eq(reference_format(x, &ra), reference_format(y, &rb)));
}

int image_several(const char *pick, const struct buf *names, struct err *e)
{
	return pick ? err_text(e, -ENOENT, "no image %.60s in it, but: %.90s", pick, names->p)
		    : err_text(e, -EINVAL, "several images: %.90s; choose one with --only NAME",
			       names->p);
}

static bool matches(const struct json *image, const char *pick, struct buf *names)
{
	struct json tags = json_get(image, "RepoTags");
	size_t n = 0;
	char **list = json_strs(&tags, IMAGE_MAX_STRINGS, &n);
	bool found = !pick;

	for (size_t i = 0; i < n; i++) {
		found |= pick && image_same_name(list[i], pick);
		buf_printf(names, "%s%s", names->len ? ", " : "", list[i]);
	}
	if (n == 0)
		buf_printf(names, "%s<none>", names->len ? ", " : "");
	return found;
}

static void take(const struct json *image, struct image_doc *doc)
{
	struct json config = json_get(image, "Config"), layers = json_get(image, "Layers"), v;
	size_t n = json_array(&layers, IMAGE_MAX_LAYERS);
	struct json_iter it = {0};

	doc->kind = IMAGE_DOC_MANIFEST;
	doc->config.media_type = json_str(&config);
	doc->n_layers = 0;
	doc->layers = arena_array(image->doc->arena, n + 1, sizeof(*doc->layers));
	while (doc->layers && json_next(&layers, &it, &v))
		doc->layers[doc->n_layers++].media_type = json_str(&v);
}

int image_parse_archive(struct span json, const char *pick, struct arena *a,
			struct image_doc *ret_doc, struct err *e)
{
	static char names_mem[4096];
	struct image_doc doc = {0};
	struct json_iter it = {0};
	struct json root, image;
	struct json_doc tree;
	struct buf names;
	size_t n, found = 0;
	int r = json_parse(&tree, "manifest.json", json, doc_pool, sizeof(doc_pool),
			   "CONFIG_PARSE_TREE_KIB", a, e);

	if (r < 0)
		return r;
	buf_init(&names, names_mem, sizeof(names_mem));
	root = json_root(&tree);
	n = json_array(&root, IMAGE_MAX_MANIFESTS);
	while (n && json_next(&root, &it, &image))
		if (matches(&image, pick, &names) && found++ == 0)
			take(&image, &doc);
	r = json_done(&tree);
	if (r < 0)
		return r;
	if (found == 0 || (!pick && found > 1))
		return image_several(pick, &names, e);
	*ret_doc = doc;
	return 0;
}
