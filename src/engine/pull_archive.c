/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images from a file: an OCI layout or a docker-archive in a tar archive, compressed or not, perhaps
 * from a pipe. The unpack role takes the archive apart into a staging directory, under the same rules as a
 * layer, and that directory is then read like any other layout. It costs the archive's size once more
 * while it is loaded; nothing of it stays.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "engine/pull_job.h"
#include "sys/fd.h"

static uint8_t frame[16 * 1024];

static void ended(struct pull *p, struct err *e)
{
	loop_io_fini(&p->unpack_io);
	role_end(&p->unpack, NULL);
	if (e->code) {
		err_wrap(e, "read the archive");
		pull_fail(p, e);
	} else {
		pull_fetch_first(p);
	}
}

static void nothing_below(struct pull *p)
{
	uint8_t mem[32];
	struct msg_out o;

	msg_begin(&o, mem, sizeof(mem), UNPACK_LOWER_IS);
	enc_i64(&o.enc, -ENOENT);
	enc_u64(&o.enc, 0);
	msg_send(p->unpack.peer_fd, &o);
}

static void on_archive(struct loop_io *io, uint32_t events)
{
	struct pull *p = io->data;
	struct err e = {0};
	struct dec d;
	struct msg m;
	int r;

	(void)events;
	r = pull_recv(&p->unpack, io, frame, sizeof(frame), &m, &e);
	if (r == 0)
		return;
	if (r > 0) {
		pull_role_dec(&d, &m);
		if (m.type == UNPACK_OPAQUE)
			return; /* a whiteout has no meaning here */
		if (m.type == UNPACK_LOWER) {
			nothing_below(p);
			return;
		}
		if (m.type == UNPACK_ERROR)
			pull_role_error(&p->unpack, &d, &e);
		else if (m.type != UNPACK_DONE)
			pull_broken(&p->unpack, &e);
	}
	ended(p, &e);
}

static int start(struct pull *p, int archive_fd, struct err *e)
{
	const int fds[] = {archive_fd, p->layout_fd, -1, -1};
	struct msg_out o;
	int r = role_spawn(ROLE_UNPACK, fds, ARRAY_LEN(fds), p->cgroup.procs, &p->unpack, e);

	if (r < 0)
		return r;
	r = loop_io_init(&p->unpack_io, p->env.loop, p->unpack.peer_fd, EPOLLIN, on_archive, p);
	if (r < 0)
		return err_set(e, r, "watch the unpack role");
	msg_begin(&o, frame, sizeof(frame), UNPACK_START);
	enc_u32(&o.enc, UNPACK_DETECT);
	enc_u64(&o.enc, 0);
	enc_u64(&o.enc, 0);
	enc_u64(&o.enc, 0);
	enc_u64(&o.enc, 0);
	r = msg_send(p->unpack.peer_fd, &o);
	return r < 0 ? err_set(e, r, "send the archive to the unpack role") : 0;
}

void pull_archive(struct pull *p)
{
	auto_close int archive_fd = take_fd(&p->layout_fd);
	struct err e = {0};
	int r;

	p->state = PULL_ARCHIVE;
	pull_progress(p, "archive", "reading", 0, 0);
	p->layout_fd = store_layer_begin(p->env.store, p->archive, &e);
	if (p->layout_fd < 0)
		p->archive[0] = '\0';
	r = p->layout_fd < 0 ? p->layout_fd : start(p, archive_fd, &e);
	if (r < 0)
		pull_fail(p, &e);
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
