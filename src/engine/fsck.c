/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the store what it was? First its structure; then a child looks through the layers' trees (@sums), and a
 * pack role makes each layer's archive again, whose digest has to be the diff ID. To repair is to take away what the
 * store has not made, and to pull images again whose parts are damaged, by digest: what comes is what was
 * there. The damaged layer stays until its successor is ready. A layer that a container runs from is left
 * alone: it would vanish below it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "engine/engine.h"
#include "engine/event.h"
#include "engine/server.h"
#include "engine/sweep.h"
#include "sys/fd.h"
#include "sys/mem.h"
#include "unpack/unpack.h"

#define ANSWER_CAP (64 * 1024)
#define MAX_STRAYS 32
#define MAX_IMAGES 64

struct part { /* of an image */
	struct digest layer, diff_id;
};

static struct {
	bool active, repair;
	unsigned int found, left; /* findings; those that are not repaired */
	struct loop_child child;
	int answer_fd;
	struct role_proc pack;
	struct loop_io io;
	struct part parts[CONFIG_STORE_MAX_LAYERS];
	size_t n_parts, part;
	struct digest bad[STORE_MAX_BAD];
	size_t n_bad;
	struct {
		enum layout_dir dir;
		char name[256];
	} strays[MAX_STRAYS];
	size_t n_strays;
	struct digest images[MAX_IMAGES]; /* to be pulled again */
	size_t n_images;
	struct reference ref; /* that is pulled */
	bool pulling, ref_was_there;
} job; /* no initialiser: its memory must not be in the file */

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	char text[640];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (struct client *c = NULL; (c = client_each(c));)
		if (c->wait == CLIENT_FSCK)
			client_text(c, text);
}

static void end(const struct err *e)
{
	unsigned int code = job.repair ? job.left : job.found;

	if (job.repair && job.found)
		say("%u found, %u repaired", job.found, job.found - job.left);
	engine.store.n_bad = 0;
	job.active = false;
	for (struct client *c = NULL; (c = client_each(c));) {
		if (c->wait != CLIENT_FSCK)
			continue;
		if (e) {
			client_error(c, 1, "%s", e->msg);
			continue;
		}
		client_exit(c, code > 255 ? 255 : (int)code);
		client_done(c);
	}
	engine_changed(); /* sweeps */
}

/* no room: told, and found again next time */
static bool note(struct digest *list, size_t *n, size_t cap, const struct digest *d)
{
	for (size_t i = 0; i < *n; i++)
		if (digest_eq(&list[i], d))
			return true;
	if (*n < cap)
		list[(*n)++] = *d;
	return *n < cap;
}

/* Repair ------------------------------------------------------------------------------------------ */

static int same_image(const struct reference *ref, const struct digest *manifest, int64_t set_s,
		      void *data)
{
	(void)set_s;
	if (!digest_eq(manifest, data))
		return 0;
	job.ref = *ref;
	return 1;
}

static bool pull_one(const struct digest *image, struct err *e)
{
	struct digest is;
	int r = store_ref_each(&engine.store, same_image, (void *)(uintptr_t)image, e);

	if (r == 0)
		err_text(e, -ENOENT, "no name tells where to fetch it from");
	if (r <= 0)
		return false;
	job.ref.digest = *image;
	job.ref.has_digest = true;
	job.ref_was_there = store_ref_get(&engine.store, &job.ref, &is, NULL) == 0;
	job.pulling = image_want(&job.ref, NULL, e) == 0;
	return job.pulling;
}

static void not_repaired(const struct digest *image, const struct err *e)
{
	char hex[DIGEST_HEX_LEN + 1];

	job.left++;
	say("images/%s: not repaired: %s", digest_hex(hex, image), e->msg);
}

static void next_image(void)
{
	while (job.n_images) {
		struct err e = {0};

		if (pull_one(&job.images[job.n_images - 1], &e))
			return;
		not_repaired(&job.images[--job.n_images], &e);
	}
	/* what several images share is one finding */
	if (job.left > job.found)
		job.left = job.found;
	end(NULL);
}

bool fsck_waits_for(const struct reference *ref)
{
	return job.pulling && reference_same(&job.ref, ref);
}

void fsck_image_arrived(const struct reference *ref, const struct err *e)
{
	const struct digest *image = &job.images[job.n_images - 1];
	char name[REFERENCE_TEXT_CAP], hex[DIGEST_HEX_LEN + 1];

	if (!fsck_waits_for(ref))
		return;
	job.pulling = false;
	if (e)
		not_repaired(image, e);
	else
		say("images/%s: fetched again from %s", digest_hex(hex, image),
		    reference_short(name, ref));
	if (!job.ref_was_there)
		store_ref_delete(&engine.store, ref, NULL);
	job.n_images--;
	next_image();
}

static const char *user_of(const struct digest *layer)
{
	auto_scratch size_t mark = scratch_mark();

	for (struct container *k = NULL; (k = container_each(k));) {
		struct store_image img;

		engine.scratch.len = mark;
		if (!container_alive(k) ||
		    store_image_get(&engine.store, &k->image, &engine.scratch, &img, NULL) < 0)
			continue;
		for (size_t i = 0; i < img.config.n_diff_ids; i++)
			if (digest_eq(&img.layers[i], layer))
				return k->name;
	}
	return NULL;
}

