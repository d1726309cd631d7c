/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUSH: an image to its registry. The fetch role talks to the registry, pack roles make layers' archives;
 * the job only says what comes next and hands over descriptors. One at a time, the others wait.
 *
 * A layer is pushed as the manifest has it where its bytes are kept, and named so where the registry has it
 * already; else it is sent uncompressed. If all are as the manifest says, it is pushed byte for byte; else
 * a manifest is made that names what was sent.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/kconfig.h"
#include "base/num.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/fetcher.h"
#include "engine/link.h"
#include "engine/pack.h"
#include "engine/pull_cgroup.h"
#include "engine/server.h"
#include "sys/fd.h"

#define PIPE_BYTES (256 * 1024)

/* what is under way with a blob: the question, then the bytes, as the manifest has it; then as an archive */
enum push_phase { PUSH_ASK, PUSH_SEND, PUSH_ASK_TAR, PUSH_SEND_TAR };

static struct push_job {
	struct client *client; /* NULL = no job; may go away whenever it is told something */
	struct reference ref;
	struct digest manifest;
	struct access access;
	struct role_proc fetch;
	struct loop_io io;
	struct link_watch link;
	struct pull_cgroup cgroup;
	char mount[REFERENCE_REPO_CAP]; /* a repository there that may hold some of it; "" = none */
	size_t at;			/* layers, the configuration, the manifest */
	enum push_phase phase;
	bool tar[IMAGE_MAX_LAYERS]; /* is not as the manifest has it */
	uint32_t id;
	uint64_t sent_bytes, manifest_bytes;
	struct digest pushed;	/* manifest as it was sent */
	struct store_image img; /* in the scratch arena, as long as one answer is worked on */
} job;

static struct loop_timer start_timer;

static void start_next(struct loop_timer *t);

static void soon(void)
{
	loop_timer_fini(&start_timer);
	loop_timer_init(&start_timer, &engine.loop, start_next, NULL);
	loop_timer_set(&start_timer, 0);
}

const struct digest *push_image(void)
{
	return job.client ? &job.manifest : NULL;
}

/* The end --------------------------------------------------------------------------------------- */

/* Everything is given back. Return: whom to tell */
static struct client *end(struct push_job *j)
{
	struct client *c = j->client;

	link_watch_stop(&j->link);
	loop_io_fini(&j->io);
	role_end(&j->fetch, NULL);
	access_fini(&j->access);
	pull_cgroup_remove(&j->cgroup);
	j->client = NULL;
	soon();
	return c;
}

static void fail(struct push_job *j, struct err *e)
{
	char name[REFERENCE_TEXT_CAP], quoted[EVENT_TEXT_CAP];

	if (!j->client) /* it went away while it was told something */
		return;
	event_err("push-failed", e, "image=%s", event_text(quoted, reference_short(name, &j->ref)));
	err_wrap(e, "%s", name);
	client_error(end(j), 1, "%s", e->msg);
}

static void succeed(struct push_job *j)
{
	char text[REFERENCE_TEXT_CAP], quoted[EVENT_TEXT_CAP];
	uint64_t peak = pull_cgroup_peak(&j->cgroup, j->fetch.pid, 0);
	struct client *c = j->client;

	event("push-done", "image=%s sent=%llu", event_text(quoted, reference_short(text, &j->ref)),
	      (unsigned long long)j->sent_bytes);
	client_pair(c, "digest", "%s", digest_text(text, &j->pushed));
	client_pair(c, "size", "%llu", (unsigned long long)j->manifest_bytes);
	client_pair(c, "new_manifest", "%s", digest_eq(&j->pushed, &j->manifest) ? "no" : "yes");
	client_pair(c, "sent_bytes", "%llu", (unsigned long long)j->sent_bytes);
	client_pair(c, "peak_memory_bytes", "%llu", (unsigned long long)peak);
	if (j->client)
		client_done(end(j));
}

void push_client_gone(const struct client *c)
{
	if (job.client == c)
		end(&job);
}

