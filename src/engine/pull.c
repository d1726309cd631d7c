/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pull job's path: document, parse, (choose, document, parse)*, configuration, parse, layers one
 * after another, image, name. Everything that can fail ends in pull_fail(), which leaves the store
 * as it was, apart from whole layers that a next attempt finds again.
 */
#include "engine/pull.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/num.h"
#include "engine/pull_job.h"
#include "sys/fd.h"
#include "sys/mem.h"

#define PARSE_TIMEOUT_MS 60000 /* a parser that takes a minute for one document hangs */

static struct pull job;	       /* no initialiser: its memory must not be in the file */
static struct loop_timer kick; /* the first step is taken from the loop, like all others */

static const char *const state_names[] = {
#define X(symbol, name) name,
	PULL_STATES(X)
#undef X
};

static void got_config(struct pull *p);
static void got_doc(struct pull *p);

bool pull_active(void)
{
	return job.state != PULL_IDLE;
}

size_t pull_layers(const struct digest **ret_layers)
{
	*ret_layers = job.layers;
	return pull_active() ? job.layer.index : 0;
}

void pull_progress(struct pull *p, const char *what, const char *text, uint64_t done_bytes,
		   uint64_t total_bytes)
{
	if (p->cb.progress)
		p->cb.progress(p->cb.data, what, text, done_bytes, total_bytes);
}

/* Everything that the job holds outside its own memory is given back, whatever state it is in. */
static void clean_up(struct pull *p)
{
	loop_timer_fini(&kick);
	loop_timer_fini(&p->parse_timer);
	loop_io_fini(&p->parse_io);
	if (p->parsing)
		parse_cancel(&p->parse);
	p->parsing = false;
	pull_layer_drop(p);
	if (p->archive[0])
		store_layer_abort(p->env.store, p->archive);
	p->archive[0] = '\0';
	pull_source_close(p);
	access_fini(&p->access);
	pull_cgroup_remove(p);
	sys_close(take_fd(&p->doc_fd));
	sys_close(take_fd(&p->manifest_fd));
	sys_close(take_fd(&p->config_fd));
	sys_release(p->mem, sizeof(p->mem));
	p->state = PULL_IDLE;
}

void pull_fail(struct pull *p, const struct err *e)
{
	struct pull_callbacks cb = p->cb;
	struct err copy = *e;

	err_wrap(&copy, "%s", p->name);
	clean_up(p);
	cb.done(cb.data, NULL, &copy);
}

void pull_cancel(void)
{
	struct err e = {0};

	if (!pull_active())
		return;
	err_text(&e, -ECANCELED, "cancelled while %s", state_names[job.state]);
	pull_fail(&job, &e);
}

static int why_ended(struct role_proc *proc, struct err *e)
{
	const char *name = roles[proc->id].name + 1;
	struct sys_exit x = {0};

	role_end(proc, &x);
	if (x.signaled && x.code == SIGKILL)
		return err_text(
			e, -ENOMEM,
			"the %s role needed more than the pull's memory (CONFIG_PULL_MEMORY_KIB=%d), "
			"or was killed",
			name, CONFIG_PULL_MEMORY_KIB);
	return err_text(e, -ECONNRESET, "the %s role ended with %s %d", name,
			x.signaled ? "signal" : "status", x.code);
}

int pull_recv(struct role_proc *proc, struct loop_io *io, uint8_t *buf, size_t cap,
	      struct msg *ret_msg, struct err *e)
{
	int r = role_recv(proc, buf, cap, ret_msg, MSG_DONTWAIT);

	if (r == 1)
		return 1;
	if (r == -EAGAIN)
		return 0;
	loop_io_fini(io);
	if (r == -EPROTO) {
		role_end(proc, NULL);
		return err_text(e, r, "the %s role sent what it may not send and was ended",
				roles[proc->id].name + 1);
	}
	return why_ended(proc, e);
}

int pull_broken(const struct role_proc *proc, struct err *e)
{
	return err_text(e, -EBADMSG, "the %s role broke its protocol", roles[proc->id].name + 1);
}

void pull_role_error(const struct role_proc *proc, struct dec *d, struct err *e)
{
	int64_t code = dec_i64(d);
	char *text = dec_str_req(d);

	if (d->bad || code >= 0 || code < -4095)
		pull_broken(proc, e);
	else
		err_text(e, (int)code, "%s", text);
}