/* an image that a damaged layer belongs to */
static int note_image(const struct digest *manifest, void *data)
{
	auto_scratch size_t mark = scratch_mark();
	struct store_image img;

	(void)mark;
	if (store_image_get(&engine.store, manifest, &engine.scratch, &img, NULL) < 0)
		return 0;
	for (size_t i = 0; i < img.config.n_diff_ids; i++)
		if (digest_eq(&img.layers[i], data) &&
		    note(job.images, &job.n_images, MAX_IMAGES, manifest))
			return 1; /* one is enough */
	return 0;
}

static void repair_layer(struct digest *layer, bool damaged_images)
{
	char hex[DIGEST_HEX_LEN + 1];
	const char *user = user_of(layer);
	struct err e = {0};

	digest_hex(hex, layer);
	if (user)
		err_text(&e, -EBUSY, "container %s runs from it: stop that, then once more", user);
	else if (store_image_each(&engine.store, note_image, layer, NULL) > 0) {
		if (store_replace(&engine.store, layer))
			return;
		err_text(&e, -ENOSPC, "too much is damaged: once more");
	} else if (damaged_images) { /* it may be theirs */
		err_text(&e, -EAGAIN, "once more, when all images are whole");
	} else if (store_discard(&engine.store, LAYOUT_LAYERS, hex, &e) == 0) {
		say("layers/%s: removed", hex);
		return;
	}
	job.left++;
	say("layers/%s: not repaired: %s", hex, e.msg);
}

static void repair(void)
{
	struct err e = {0};
	bool damaged_images;

	for (size_t i = 0; i < job.n_strays; i++) {
		const char *dir = layout_dir(job.strays[i].dir), *name = job.strays[i].name;

		if (store_discard(&engine.store, job.strays[i].dir, name, &e) == 0) {
			say("%s/%s: removed", dir, name);
			continue;
		}
		job.left++;
		say("%s/%s: not repaired: %s", dir, name, e.msg);
	}
	damaged_images = job.n_images > 0;
	for (size_t i = 0; i < job.n_bad; i++)
		repair_layer(&job.bad[i], damaged_images);
	for (size_t i = 0; i < job.n_images; i++)
		store_replace(&engine.store, &job.images[i]);
	next_image();
}

/* Looking ----------------------------------------------------------------------------------------- */

static void bad_layer(const struct digest *layer, const char *why)
{
	char hex[DIGEST_HEX_LEN + 1];
	size_t n = job.n_bad;

	/* one that pull or gc has taken away meanwhile is none */
	if (!store_layer_exists(&engine.store, layer))
		return;
	note(job.bad, &job.n_bad, STORE_MAX_BAD, layer);
	if (job.n_bad == n)
		return;
	job.found++;
	say("layers/%s: %s", digest_hex(hex, layer), why);
}

static void next_part(void);

static void on_pack(struct loop_io *io, uint32_t events)
{
	const struct part *part = &job.parts[job.part];
	struct err e = {0};
	uint8_t frame[512];
	struct digest is;
	struct msg m = {0};
	struct dec d;
	int r = role_recv(&job.pack, frame, sizeof(frame), &m, 0);

	(void)events;
	loop_io_fini(io);
	msg_close_fds(&m);
	dec_init(&d, m.payload, m.len, &engine.scratch);
	if (r > 0 && m.type == PACK_DONE) {
		dec_digest(&d, &is);
		if (d.bad || !digest_eq(&is, &part->diff_id))
			bad_layer(&part->layer, "the content of its files has changed");
	} else if (r > 0) {
		auto_scratch size_t mark = scratch_mark();
		int64_t code = dec_i64(&d);
		char *why = dec_str_req(&d);

		(void)mark;
		if (d.bad || code != -ENODATA)
			bad_layer(&part->layer, d.bad ? "damaged" : why);
	} else {
		err_text(&e, -EIO, "the pack role ended early");
	}
	role_end(&job.pack, NULL);
	job.part++;
	if (e.code)
		end(&e);
	else
		next_part();
}

/* Return: 1 on_pack() follows; 0 it is found damaged; -errno */
static int pack(const struct digest *layer, struct err *e)
{
	struct err why = {0};
	auto_close int split_fd = store_layer_part(&engine.store, layer, STORE_LAYER_SPLIT, &why);
	auto_close int tree_fd = split_fd < 0 ? -1 : store_layer_open(&engine.store, layer, &why);
	int r;

	if (tree_fd < 0) {
		bad_layer(layer, why.msg);
		return 0;
	}
	r = role_spawn(ROLE_PACK, (const int[]){split_fd, tree_fd, -1}, 3, NULL, &job.pack, e);
	if (r < 0)
		return r;
	r = loop_io_init(&job.io, &engine.loop, job.pack.peer_fd, EPOLLIN, on_pack, NULL);
	if (r < 0)
		role_end(&job.pack, NULL);
	return r < 0 ? err_set(e, r, "watch the pack role") : 1;
}