static int broken(struct err *e)
{
	return err_text(e, -EBADMSG, "the fetch role broke its protocol");
}

/* Blobs ----------------------------------------------------------------------------------------- */

static int get_image(struct push_job *j, struct err *e)
{
	return store_image_get(&engine.store, &j->manifest, &engine.scratch, &j->img, e);
}

static const struct image_descriptor *descriptor(const struct push_job *j)
{
	return j->at < j->img.config.n_diff_ids ? &j->img.manifest.layers[j->at]
						: &j->img.manifest.config;
}

static void progress(struct push_job *j, const char *text, uint64_t done, uint64_t total)
{
	char hex[DIGEST_HEX_LEN + 1] = "manifest";

	if (!j->client || j->client->flags & CTL_F_QUIET)
		return;
	if (j->at == j->img.config.n_diff_ids)
		str_copy(hex, sizeof(hex), "config");
	else if (j->at < j->img.config.n_diff_ids)
		digest_hex(hex, &descriptor(j)->digest), hex[12] = '\0';
	client_progress(j->client, hex, text, done, total);
}

/* what is asked for or sent now, and how large it is */
static int blob_now(struct push_job *j, struct digest *ret_digest, uint64_t *ret_bytes,
		    struct err *e)
{
	struct store_layer_meta m = {0};
	int r;

	*ret_digest = descriptor(j)->digest;
	*ret_bytes = descriptor(j)->size;
	if (j->phase == PUSH_ASK || j->phase == PUSH_SEND)
		return 0;
	r = store_layer_meta(&engine.store, &j->img.layers[j->at], &m, e);
	*ret_digest = j->img.config.diff_ids[j->at];
	*ret_bytes = m.tar_bytes;
	return r;
}

/* Return: fd with the bytes that are sent now; -ENOENT they are not kept; -errno */
static int open_blob(struct push_job *j, struct err *e)
{
	const struct digest *layer = &j->img.layers[j->at];
	struct store_layer_meta m;
	int r;

	if (j->at == j->img.config.n_diff_ids)
		return store_image_raw(&engine.store, &j->manifest, "config", e);
	r = store_layer_meta(&engine.store, layer, &m, e);
	if (r < 0)
		return r;
	if (j->phase != PUSH_SEND_TAR) {
		if (IS_ENABLED(CONFIG_STORE_BLOBS) && m.has_blob &&
		    digest_eq(&m.blob, &descriptor(j)->digest))
			return store_layer_part(&engine.store, layer, STORE_LAYER_BLOB, e);
		if (!digest_eq(&descriptor(j)->digest, &j->img.config.diff_ids[j->at]))
			return -ENOENT;
	}
	if (!m.tar_bytes)
		return err_text(e, -ENODATA,
				"stored by an older cleat: remove it and pull it again");
	r = pack_start(layer, j->cgroup.procs, e);
	if (r >= 0)
		sys_pipe_size(r, PIPE_BYTES);
	return r;
}

/* the question, or the bytes. Return: 0; -errno */
static int ask_or_send(struct push_job *j, struct err *e)
{
	auto_close int fd = -1;
	char text[DIGEST_TEXT_CAP];
	struct digest digest;
	uint64_t bytes;
	int r;

	if (j->phase == PUSH_SEND || j->phase == PUSH_SEND_TAR) {
		fd = open_blob(j, e);
		if (fd < 0 && (fd != -ENOENT || e->code))
			return fd;
		if (fd < 0)
			j->phase = PUSH_ASK_TAR;
	}
	r = blob_now(j, &digest, &bytes, e);
	if (r < 0)
		return r;
	if (fd >= 0)
		progress(j, "pushing", 0, bytes);
	else
		bytes = j->phase == PUSH_ASK && j->mount[0];
	return fetcher_put(&j->fetch, ++j->id, digest_text(text, &digest), NULL, bytes, fd, e);
}

/* The manifest ---------------------------------------------------------------------------------- */