void pull_role_dec(struct dec *d, struct msg *m)
{
	static char strings_mem[8 * 1024];
	static struct arena strings;

	arena_init(&strings, strings_mem, sizeof(strings_mem));
	dec_init(d, m->payload, m->len, &strings);
	msg_close_fds(m);
}

/* Parsing ------------------------------------------------------------------------------------- */

static void on_parsed(struct loop_io *io, uint32_t events)
{
	struct pull *p = io->data;

	(void)events;
	loop_io_fini(&p->parse_io);
	loop_timer_fini(&p->parse_timer);
	if (p->state == PULL_PARSE_DOC)
		got_doc(p);
	else
		got_config(p);
}

static void on_parse_timeout(struct loop_timer *t)
{
	struct err e = {0};

	err_text(&e, -ETIMEDOUT, "the parse role did not answer within %d s",
		 PARSE_TIMEOUT_MS / 1000);
	pull_fail(t->data, &e);
}

static int check_digest(const struct pull *p, const struct digest *got, struct err *e)
{
	char want_text[DIGEST_TEXT_CAP], got_text[DIGEST_TEXT_CAP];

	if (!p->has_want || digest_eq(&p->want, got))
		return 0;
	return err_text(e, -EBADMSG, "asked for %s, got bytes with digest %s: refused",
			digest_text(want_text, &p->want), digest_text(got_text, got));
}

/* What an index says of a document and what the registry says must agree (CVE-2021-41190). */
static int check_type(struct pull *p, struct err *e)
{
	if (!p->want_type[0])
		return 0;
	if (str_starts(p->content_type, "application/vnd.") &&
	    !str_starts(p->content_type, p->want_type))
		return err_text(e, -EBADMSG, "listed as \"%.60s\", but sent as \"%.60s\"",
				p->want_type, p->content_type);
	str_copy(p->content_type, sizeof(p->content_type), p->want_type);
	return 0;
}

/* Before anybody looks into it: a damaged document is told as such, not as bad JSON. */
static int check_document(struct pull *p, struct err *e)
{
	auto_unmap struct sys_map map = {0};
	struct sha256 h;
	struct digest got;
	int r;

	if (!p->has_want)
		return 0;
	r = sys_map_file(p->doc_fd, &map);
	if (r < 0)
		return err_set(e, r, "map a document");
	if (p->want_bytes && p->want_bytes != map.len)
		return err_text(e, -EBADMSG, "a document of %llu bytes has %zu",
				(unsigned long long)p->want_bytes, map.len);
	sha256_init(&h);
	sha256_update(&h, map.p, map.len);
	sha256_final(&h, &got);
	r = check_digest(p, &got, e);
	return r < 0 ? r : check_type(p, e);
}

void pull_doc_arrived(struct pull *p)
{
	bool config = p->state == PULL_FETCH_CONFIG;
	struct err e = {0};
	int r = check_document(p, &e);

	if (r < 0) {
		pull_fail(p, &e);
		return;
	}
	r = parse_start(&p->parse,
			config	    ? PARSE_IMAGE_CONFIG
			: p->docker ? PARSE_IMAGE_ARCHIVE
				    : PARSE_IMAGE_DOC,
			config ? "configuration" : "manifest",
			config	    ? NULL
			: p->docker ? (p->pick[0] ? p->pick : NULL)
				    : (p->content_type[0] ? p->content_type : NULL),
			p->doc_fd, -1, p->cgroup.procs, &e);
	if (r == 0) {
		p->parsing = true;
		p->state = config ? PULL_PARSE_CONFIG : PULL_PARSE_DOC;
		r = loop_io_init(&p->parse_io, p->env.loop, p->parse.proc.peer_fd, EPOLLIN,
				 on_parsed, p);
		if (r < 0)
			err_set(&e, r, "watch the parse role");
	}
	if (r < 0) {
		pull_fail(p, &e);
		return;
	}
	loop_timer_init(&p->parse_timer, p->env.loop, on_parse_timeout, p);
	loop_timer_set(&p->parse_timer, PARSE_TIMEOUT_MS);
}

static int ask_for(struct pull *p, enum pull_state state, const struct image_descriptor *want,
		   struct err *e)
{
	char text[DIGEST_TEXT_CAP];

	p->state = state;
	p->want = want->digest;
	p->want_bytes = want->size;
	p->has_want = !p->docker;
	/* blobs come as "application/octet-stream" */
	p->want_type[0] = '\0';
	if (state == PULL_FETCH_DOC)
		str_copy(p->want_type, sizeof(p->want_type), want->media_type);
	return pull_source_doc(p, state == PULL_FETCH_CONFIG, digest_text(text, &p->want), e);
}