static void next_part(void)
{
	struct err e = {0};

	while (job.part < job.n_parts) {
		int r = pack(&job.parts[job.part].layer, &e);

		if (r < 0)
			end(&e);
		if (r != 0)
			return;
		job.part++;
	}
	if (job.repair)
		repair();
	else
		end(NULL);
}

static int add_parts(const struct digest *manifest, void *data)
{
	auto_scratch size_t mark = scratch_mark();
	struct store_image img;

	(void)mark, (void)data;
	if (store_image_get(&engine.store, manifest, &engine.scratch, &img, NULL) < 0)
		return 0;
	for (size_t i = 0; i < img.config.n_diff_ids; i++) {
		size_t k = 0;

		while (k < job.n_parts && !digest_eq(&job.parts[k].layer, &img.layers[i]))
			k++;
		if (k == job.n_parts && k < CONFIG_STORE_MAX_LAYERS &&
		    store_layer_exists(&engine.store, &img.layers[i]))
			job.parts[job.n_parts++] =
				(struct part){img.layers[i], img.config.diff_ids[i]};
	}
	return 0;
}

static void summed(struct loop_child *child, struct sys_exit x)
{
	auto_unmap struct sys_map map = {0};
	auto_scratch size_t mark = scratch_mark();
	auto_close int answer_fd = take_fd(&job.answer_fd);
	struct err e = {0};
	struct dec d;

	(void)child, (void)mark;
	if (sys_exit_code(x) || sys_map_file(answer_fd, &map) < 0) {
		err_text(&e, -EIO, "the layers could not be read");
		end(&e);
		return;
	}
	dec_init(&d, map.p, map.len, &engine.scratch);
	while (!d.bad && d.pos < d.len) {
		struct digest layer;
		char *why;

		dec_digest(&d, &layer);
		why = dec_str_req(&d);
		if (!d.bad)
			bad_layer(&layer, why);
	}
	store_image_each(&engine.store, add_parts, NULL, NULL);
	next_part();
}

static int put_layer(const char *name, void *data)
{
	static const struct store s = {.root_fd = SWEEP_FD_WORK};
	struct digest layer;
	struct err e = {0};

	if (layout_digest(name, &layer) == 0 && store_layer_check(&s, &layer, &e) < 0) {
		enc_digest(data, &layer);
		enc_str(data, e.msg);
	}
	return 0;
}

int sums_main(int argc, char **argv)
{
	static uint8_t mem[ANSWER_CAP];
	const struct store s = {.root_fd = SWEEP_FD_WORK};
	struct enc enc;

	(void)argc, (void)argv;
	enc_init(&enc, mem, sizeof(mem));
	return store_layer_each(&s, put_layer, &enc, NULL) < 0 || !enc_ok(&enc) ||
	       sys_write_all(SWEEP_FD_ANSWER, enc.p, enc.len) < 0;
}

static void report(enum layout_dir d, const char *name, const char *what, void *data)
{
	struct digest digest;
	struct reference ref;

	(void)data;
	job.found++;
	say("%s", what);
	if (!job.repair)
		return;
	if (d == LAYOUT_REFS && layout_ref_parse(name, &ref) == 0 &&
	    store_ref_get(&engine.store, &ref, &digest, NULL) == 0)
		note(job.images, &job.n_images, MAX_IMAGES, &digest);
	else if (d == LAYOUT_IMAGES && layout_digest(name, &digest) == 0)
		note(job.images, &job.n_images, MAX_IMAGES, &digest);
	else if (d == LAYOUT_LAYERS && layout_digest(name, &digest) == 0)
		note(job.bad, &job.n_bad, STORE_MAX_BAD, &digest);
	else if (d <= LAYOUT_REFS || d == LAYOUT_PARTIAL) {
		if (job.n_strays < MAX_STRAYS) {
			job.strays[job.n_strays].dir = d;
			str_copy(job.strays[job.n_strays++].name, sizeof(job.strays[0].name), name);
		} else {
			job.left++;
		}
	} else {
		job.left++; /* what is in it is not ours to throw away */
	}
}

void verb_fsck(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct err e = {0};

	(void)m;
	if (job.active) {
		client_error(c, 1, "another fsck is under way");
		return;
	}
	job.active = true;
	job.repair = r->flags & CTL_F_FORCE;
	job.found = job.left = 0;
	job.n_parts = job.part = job.n_bad = job.n_strays = job.n_images = 0;
	client_watch(c, CLIENT_FSCK, NULL);
	if (store_fsck(&engine.store, report, NULL, &e) < 0) {
		end(&e);
		return;
	}
	job.answer_fd = sys_memfd("sums", 0);
	if (job.answer_fd < 0)
		err_set(&e, job.answer_fd, "make a memory file");
	else if (sweep_spawn("@sums", engine.store.root_fd, job.answer_fd, &job.child, summed,
			     &e) == 0)
		return;
	sys_close(take_fd(&job.answer_fd));
	end(&e);
}