static char *layer_type(enum image_compression c)
{
	static const char *const types[] = {
		[IMAGE_TAR] = IMAGE_TYPE_TAR,
		[IMAGE_TAR_GZIP] = IMAGE_TYPE_TAR "+gzip",
		[IMAGE_TAR_ZSTD] = IMAGE_TYPE_TAR "+zstd",
	};

	return (char *)(uintptr_t)types[c];
}

/* of what the registry has got. Return: fd; -errno */
static int make_manifest(struct push_job *j, struct err *e)
{
	const size_t cap = 48 * 1024;
	struct store_image *img = &j->img;
	char *mem = arena_alloc(&engine.scratch, cap);
	auto_close int fd = sys_memfd("manifest", 0);
	struct sha256 h;
	struct buf b;
	int r;

	if (!mem || fd < 0)
		return err_text(e, -ENOMEM, "no memory for the manifest");
	for (size_t i = 0; i < img->config.n_diff_ids; i++) {
		struct image_descriptor *d = &img->manifest.layers[i];
		struct store_layer_meta m;

		if (j->tar[i]) {
			r = store_layer_meta(&engine.store, &img->layers[i], &m, e);
			if (r < 0)
				return r;
			*d = (struct image_descriptor){.digest = img->config.diff_ids[i],
						       .size = m.tar_bytes};
		}
		d->media_type = layer_type(d->compression);
	}
	img->manifest.config.media_type = (char *)(uintptr_t)IMAGE_TYPE_CONFIG;
	buf_init(&b, mem, cap);
	image_write_manifest(&b, &img->manifest.config, img->manifest.layers,
			     img->config.n_diff_ids);
	if (!buf_ok(&b))
		return err_text(e, -EFBIG, "the manifest is longer than %zu bytes", cap);
	sha256_init(&h);
	sha256_update(&h, b.p, b.len);
	sha256_final(&h, &j->pushed);
	r = sys_write_all(fd, b.p, b.len);
	if (r >= 0)
		r = (int)sys_seek(fd, 0, SEEK_SET);
	return r < 0 ? err_set(e, r, "keep the manifest") : take_fd(&fd);
}

static int send_manifest(struct push_job *j, struct err *e)
{
	bool docker = str_starts(j->img.manifest.config.media_type, "application/vnd.docker");
	auto_close int fd = -1;
	struct stat st;
	int r;

	j->pushed = j->manifest;
	if (memchr(j->tar, true, sizeof(j->tar))) {
		docker = false;
		fd = make_manifest(j, e);
	} else {
		fd = store_image_raw(&engine.store, &j->manifest, "manifest", e);
	}
	if (fd < 0)
		return fd;
	r = sys_stat(fd, &st);
	if (r < 0)
		return err_set(e, r, "the image's manifest");
	j->manifest_bytes = (uint64_t)st.st_size;
	progress(j, "pushing", 0, j->manifest_bytes);
	return fetcher_put(&j->fetch, ++j->id, j->ref.tag,
			   docker ? IMAGE_TYPE_DOCKER_MANIFEST : IMAGE_TYPE_MANIFEST,
			   j->manifest_bytes, fd, e);
}

/* Steps ----------------------------------------------------------------------------------------- */

static int next(struct push_job *j, const char *text, struct err *e)
{
	progress(j, text, 0, 0);
	j->tar[j->at] = j->phase == PUSH_ASK_TAR || j->phase == PUSH_SEND_TAR;
	j->at++;
	j->phase = PUSH_ASK;
	return j->at > j->img.config.n_diff_ids ? send_manifest(j, e) : ask_or_send(j, e);
}

static int answered(struct push_job *j, uint64_t have, struct err *e)
{
	char text[REFERENCE_REPO_CAP + 16];

	if (have == FETCH_ABSENT) {
		j->phase++;
		return ask_or_send(j, e);
	}
	str_printf(text, sizeof(text), "mounted from %s", j->mount);
	return next(j, have == FETCH_MOUNTED ? text : "already there", e);
}