static int choose(struct pull *p, const struct image_doc *index, struct err *e)
{
	struct image_doc of_name = *index;
	int r;

	if (p->layout_fd >= 0 && p->depth == 1) {
		r = pull_pick(p, &of_name, e);
		if (r < 0)
			return r;
	}
	return image_choose(&of_name, &p->platform, e);
}

static int follow_index(struct pull *p, const struct image_doc *index, struct err *e)
{
	struct image_descriptor chosen;
	char type[128] = "";
	int i;

	if (++p->depth > PULL_MAX_INDEX_DEPTH)
		return err_text(e, -ELOOP, "indexes are nested more than %d deep",
				PULL_MAX_INDEX_DEPTH);
	i = choose(p, index, e);
	if (i < 0)
		return i;
	chosen = index->manifests[i];
	str_copy(type, sizeof(type), chosen.media_type);
	chosen.media_type = type;
	arena_reset(&p->arena);
	return ask_for(p, PULL_FETCH_DOC, &chosen, e);
}

static int publish(struct pull *p, struct err *e)
{
	int r = store_ref_set_top(p->env.store, &p->ref, &p->manifest.digest,
				  p->layout_fd < 0 ? &p->top : NULL, e);

	if (r < 0)
		return r;
	p->result.manifest = p->manifest.digest;
	p->result.layers = (unsigned int)p->manifest.n_layers;
	return 0;
}

static void finish(struct pull *p)
{
	struct pull_callbacks cb = p->cb;
	struct pull_result result;

	pull_note_peak(p);
	result = p->result;
	clean_up(p);
	cb.done(cb.data, &result, NULL);
}

/* An image that is here already needs its name only: an unchanged tag costs one document. */
static bool already_stored(struct pull *p)
{
	size_t mark = p->arena.len;
	struct store_image img;
	bool stored;

	stored = store_image_get(p->env.store, &p->manifest.digest, &p->arena, &img, NULL) == 0;
	for (size_t i = 0; stored && i < img.config.n_diff_ids; i++)
		stored = store_layer_exists(p->env.store, &img.layers[i]);
	stored = stored && image_platform_fits(&img.config.platform, &p->platform);
	if (stored) {
		p->result.image_id = img.config.digest;
		p->manifest.n_layers = img.manifest.n_layers;
	}
	p->arena.len = mark;
	return stored;
}

static int take_manifest(struct pull *p, const struct image_doc *doc, struct err *e)
{
	int r;

	p->manifest = *doc;
	if (!p->docker && already_stored(p)) {
		r = publish(p, e);
		if (r == 0)
			finish(p);
		return r;
	}
	p->manifest_fd = take_fd(&p->doc_fd);
	r = ask_for(p, PULL_FETCH_CONFIG, &p->manifest.config, e);
	return r;
}

static void got_doc(struct pull *p)
{
	struct image_doc doc = {0};
	struct err e = {0};
	int r;

	p->parsing = false;
	r = parse_finish_doc(&p->parse, &p->arena, &doc, &e);
	if (r == 0)
		r = check_digest(p, &doc.digest, &e);
	if (p->depth == 0)
		p->top = doc.digest;
	if (r == 0 && doc.kind == IMAGE_DOC_INDEX)
		r = follow_index(p, &doc, &e);
	else if (r == 0)
		r = take_manifest(p, &doc, &e);
	if (r < 0 && pull_active())
		pull_fail(p, &e);
}

/* Layers and the end ------------------------------------------------------------------------------ */

static int store_image(struct pull *p, struct err *e)
{
	struct store_image img = {
		.manifest = p->manifest, .config = p->config, .layers = p->layers};
	auto_unmap struct sys_map manifest = {0}, config = {0};
	int r = sys_map_file(p->manifest_fd, &manifest);

	if (r == 0)
		r = sys_map_file(p->config_fd, &config);
	if (r < 0)
		return err_set(e, r, "map the image's documents");
	if (p->docker) {
		struct buf made;

		p->manifest.config.size = config.len;
		r = pull_make_manifest(p, &made, e);
		if (r < 0)
			return r;
		img.manifest = p->manifest;
		return store_image_put(p->env.store, (struct span){made.p, made.len},
				       (struct span){config.p, config.len}, &img, e);
	}
	return store_image_put(p->env.store, (struct span){manifest.p, manifest.len},
			       (struct span){config.p, config.len}, &img, e);
}

