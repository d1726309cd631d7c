/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers: layers/<diff ID>/fs is the tree, layers/<diff ID>/meta what the store knows of it. Both
 * are written below staging/, one syncfs makes them durable, one rename publishes them. The syncfs is
 * the unpack role's, so that the engine does not wait for the medium.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/num.h"
#include "file/durable.h"
#include "file/rooted.h"
#include "file/tree.h"
#include "store/layer.h"
#include "store/stage.h"
#include "sys/fd.h"

#define META_NAME "meta"
#define META_CAP  288

static const char *const keys[] = {"unpacked_bytes ", "tar_bytes "};

/* after them; each perhaps */
enum { DIGEST_TREE, DIGEST_BLOB, N_DIGESTS };
static const char *const digest_keys[N_DIGESTS] = {"tree ", "blob "};

void store_layer_name(const struct digest *below, size_t n_below, const struct digest *diff_id,
		      struct digest *ret_name)
{
	struct sha256 h;

	sha256_init(&h);
	sha256_update(&h, "below", 6); /* no archive begins like this: no diff ID is the same */
	sha256_update(&h, below, n_below * sizeof(*below));
	sha256_update(&h, diff_id, sizeof(*diff_id));
	sha256_final(&h, ret_name);
}

bool store_layer_exists(const struct store *s, const struct digest *layer)
{
	char path[LAYOUT_PATH_CAP];

	return !store_is_bad(s, layer) &&
	       store_is_dir(s, layout_object(path, LAYOUT_LAYERS, layer, NULL));
}