/* Return: 1 all is done; 0; -errno */
static int got_done(struct push_job *j, struct dec *d, struct err *e)
{
	uint64_t bytes = dec_u64(d);
	char text[DIGEST_TEXT_CAP];
	const char *digest;

	dec_str(d);
	digest = dec_str(d);
	if (d->bad)
		return broken(e);
	if (j->at > j->img.config.n_diff_ids) {
		if (digest && !str_eq(digest, digest_text(text, &j->pushed)))
			return err_text(
				e, -EBADMSG,
				"the registry stored another manifest (%.80s) than was sent (%s)",
				digest, text);
		progress(j, "pushed", 0, 0);
		return 1;
	}
	if (j->phase == PUSH_ASK || j->phase == PUSH_ASK_TAR)
		return answered(j, bytes, e);
	j->sent_bytes += bytes;
	return next(j, "pushed", e);
}

/* the pack role knows better why there was not enough */
static int got_error(struct dec *d, struct err *e)
{
	int64_t code = dec_i64(d);
	const char *text = dec_str_req(d);
	uint32_t class = dec_u32(d);

	if (dec_done(d) < 0 || code >= 0 || code < -4095)
		return broken(e);
	err_text(e, (int)code, "%s", text);
	if (class == FETCH_E_SINK && pack_failure()->code)
		*e = *pack_failure();
	return e->code;
}

static void wake(void *data)
{
	struct push_job *j = data;

	msg_send_simple(j->fetch.peer_fd, FETCH_WAKE); /* best effort: the wait ends by itself */
}

static int got_wait(struct push_job *j, struct dec *d, struct err *e)
{
	uint32_t ms = dec_u32(d);
	const char *why = dec_str_req(d);
	char text[256];

	if (dec_done(d) < 0)
		return broken(e);
	link_watch_start(&j->link, &engine.loop, wake, j);
	snprintf(text, sizeof(text), "next attempt in %u s: %s", (ms + 999) / 1000, why);
	progress(j, text, 0, 0);
	return 0;
}

static int got_progress(struct push_job *j, struct dec *d, struct err *e)
{
	uint64_t done = dec_u64(d), bytes;
	struct digest digest;

	if (dec_done(d) == 0 && j->at <= j->img.config.n_diff_ids &&
	    blob_now(j, &digest, &bytes, e) == 0)
		progress(j, "pushing", done, bytes);
	return e->code;
}

/* Return: as got_done() */
static int got_frame(struct push_job *j, uint32_t type, struct dec *d, struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	uint32_t id = dec_u32(d);
	int r = get_image(j, e);

	(void)mark;
	if (r < 0)
		return r;
	if (type == FETCH_ERROR)
		return got_error(d, e);
	if (id != j->id)
		return broken(e);
	if (type == FETCH_WAIT)
		return got_wait(j, d, e);
	link_watch_stop(&j->link);
	if (type == FETCH_DONE)
		return got_done(j, d, e);
	if (type == FETCH_PROGRESS)
		return got_progress(j, d, e);
	j->id--; /* FETCH_AGAIN: the same order, the same answer */
	return ask_or_send(j, e);
}

static void on_fetch(struct loop_io *io, uint32_t events)
{
	static uint8_t frame[2048], strings[2048];
	struct push_job *j = io->data;
	struct err e = {0};
	struct arena arena;
	struct dec d;
	struct msg m;
	int r = role_recv(&j->fetch, frame, sizeof(frame), &m, MSG_DONTWAIT);

	(void)events;
	if (r == -EAGAIN)
		return;
	if (r == 1) {
		msg_close_fds(&m);
		arena_init(&arena, strings, sizeof(strings));
		dec_init(&d, m.payload, m.len, &arena);
		r = got_frame(j, m.type, &d, &e);
	} else {
		r = err_text(
			&e, -ECONNRESET,
			"the fetch role ended without an answer: CONFIG_PULL_MEMORY_KIB (%d) may "
			"be too little",
			CONFIG_PULL_MEMORY_KIB);
	}
	if (r < 0)
		fail(j, &e);
	else if (r > 0 && j->client)
		succeed(j);
}

