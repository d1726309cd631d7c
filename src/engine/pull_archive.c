/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images from a file: an OCI layout or a docker-archive in a tar archive, compressed or not, perhaps
 * from a pipe. The unpack role takes the archive apart into a staging directory, under the same rules as a
 * layer, and that directory is then read like any other layout. It costs the archive's size once more
 * while it is loaded; nothing of it stays.
 */
#include <errno.h>
#include <sys/stat.h>

#include "engine/pull_job.h"
#include "sys/fd.h"

static void ended(struct pull_layer *l, struct err *e)
{
	err_wrap(e, "read the archive");
	pull_fail(l->pull, e);
}

/* of two failures the cause: an archive that breaks off is a consequence */
static void on_inflated(void *data, uint32_t type, struct dec *d, struct err *e)
{
	struct pull_layer *l = data;

	(void)d;
	if (l->inflated)
		return;
	if (type)
		l->inflated = true;
	else if (e->code != -EPIPE || l->unpack_error.code)
		ended(l, e->code == -EPIPE ? &l->unpack_error : e);
	else
		l->inflate_error = *e;
	if (type && l->unpack_error.code)
		ended(l, &l->unpack_error);
}

static void on_unpacked(void *data, uint32_t type, struct dec *d, struct err *e)
{
	struct pull_layer *l = data;
	struct pull *p = l->pull;

	(void)d;
	if (type == UNPACK_OPAQUE)
		return; /* a whiteout has no meaning here */
	if (type == UNPACK_LOWER) {
		pull_unpack_lower_is(l, -ENOENT, 0);
	} else if (type == UNPACK_DONE) {
		pull_layer_drop(l);
		pull_fetch_first(p);
	} else if (l->inflated || l->inflate_error.code) {
		ended(l, e);
	} else {
		l->unpack_error = *e;
	}
}

static void unpack(struct pull *p)
{
	auto_close int archive_fd = take_fd(&p->layout_fd);
	struct err e = {0};
	int r;

	p->state = PULL_ARCHIVE;
	pull_progress(p, "archive", "reading", 0, 0);
	p->layout_fd = store_layer_begin(p->env.store, p->archive, &e);
	if (p->layout_fd < 0)
		p->archive[0] = '\0';
	r = p->layout_fd < 0 ? p->layout_fd
			     : pull_unpack_start(p->layer, archive_fd, p->layout_fd, -1, -1,
						 UNPACK_DETECT, 0, on_inflated, on_unpacked, &e);
	if (r < 0)
		pull_fail(p, &e);
}

void pull_archive(struct pull *p)
{
	struct stat st;

	/* what comes through a pipe has no size */
	if (sys_stat(p->layout_fd, &st) < 0 || !S_ISREG(st.st_mode))
		st.st_size = 0;
	pull_space_archive(p, (uint64_t)st.st_size, unpack);
}

/* Choosing ---------------------------------------------------------------------------------------- */

int pull_pick(struct pull *p, struct image_doc *index, struct err *e)
{
	const char *pick = p->pick[0] ? p->pick : NULL, *first = NULL;
	char mem[256];
	struct buf names;
	size_t kept = 0;
	bool several = false;

	buf_init(&names, mem, sizeof(mem));
	for (size_t i = 0; i < index->n_manifests; i++) {
		const char *name = index->manifests[i].name ? index->manifests[i].name : "<none>";

		if (!first || !str_eq(name, first))
			buf_printf(&names, "%s%s", names.len ? ", " : "", name);
		several |= first && !str_eq(name, first);
		first = first ? first : name;
		if (!pick || image_same_name(name, pick))
			index->manifests[kept++] = index->manifests[i];
	}
	index->n_manifests = kept;
	return kept && (pick || !several) ? 0 : image_several(pick, &names, e);
}

/* The end of a docker-archive: it names no digests, so the manifest is made from what came out. */
int pull_make_manifest(struct pull *p, struct buf *ret_manifest, struct err *e)
{
	const size_t cap = 48 * 1024;
	char *mem = arena_alloc(&p->arena, cap);
	struct sha256 h;

	if (!mem)
		return err_text(e, -EFBIG, "no memory for the manifest (CONFIG_PULL_MODEL_KIB)");
	for (size_t i = 0; i < p->manifest.n_layers; i++) {
		struct image_descriptor *d = &p->manifest.layers[i];
		struct store_layer_meta meta;
		int r = store_layer_meta(p->env.store, &p->layers[i], &meta, e);

		if (r < 0)
			return r;
		*d = (struct image_descriptor){.digest = p->config.diff_ids[i],
					       .size = meta.tar_bytes,
					       .media_type = (char *)(uintptr_t)IMAGE_TYPE_TAR};
	}
	p->manifest.config.digest = p->config.digest;
	p->manifest.config.media_type = (char *)(uintptr_t)IMAGE_TYPE_CONFIG;
	buf_init(ret_manifest, mem, cap);
	image_write_manifest(ret_manifest, &p->manifest.config, p->manifest.layers,
			     p->manifest.n_layers);
	sha256_init(&h);
	sha256_update(&h, ret_manifest->p, ret_manifest->len);
	sha256_final(&h, &p->manifest.digest);
	return buf_ok(ret_manifest) ? 0 : err_text(e, -EFBIG, "the manifest is too long");
}