int store_layer_begin(struct store *s, char ret_name[static 32], struct err *e)
{
	auto_close int fd = stage_begin(s, ret_name, e);
	int r;

	if (fd < 0)
		return fd;
	r = sys_mkdir(fd, LAYER_TREE, 0755);
	if (r == 0)
		r = sys_open(fd, LAYER_TREE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (r < 0) {
		err_set(e, r, "store: make a layer's staging directory");
		stage_abort(s, ret_name);
	}
	return r;
}

int store_layer_opaque(struct store *s, const char *staged_name, const char *path, struct err *e)
{
	char tree[LAYOUT_PATH_CAP];
	auto_close int tree_fd = -1;
	auto_close int fd = -1;
	int r;

	layout_path(tree, LAYOUT_STAGING, staged_name, LAYER_TREE);
	tree_fd = sys_open(s->root_fd, tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (tree_fd < 0)
		return err_set(e, tree_fd, "store: open %s", tree);
	/* the path comes from unpack: whatever it names, the result is a directory of this tree */
	fd = rooted_open(tree_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, e);
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		goto replaced;
	if (fd < 0)
		return fd;
	r = sys_setxattr(fd, LAYER_OPAQUE, "y", 1);
	if (r == -EOPNOTSUPP)
		return err_text(
			e, r,
			"the store's file system has no trusted.* extended attributes, which "
			"overlayfs needs to hide directory %s of the layers below",
			path);
	return r < 0 ? err_set(e, r, "mark directory %s of the layer opaque", path) : 0;
replaced: /* by a later entry of the layer: nothing left to hide */
	if (e)
		*e = (struct err){0};
	return 0;
}

int store_layer_file(struct store *s, const char *staged_name, const char *name, struct err *e)
{
	char path[LAYOUT_PATH_CAP];
	int fd;

	layout_path(path, LAYOUT_STAGING, staged_name, name);
	fd = sys_open(s->root_fd, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	return fd < 0 ? err_set(e, fd, "store: create a layer's %s", name) : fd;
}

static int write_meta(int dir_fd, const struct store_layer_meta *meta, struct err *e)
{
	char text[META_CAP], digest[DIGEST_TEXT_CAP];
	struct digest tree;
	auto_close int fd = -1;
	struct buf b;
	int r = layer_sum(dir_fd, &tree, e);

	if (r < 0)
		return r;
	buf_init(&b, text, sizeof(text));
	buf_printf(&b, "%s%llu\n%s%llu\n%s%s\n", keys[0], (unsigned long long)meta->unpacked_bytes,
		   keys[1], (unsigned long long)meta->tar_bytes, digest_keys[DIGEST_TREE],
		   digest_text(digest, &tree));
	if (meta->has_blob)
		buf_printf(&b, "%s%s\n", digest_keys[DIGEST_BLOB],
			   digest_text(digest, &meta->blob));
	fd = sys_open(dir_fd, META_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, fd, "store: create a layer's %s", META_NAME);
	r = sys_write_all(fd, b.p, b.len); /* made durable by the syncfs that follows */
	return r < 0 ? err_set(e, r, "store: write a layer's %s", META_NAME) : 0;
}

/* the one that is to be replaced gives way now that its successor is ready */
static int replace(struct store *s, const struct digest *layer, const char *hex, struct err *e)
{
	int r;

	if (!store_is_bad(s, layer))
		return 0;
	r = stage_discard(s, LAYOUT_LAYERS, hex, NULL);
	if (r < 0 && r != -ENOENT)
		return err_set(e, r, "store: remove the damaged layer");
	store_not_bad(s, layer);
	return 0;
}

int store_layer_seal(struct store *s, const char *staged_name, const struct store_layer_meta *meta,
		     struct err *e)
{
	char path[LAYOUT_PATH_CAP];
	auto_close int fd = -1;

	layout_path(path, LAYOUT_STAGING, staged_name, NULL);
	fd = sys_open(s->root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return fd < 0 ? err_set(e, fd, "store: open %s", path) : write_meta(fd, meta, e);
}

int store_layer_commit(struct store *s, const char *staged_name, const struct digest *layer,
		       struct err *e)
{
	char hex[DIGEST_HEX_LEN + 1];
	int r;

	if (store_layer_exists(s, layer)) {
		stage_abort(s, staged_name);
		return 0;
	}
	r = replace(s, layer, digest_hex(hex, layer), e);
	if (r == 0)
		r = stage_commit(s, staged_name, LAYOUT_LAYERS, hex, e);
	if (r < 0)
		stage_abort(s, staged_name);
	return r;
}

void store_layer_abort(struct store *s, const char *staged_name)
{
	stage_abort(s, staged_name);
}

int store_layer_open(const struct store *s, const struct digest *layer, struct err *e)
{
	char path[LAYOUT_PATH_CAP];
	int fd;

	if (store_is_bad(s, layer))
		return err_text(e, -EAGAIN, "a layer of the image is being repaired");
	layout_object(path, LAYOUT_LAYERS, layer, LAYER_TREE);
	fd = sys_open(s->root_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	return fd < 0 ? err_set(e, fd, "store: open layer %s", path) : fd;
}

static bool read_key(struct span line, const char *key, struct span *ret_value)
{
	size_t n = strlen(key);

	if (line.len < n || memcmp(line.p, key, n) != 0)
		return false;
	*ret_value = (struct span){line.p + n, line.len - n};
	return true;
}

/* the first line is always there; layers of older versions have no other */
static bool parse_digest(struct span line, struct store_layer_meta *m)
{
	bool *const has[] = {&m->has_tree, &m->has_blob};
	struct digest *const digests[] = {&m->tree, &m->blob};
	struct span value;

	for (size_t i = 0; i < N_DIGESTS; i++)
		if (read_key(line, digest_keys[i], &value))
			return *has[i] = digest_parse(value, digests[i]) == 0;
	return false;
}

/* the first line is always there; layers of older versions have no other */
static bool parse_meta(struct span text, struct store_layer_meta *m)
{
	uint64_t *const numbers[] = {&m->unpacked_bytes, &m->tar_bytes};
	size_t n = 0;

	while (text.len) {
		struct span line, value;
		bool ended;

		line = span_cut(text, '\n', &text, &ended);
		if (!ended)
			return false;
		if (n < ARRAY_LEN(keys) && read_key(line, keys[n], &value)) {
			if (num_u64(value, INT64_MAX, numbers[n++]) < 0)
				return false;
		} else if (!n || !parse_digest(line, m)) {
			return false;
		}
	}
	return n > 0;
}

int store_layer_meta(const struct store *s, const struct digest *layer,
		     struct store_layer_meta *ret_meta, struct err *e)
{
	char path[LAYOUT_PATH_CAP], text[META_CAP];
	struct store_layer_meta meta = {0};
	auto_close int fd = -1;
	ssize_t n;

	layout_object(path, LAYOUT_LAYERS, layer, NULL);
	fd = sys_open(s->root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return err_set(e, fd, "store: open %s", path);
	n = file_read(fd, META_NAME, text, sizeof(text), e);
	if (n < 0) {
		err_wrap(e, "%s", path);
		return (int)n;
	}
	if (!parse_meta((struct span){text, (size_t)n}, &meta))
		return err_text(e, -EBADMSG, "%s/%s is damaged", path, META_NAME);
	*ret_meta = meta;
	return 0;
}

int store_layer_bytes(const struct store *s, const struct digest *layer, uint64_t *ret_bytes,
		      struct err *e)
{
	struct store_layer_meta meta;
	int r = store_layer_meta(s, layer, &meta, e);

	if (r == 0)
		*ret_bytes = meta.unpacked_bytes;
	return r;
}

int store_layer_part(const struct store *s, const struct digest *layer, const char *name,
		     struct err *e)
{
	char path[LAYOUT_PATH_CAP];
	int fd;

	layout_object(path, LAYOUT_LAYERS, layer, name);
	fd = sys_open(s->root_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	return fd < 0 ? err_set(e, fd, "store: open %s", path) : fd;
}

int store_layer_each(const struct store *s, store_name_fn *fn, void *data, struct err *e)
{
	return store_each(s, LAYOUT_LAYERS, fn, data, e);
}

static int check_blob(const struct store *s, const struct digest *layer, const struct digest *want,
		      struct err *e)
{
	auto_close int fd = store_layer_part(s, layer, STORE_LAYER_BLOB, e);
	static char chunk[64 * 1024];
	struct sha256 h;
	struct digest is;
	ssize_t n;

	if (fd < 0)
		return fd;
	sha256_init(&h);
	while ((n = sys_read(fd, chunk, sizeof(chunk))) > 0)
		sha256_update(&h, chunk, (size_t)n);
	if (n < 0)
		return err_set(e, (int)n, "read its blob");
	sha256_final(&h, &is);
	return digest_eq(&is, want) ? 0 : err_text(e, -EBADMSG, "its blob has changed");
}

int store_layer_check(const struct store *s, const struct digest *layer, struct err *e)
{
	struct store_layer_meta meta;
	char path[LAYOUT_PATH_CAP];
	auto_close int fd = -1;
	struct digest tree;
	int r = store_layer_meta(s, layer, &meta, NULL);

	if (r < 0)
		return 0; /* store_fsck() tells */
	fd = sys_open(s->root_fd, layout_object(path, LAYOUT_LAYERS, layer, NULL),
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return err_set(e, fd, "open it");
	r = meta.has_tree ? layer_sum(fd, &tree, e) : 0;
	if (r < 0)
		return r;
	if (meta.has_tree && !digest_eq(&tree, &meta.tree))
		return err_text(e, -EBADMSG,
				"names, owners, modes, times or attributes in it have changed");
	return meta.has_blob ? check_blob(s, layer, &meta.blob, e) : 0;
}