/* Start ----------------------------------------------------------------------------------------- */

/* another repository of the registry that has this image may give its blobs */
static int consider(const struct reference *ref, const struct digest *manifest, int64_t set_s,
		    void *data)
{
	struct push_job *j = data;

	(void)set_s;
	if (digest_eq(manifest, &j->manifest) && str_eq(ref->host, j->ref.host) &&
	    !str_eq(ref->repo, j->ref.repo))
		str_copy(j->mount, sizeof(j->mount), ref->repo);
	return 0;
}

static int start_fetch(struct push_job *j, struct err *e)
{
	struct fetcher_want want = {.host = j->ref.host,
				    .repository = j->ref.repo,
				    .config_path = engine.config,
				    .cgroup_procs = j->cgroup.procs,
				    .settings = &j->access.settings,
				    .login = &j->access.login,
				    .push = true,
				    .mount = j->mount[0] ? j->mount : NULL};
	int r;

	if (j->access.settings.rate)
		num_u64(span_of(j->access.settings.rate), UINT64_MAX, &want.rate_bytes_s);
	r = fetcher_start(&want, &j->fetch, e);
	access_fini(&j->access);
	if (r < 0)
		return r;
	r = loop_io_init(&j->io, &engine.loop, j->fetch.peer_fd, EPOLLIN, on_fetch, j);
	return r < 0 ? err_set(e, r, "watch the fetch role") : 0;
}

static void got_access(void *data, const struct err *error)
{
	auto_scratch size_t mark = scratch_mark();
	struct push_job *j = data;
	struct err e = {0};

	(void)mark;
	if (error)
		e = *error;
	else if (get_image(j, &e) == 0 && store_ref_each(&engine.store, consider, j, &e) == 0 &&
		 start_fetch(j, &e) == 0)
		ask_or_send(j, &e);
	if (e.code)
		fail(j, &e);
}

static void start_next(struct loop_timer *t)
{
	struct push_job *j = &job;
	struct client *c = NULL;
	struct err e = {0};

	(void)t;
	while (!j->client && (c = client_each(c)))
		if (c->wait == CLIENT_PUSH)
			break;
	if (j->client || !c)
		return;
	j->client = c;
	j->ref = c->image;
	j->fetch = (struct role_proc){.pidfd = -1, .peer_fd = -1};
	j->at = 0;
	j->phase = PUSH_ASK;
	memset(j->tar, 0, sizeof(j->tar));
	j->mount[0] = '\0';
	j->sent_bytes = 0;
	/* the name may have been given to another image while this waited */
	if (store_ref_get(&engine.store, &j->ref, &j->manifest, &e) == 0) {
		const struct access_want want = {.loop = &engine.loop,
						 .config_path = engine.config,
						 .cgroup_procs = j->cgroup.procs,
						 .host = j->ref.host,
						 .repository = j->ref.repo,
						 .done = got_access,
						 .data = j};

		pull_cgroup_make(&j->cgroup, NULL, engine.cgroup_parent, "push");
		access_start(&j->access, &want);
	} else {
		fail(j, &e);
	}
}

void verb_push(struct client *c, const struct ctl_request *r, struct msg *m)
{
	char name[REFERENCE_TEXT_CAP];
	struct digest manifest;
	struct err e = {0};

	(void)m;
	if (!r->name || reference_parse(r->name, &c->image, &e) < 0)
		client_error(c, 1, "%s", r->name ? e.msg : "which image?");
	else if (c->image.has_digest)
		client_error(c, 1, "%s: a push goes to a name, not to a digest: cleat tag it first",
			     r->name);
	else if (store_ref_get(&engine.store, &c->image, &manifest, NULL) < 0)
		client_error(
			c, 1,
			"no image is called %s here: cleat images lists what is, cleat tag IMAGE %s "
			"gives one this name",
			reference_short(name, &c->image), name);
	else
		client_watch(c, CLIENT_PUSH, NULL);
	if (c->wait == CLIENT_PUSH)
		soon();
}
