/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wish and the steps towards it. desired_step() asks plan.c again after every change, so failures,
 * restarts and adoption need no path of their own. A generation in the store is: magic, digest of
 * CONFIG/manifest.yaml as it was last applied, digests of the images, the encoded manifest.
 */
#include "engine/desired.h"

#include <errno.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/event.h"
#include "sys/mem.h"

#define GENERATION_MAGIC 0x334e4547u /* "GEN3" */
#define GENERATION_EXTRA 4096	     /* bytes of a generation besides the manifest */
#define MAX_ROUNDS	 (4 * PLAN_MAX)

struct wish wish;

/* Wishes ------------------------------------------------------------------------------------------ */

static size_t index_of(const struct wish *w, const char *name)
{
	size_t i = 0;

	while (i < w->n_services && !str_eq(w->services[i].name, name))
		i++;
	return i;
}

static int set_depends(struct wish *w, struct wish_service *s, const struct manifest_service *from,
		       struct err *e)
{
	for (size_t i = 0; i < from->n_depends; i++) {
		const struct manifest_depends *d = &from->depends[i];
		size_t on = index_of(w, d->service);

		if (on == w->n_services)
			return err_text(e, -EINVAL, "service %s depends on %s, which is not there",
					from->name, d->service);
		if (d->condition == DEPENDS_HEALTHY)
			return err_text(e, -ENOTSUP,
					"service %s waits for %s to be healthy, and this cleat has "
					"no health checks; "
					"write condition: service_started",
					from->name, d->service);
		if (d->condition == DEPENDS_COMPLETED)
			s->after_completed |= UINT64_C(1) << on;
		else
			s->after_started |= UINT64_C(1) << on;
	}
	return 0;
}