/* Is the layer whose turn it is here, whatever is below it or over these very layers? */
static bool layer_stored(struct pull *p)
{
	size_t i = p->layer.index;

	p->layers[i] = p->config.diff_ids[i];
	if (store_layer_exists(p->env.store, &p->layers[i]))
		return true;
	store_layer_name(p->layers, i, &p->config.diff_ids[i], &p->layers[i]);
	return store_layer_exists(p->env.store, &p->layers[i]);
}

static void next_layer(struct pull *p)
{
	struct err e = {0};
	char name[16];
	int r = 0;

	while (p->layer.index < p->manifest.n_layers && layer_stored(p)) {
		pull_progress(p, pull_layer_name(p, name), "already there", 0, 0);
		p->layer.index++;
	}
	if (p->layer.index < p->manifest.n_layers) {
		p->state = PULL_LAYER;
		r = pull_layer_begin(p, &e);
	} else {
		r = store_image(p, &e);
		if (r == 0)
			r = publish(p, &e);
		if (r == 0)
			finish(p);
	}
	if (r < 0 && pull_active())
		pull_fail(p, &e);
}

void pull_layer_done(struct pull *p)
{
	p->layer.index++;
	next_layer(p);
}

static void got_config(struct pull *p)
{
	struct err e = {0};
	int r;

	p->parsing = false;
	r = parse_finish_config(&p->parse, &p->arena, &p->config, &e);
	if (r == 0)
		r = check_digest(p, &p->config.digest, &e);
	if (r == 0)
		r = image_check_config(&p->manifest, &p->config, &p->platform, &e);
	if (r < 0) {
		pull_fail(p, &e);
		return;
	}
	pull_progress(p, "manifest", "done", 0, 0);
	p->config_fd = take_fd(&p->doc_fd);
	p->result.image_id = p->config.digest;
	p->layer.index = 0;
	next_layer(p);
}

/* Start ----------------------------------------------------------------------------------------- */

void pull_fetch_first(struct pull *p)
{
	char text[DIGEST_TEXT_CAP];
	const char *what = p->ref.tag;
	struct err e = {0};
	int r;

	if (p->layout_fd >= 0) {
		what = "index.json";
	} else if (p->ref.has_digest) {
		p->want = p->ref.digest;
		p->has_want = true;
		what = digest_text(text, &p->want);
	}
	p->state = PULL_FETCH_DOC;
	pull_progress(p, "manifest", "fetching", 0, 0);
	r = pull_source_doc(p, false, what, &e);
	if (r < 0 && pull_active())
		pull_fail(p, &e);
}

/* A tag that was pulled before costs no document if it still names the same. */
static bool ask_head(struct pull *p)
{
	struct err e = {0};

	if (p->layout_fd >= 0 || p->ref.has_digest ||
	    store_ref_top(p->env.store, &p->ref, &p->manifest.digest, &p->top) < 0 ||
	    !already_stored(p))
		return false;
	p->state = PULL_HEAD;
	pull_progress(p, "manifest", "comparing", 0, 0);
	if (pull_source_head(p, &e) < 0)
		pull_fail(p, &e);
	return true;
}

void pull_head_arrived(struct pull *p, const char *digest)
{
	char text[DIGEST_TEXT_CAP];
	struct err e = {0};

	if (!digest || !str_eq(digest, digest_text(text, &p->top)))
		pull_fetch_first(p);
	else if (publish(p, &e) < 0)
		pull_fail(p, &e);
	else {
		pull_progress(p, "manifest", "unchanged", 0, 0);
		finish(p);
	}
}

/* where a mirror left off; the document under way is known by its digest, or by the tag */
static void go_on(struct pull *p)
{
	char text[DIGEST_TEXT_CAP];
	struct err e = {0};
	int r = 0;

	p->state = p->then;
	if (p->state == PULL_HEAD) {
		r = pull_source_head(p, &e);
	} else if (p->state == PULL_LAYER) {
		r = pull_layer_begin(p, &e);
	} else if (p->has_want) {
		r = pull_source_doc(p, p->state == PULL_FETCH_CONFIG, digest_text(text, &p->want),
				    &e);
	} else if (!ask_head(p)) {
		pull_fetch_first(p);
	}
	if (r < 0 && pull_active())
		pull_fail(p, &e);
}

/* of the registry itself: its mirrors, in the order in which they are asked */
static void take_mirrors(struct pull *p)
{
	struct span rest = span_of(p->access.settings.mirrors ? p->access.settings.mirrors : "");
	const char *rate = p->access.settings.rate;
	bool found;

	if (rate)
		num_u64(span_of(rate), UINT64_MAX, &p->rate_bytes_s);
	while (rest.len && p->n_mirrors < REMOTE_MAX_MIRRORS) {
		struct span one = span_cut(rest, ' ', &rest, &found);

		if (str_copy_n(p->mirrors[p->n_mirrors], REMOTE_MIRROR_CAP, one.p, one.len) >= 0)
			p->n_mirrors++;
	}
}

static void got_access(void *data, const struct err *e)
{
	struct pull *p = data;

	if (e) {
		pull_fail(p, e);
		return;
	}
	if (!p->mirrors_known) {
		p->mirrors_known = true;
		take_mirrors(p);
		if (p->n_mirrors) {
			access_fini(&p->access);
			pull_access(p, p->then);
			return;
		}
	}
	go_on(p);
}

void pull_access(struct pull *p, enum pull_state then)
{
	char host[REFERENCE_HOST_CAP], repository[REMOTE_MIRROR_CAP + REFERENCE_REPO_CAP];
	const struct access_want want = {.loop = p->env.loop,
					 .config_path = p->env.config_path,
					 .cgroup_procs = p->cgroup.procs,
					 .host = host,
					 .repository = repository,
					 .done = got_access,
					 .data = p};

	pull_endpoint(p, host, repository);
	p->then = then;
	p->state = PULL_ACCESS;
	access_start(&p->access, &want);
}

static void first_step(struct loop_timer *t)
{
	struct pull *p = t->data;

	pull_cgroup_make(p);
	p->result.in_cgroup = p->cgroup.n > 0;
	if (p->layout_fd >= 0 && p->archive_given)
		pull_archive(p);
	else if (p->layout_fd >= 0)
		pull_fetch_first(p);
	else
		pull_access(p, PULL_FETCH_DOC);
}

static int begin(const struct pull_env *env, const struct reference *ref, const char *name,
		 const struct pull_callbacks *callbacks, struct err *e)
{
	struct pull *p = &job;

	if (pull_active())
		return err_text(e, -EBUSY, "another pull is under way");
	p->layout_fd = p->doc_fd = p->manifest_fd = p->config_fd = -1;
	p->archive[0] = p->pick[0] = '\0';
	p->docker = p->archive_given = false;
	p->env = *env;
	p->ref = *ref;
	p->cb = *callbacks;
	p->result = (struct pull_result){0};
	p->config = (struct image_config){0};
	p->layer = (struct pull_layer){0};
	p->depth = 0;
	p->has_want = false;
	p->mirrors_known = false;
	p->n_mirrors = p->endpoint = 0;
	p->rate_bytes_s = 0;
	p->want_bytes = 0;
	p->want_type[0] = '\0';
	p->platform = image_host_platform();
	if (ref->platform[0]) {
		int r = image_platform_parse(ref->platform, p->platform_mem, &p->platform, e);

		if (r < 0)
			return r;
	}
	if (str_copy(p->name, sizeof(p->name), name) < 0)
		return err_text(e, -ENAMETOOLONG, "name of the image is too long");
	arena_init(&p->arena, p->mem, sizeof(p->mem));
	p->state = PULL_ACCESS;
	loop_timer_init(&kick, env->loop, first_step, p);
	loop_timer_set(&kick, 0);
	return 0;
}

int pull_start(const struct pull_env *env, const struct reference *ref,
	       const struct pull_callbacks *callbacks, struct err *e)
{
	char name[REFERENCE_TEXT_CAP];

	return begin(env, ref, reference_short(name, ref), callbacks, e);
}

int pull_start_layout(const struct pull_env *env, int layout_fd, bool archive, const char *label,
		      const char *pick, const struct reference *ref,
		      const struct pull_callbacks *callbacks, struct err *e)
{
	int fd, r;

	if (pull_active())
		return err_text(e, -EBUSY, "another pull is under way");
	fd = sys_dup(layout_fd, 0);
	if (fd < 0)
		return err_set(e, fd, "%s", label);
	r = begin(env, ref, label, callbacks, e);
	if (r < 0)
		sys_close(fd);
	else
		job.layout_fd = fd;
	if (r == 0) {
		job.archive_given = archive;
		str_copy(job.pick, sizeof(job.pick), pick ? pick : "");
	}
	return r;
}