int wish_set(struct wish *w, const struct manifest *m, struct err *e)
{
	struct enc enc;
	int r;

	if (m->n_services > PLAN_MAX)
		return err_text(e, -EFBIG, "%zu services, at most %d are possible", m->n_services,
				PLAN_MAX);
	enc_init(&enc, w->encoded, sizeof(w->encoded));
	manifest_encode(&enc, m);
	if (!enc_ok(&enc))
		return err_text(e, -EFBIG, "its model is larger than CONFIG_MANIFEST_KIB=%d",
				CONFIG_MANIFEST_KIB);
	w->len = enc.len;
	w->n_services = m->n_services;
	memset(w->services, 0, sizeof(w->services));
	for (size_t i = 0; i < m->n_services; i++)
		if (str_copy(w->services[i].name, sizeof(w->services[i].name),
			     m->services[i].name) < 0)
			return err_text(e, -ENAMETOOLONG,
					"service %.64s...: name longer than %d characters",
					m->services[i].name, CONTAINER_NAME_CAP - 1);
	for (size_t i = 0; i < m->n_services; i++) {
		r = set_depends(w, &w->services[i], &m->services[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

void wish_copy(struct wish *dst, const struct wish *src)
{
	memcpy(dst, src, offsetof(struct wish, encoded) + src->len);
}

int wish_manifest(const struct wish *w, struct manifest *ret_manifest, struct err *e)
{
	struct dec d;

	dec_init(&d, w->encoded, w->len, &engine.scratch);
	manifest_decode(&d, ret_manifest);
	if (dec_done(&d) < 0)
		return err_text(e, -EBADMSG,
				"the manifest's model is damaged or does not fit "
				"CONFIG_ENGINE_SCRATCH_KIB=%d",
				CONFIG_ENGINE_SCRATCH_KIB);
	return 0;
}

int wish_set_image(struct wish *w, size_t index, const struct digest *image, struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	struct wish_service *s = &w->services[index];
	struct manifest m;
	struct sha256 h;
	struct enc enc;
	void *mem;
	int r = wish_manifest(w, &m, e);

	(void)mark;
	if (r < 0)
		return r;
	mem = arena_alloc(&engine.scratch, MSG_MAX);
	if (!mem)
		return err_text(e, -ENOMEM, "CONFIG_ENGINE_SCRATCH_KIB is too small");
	enc_init(&enc, mem, MSG_MAX);
	enc_str(&enc, m.name);
	enc_digest(&enc, image);
	manifest_service_encode(&enc, &m.services[index]);
	if (!enc_ok(&enc))
		return err_text(e, -EFBIG, "service %s: its description is larger than %d bytes",
				s->name, MSG_MAX);
	sha256_init(&h);
	sha256_update(&h, mem, enc.len);
	sha256_final(&h, &s->hash);
	s->image = *image;
	s->ready = true;
	return 0;
}

bool wish_ready(const struct wish *w)
{
	for (size_t i = 0; i < w->n_services; i++)
		if (!w->services[i].ready)
			return false;
	return true;
}

/* Generations ------------------------------------------------------------------------------------- */

static int encode_generation(const struct wish *w, struct span *ret_bytes, struct err *e)
{
	size_t cap = w->len + GENERATION_EXTRA;
	void *mem = arena_alloc(&engine.scratch, cap);
	struct enc enc;

	if (!mem)
		return err_text(e, -ENOMEM, "CONFIG_ENGINE_SCRATCH_KIB is too small");
	enc_init(&enc, mem, cap);
	enc_u32(&enc, GENERATION_MAGIC);
	enc_digest(&enc, &w->seen);
	enc_u32(&enc, (uint32_t)w->n_services);
	for (size_t i = 0; i < w->n_services; i++)
		enc_digest(&enc, &w->services[i].image);
	enc_bytes(&enc, w->encoded, w->len);
	if (!enc_ok(&enc))
		return err_text(e, -EFBIG, "the generation is larger than %zu bytes", cap);
	*ret_bytes = (struct span){mem, enc.len};
	return 0;
}

static bool same_generation(const struct wish *a, const struct wish *b)
{
	if (!a->valid || !b->number || a->n_services != b->n_services || a->len != b->len ||
	    memcmp(a->encoded, b->encoded, a->len) != 0 || !digest_eq(&a->seen, &b->seen))
		return false;
	for (size_t i = 0; i < a->n_services; i++)
		if (!digest_eq(&a->services[i].image, &b->services[i].image))
			return false;
	return true;
}

int wish_put(struct wish *w, struct span yaml, struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	struct span bytes;
	int r;

	(void)mark;
	w->valid = true;
	if (same_generation(w, &wish)) {
		w->number = wish.number;
		return 0;
	}
	r = encode_generation(w, &bytes, e);
	if (r == 0)
		r = store_generation_put(&engine.store, yaml, bytes, &w->number, e);
	if (r == 0)
		r = store_generation_activate(&engine.store, w->number, e);
	if (r == 0)
		event("generation", "number=%llu services=%zu", (unsigned long long)w->number,
		      w->n_services);
	return r;
}

static int decode_generation(const void *data, size_t len, struct wish *w, struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	struct digest images[PLAN_MAX];
	struct manifest m;
	struct dec d, inner;
	struct span model;
	size_t n;
	int r;

	(void)mark;
	dec_init(&d, data, len, &engine.scratch);
	if (dec_u32(&d) != GENERATION_MAGIC)
		return err_text(e, -EBADMSG,
				"another version of cleat wrote it, or it is damaged: "
				"apply its manifest again");
	dec_digest(&d, &w->seen);
	n = dec_count(&d, PLAN_MAX);
	for (size_t i = 0; i < n; i++)
		dec_digest(&d, &images[i]);
	model = dec_bytes(&d);
	if (dec_done(&d) < 0)
		return err_text(e, -EBADMSG, "its model is damaged");
	dec_init(&inner, model.p, model.len, &engine.scratch);
	manifest_decode(&inner, &m);
	if (dec_done(&inner) < 0 || m.n_services != n)
		return err_text(e, -EBADMSG, "its manifest is damaged");
	r = wish_set(w, &m, e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		auto_scratch size_t image_mark = scratch_mark();
		struct store_image img;

		(void)image_mark;
		r = wish_set_image(w, i, &images[i], e);
		/* lost with a damaged store: apply_boot() fetches it again */
		if (store_image_get(&engine.store, &images[i], &engine.scratch, &img, NULL) < 0)
			w->services[i].ready = false;
	}
	return r;
}

static int read_generation(uint64_t number, struct wish *w, struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	size_t cap = sizeof(w->encoded) + GENERATION_EXTRA;
	void *mem = arena_alloc(&engine.scratch, cap);
	ssize_t n;
	int r;

	(void)mark;
	if (!mem)
		return err_text(e, -ENOMEM, "CONFIG_ENGINE_SCRATCH_KIB is too small");
	n = store_generation_read(&engine.store, number, mem, cap, e);
	r = n < 0 ? (int)n : decode_generation(mem, (size_t)n, w, e);
	if (r < 0)
		return err_wrap(e, "generation %llu", (unsigned long long)number);
	w->number = number;
	return 0;
}

void desired_start(void)
{
	struct err e = {0};
	uint64_t number;
	int r = store_generation_current(&engine.store, &number, &e);

	if (r == 0)
		r = read_generation(number, &wish, &e);
	wish.valid = r == 0;
	if (r == 0)
		event("generation", "number=%llu services=%zu", (unsigned long long)wish.number,
		      wish.n_services);
	else if (r != -ENOENT)
		event_err("generation-unreadable", &e, "%s", "");
	apply_boot();
	engine_changed();
}

/* Return: number of digests in @dst, with those that generation @number needs; -errno */
static int generation_images(uint64_t number, struct digest *dst, size_t n, size_t cap,
			     struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	size_t size = CONFIG_MANIFEST_KIB * 1024 + GENERATION_EXTRA, n_images;
	void *mem = arena_alloc(&engine.scratch, size);
	ssize_t len = mem ? store_generation_read(&engine.store, number, mem, size, e)
			  : err_set(e, -ENOMEM, "read a generation");
	struct digest seen, image;
	struct dec d;

	(void)mark;
	if (len < 0)
		return (int)len;
	dec_init(&d, mem, (size_t)len, &engine.scratch);
	d.bad = dec_u32(&d) != GENERATION_MAGIC;
	dec_digest(&d, &seen);
	n_images = dec_count(&d, PLAN_MAX);
	for (size_t i = 0; i < n_images && n < cap; i++) {
		dec_digest(&d, &image);
		dst[n++] = image;
	}
	return d.bad ? err_text(e, -EBADMSG,
				"generation %llu is damaged, or of another version of cleat: "
				"cleat apply FILE makes a new one",
				(unsigned long long)number)
		     : (int)n;
}

/* from the store, because a one-shot engine has no wish */
int desired_images(struct digest *dst, size_t cap, struct err *e)
{
	int n = (int)apply_images(dst, cap), r;
	struct err why = {0};
	uint64_t number;

	for (int i = 0; n >= 0 && i < 2; i++) {
		r = i ? store_generation_previous(&engine.store, &number, &why)
		      : store_generation_current(&engine.store, &number, &why);
		if (r == 0)
			n = generation_images(number, dst, (size_t)n, cap, &why);
		else if (r != -ENOENT)
			n = r;
	}
	if (n < 0 && e)
		*e = why;
	return n;
}

/* What is there ----------------------------------------------------------------------------------- */

static struct plan_want wants[PLAN_MAX];
static struct plan_have haves[PLAN_MAX];
static struct container *have_containers[PLAN_MAX];
static size_t n_haves;

static enum plan_state plan_state(const struct container *c)
{
	size_t i = index_of(&wish, c->service);
	bool again = i < wish.n_services && wish.services[i].again;

	if (c->removing)
		return PLAN_BUSY;
	switch (c->state) {
	case CONTAINER_FREE:
	case CONTAINER_STATE_COUNT:
		return PLAN_ABSENT;
	case CONTAINER_CREATED:
		return c->held && !again && c->restart == RESTART_UNLESS_STOPPED ? PLAN_HELD
										 : PLAN_IDLE;
	case CONTAINER_MOUNTING:
	case CONTAINER_LOOKUP:
	case CONTAINER_FILLING:
	case CONTAINER_CREATING:
	case CONTAINER_STARTING:
	case CONTAINER_STOPPING:
		return PLAN_BUSY;
	case CONTAINER_RUNNING:
		return PLAN_RUNNING;
	case CONTAINER_BACKOFF:
		return PLAN_RETRYING;
	case CONTAINER_EXITED:
		if (again)
			return PLAN_IDLE;
		if (c->held)
			return PLAN_HELD;
		return c->failed || c->exit_code != 0 ? PLAN_FAILED : PLAN_COMPLETED;
	}
	return PLAN_ABSENT;
}

static void fill_haves(void)
{
	n_haves = 0;
	for (struct container *c = NULL; (c = container_each(c)) && n_haves < PLAN_MAX;) {
		if (!c->service[0])
			continue;
		have_containers[n_haves] = c;
		haves[n_haves++] = (struct plan_have){
			.name = c->service, .hash = c->hash, .state = plan_state(c), .ran = c->ran};
	}
}

/* who needs whom stands in the records; it only matters when something has to go */
static void fill_needs(void)
{
	for (size_t i = 0; i < n_haves; i++) {
		auto_scratch size_t mark = scratch_mark();
		struct container_record rec;

		(void)mark;
		if (container_record_read(have_containers[i], &rec, NULL) < 0)
			continue;
		for (size_t d = 0; d < rec.spec.n_depends; d++)
			for (size_t k = 0; k < n_haves; k++)
				if (str_eq(haves[k].name, rec.spec.depends[d].service))
					haves[i].needs |= UINT64_C(1) << k;
	}
}

static bool something_goes(void)
{
	for (size_t i = 0; i < n_haves; i++)
		if (index_of(&wish, haves[i].name) == wish.n_services)
			return true;
	return false;
}

static void fill_wants(void)
{
	for (size_t i = 0; i < wish.n_services; i++) {
		const struct wish_service *s = &wish.services[i];

		wants[i] = (struct plan_want){.name = s->name,
					      .hash = s->hash,
					      .ready = s->ready && !s->error[0],
					      .after_started = s->after_started,
					      .after_completed = s->after_completed};
	}
}

/* Steps ------------------------------------------------------------------------------------------- */

static void create(size_t index)
{
	auto_scratch size_t mark = scratch_mark();
	struct wish_service *s = &wish.services[index];
	struct manifest m;
	struct container *c;
	struct err e = {0};
	char *name;
	int r = wish_manifest(&wish, &m, &e);

	(void)mark;
	if (r == 0) {
		name = arena_printf(&engine.scratch, "%s%s%s-1", m.name ? m.name : "",
				    m.name ? "-" : "", s->name);
		r = container_new(&m.services[index], name ? name : s->name, s->name, &s->image,
				  &s->hash, false, &c, &e);
	}
	if (r == 0)
		return;
	str_printf(s->error, sizeof(s->error), "%.190s", e.msg);
	event_err("service-failed", &e, "service=%s", s->name);
}

static void start(size_t index)
{
	struct container *c = container_by_service(wish.services[index].name);
	struct err e = {0};

	wish.services[index].again = false;
	if (!c)
		return;
	container_set_held(c, false);
	container_start(c, &e); /* a failure is in the container's state, and told by it */
}

static void take(const struct plan_step *step)
{
	event("step", "action=%s service=%s", plan_action_name(step->action),
	      step->action == PLAN_REMOVE ? haves[step->index].name
					  : wish.services[step->index].name);
	switch (step->action) {
	case PLAN_REMOVE:
		container_remove(have_containers[step->index]);
		break;
	case PLAN_CREATE:
		create(step->index);
		break;
	case PLAN_START:
		start(step->index);
		break;
	}
}

void desired_step(void)
{
	static struct plan plan;

	if (!wish.valid || engine.one_shot)
		return;
	for (unsigned int round = 0; round < MAX_ROUNDS; round++) {
		fill_haves();
		fill_wants();
		if (something_goes())
			fill_needs();
		plan_make(wants, wish.n_services, haves, n_haves, &plan);
		if (plan.n_steps == 0)
			break;
		for (size_t i = 0; i < plan.n_steps; i++)
			take(&plan.steps[i]);
	}
	if (plan.n_steps == 0 && plan.n_busy == 0)
		apply_settled();
}

/* A dependency that failed keeps a service from starting: that is its error then. */
char *wish_service_error(size_t index, char *dst, size_t cap)
{
	const struct wish_service *s = &wish.services[index];
	const struct container *c = container_by_service(s->name);

	dst[0] = '\0';
	if (s->error[0])
		str_copy(dst, cap, s->error);
	else if (!s->ready)
		str_copy(dst, cap, "its image is not there yet");
	else if (!c)
		str_copy(dst, cap, "it has no container");
	else if (c->state == CONTAINER_CREATED)
		str_copy(dst, cap, "what it depends on does not run or has not completed");
	else if (c->failed)
		str_printf(dst, cap, "%.190s", c->error);
	else if (c->state == CONTAINER_BACKOFF)
		str_printf(dst, cap, "it ended with code %d and is being restarted", c->exit_code);
	else if (c->state == CONTAINER_EXITED && c->exit_code != 0 && !c->held)
		str_printf(dst, cap, "it ended with code %d", c->exit_code);
	return dst;
}

void desired_client_gone(struct client *c)
{
	apply_client_gone(c);
	check_client_gone(c);
}
