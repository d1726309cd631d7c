/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pull job from its start to its end: whom to ask, then documents (pull_doc.c), layers and the image
 * (pull_image.c). Everything that can fail ends in pull_fail(), which leaves the store as it was, apart from
 * whole layers that a next attempt finds again.
 */
#include "engine/pull.h"

#include <errno.h>

#include "base/num.h"
#include "engine/pull_job.h"
#include "sys/fd.h"
#include "sys/mem.h"

static struct pull job;	       /* no initialiser: its memory must not be in the file */
static struct loop_timer kick; /* the first step is taken from the loop, like all others */

static const char *const state_names[] = {
#define X(symbol, name) name,
	PULL_STATES(X)
#undef X
};

bool pull_active(void)
{
	return job.state != PULL_IDLE;
}

size_t pull_layers(const struct digest **ret_layers)
{
	*ret_layers = job.layers;
	return pull_active() && job.layers_known ? job.manifest.n_layers : 0;
}

void pull_progress(struct pull *p, const char *what, const char *text, uint64_t done_bytes,
		   uint64_t total_bytes)
{
	if (p->cb.progress)
		p->cb.progress(p->cb.data, what, text, done_bytes, total_bytes);
}

void pull_clean_up(struct pull *p)
{
	loop_timer_fini(&kick);
	loop_timer_fini(&p->space_timer);
	pull_doc_drop(p);
	pull_layer_drop(&p->layer_mem[0]);
	pull_layer_drop(&p->layer_mem[1]);
	p->tail = NULL;
	if (p->archive[0])
		store_layer_abort(p->env.store, p->archive);
	p->archive[0] = '\0';
	pull_source_close(p);
	access_fini(&p->access);
	pull_cgroup_remove(&p->cgroup);
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
	pull_clean_up(p);
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

/* Start ----------------------------------------------------------------------------------------- */

/* where a mirror left off; the document under way is known by its digest, or by the tag */
static void go_on(struct pull *p)
{
	char text[DIGEST_TEXT_CAP];
	struct err e = {0};
	int r = 0;

	p->state = p->then;
	if (p->state == PULL_VERIFY) {
		pull_verify_begin(p);
	} else if (p->state == PULL_HEAD) {
		r = pull_source_head(p, &e);
	} else if (p->state == PULL_LAYER) {
		r = pull_layer_begin(p, &e);
	} else if (p->has_want) {
		r = pull_source_doc(p, p->state == PULL_FETCH_CONFIG ? FETCH_BLOB : FETCH_MANIFEST,
				    digest_text(text, &p->want), &e);
	} else if (!pull_ask_head(p)) {
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

	pull_cgroup_make(&p->cgroup, p->env.store, p->env.cgroup_parent, "pull");
	p->result.in_cgroup = p->cgroup.n > 0;
	if (p->layout_fd >= 0 && p->archive_given)
		pull_archive(p);
	else if (p->layout_fd >= 0)
		pull_fetch_first(p);
	else
		pull_access(p, PULL_FETCH_DOC);
}

static int begin(const struct pull_env *env, const struct reference *ref, const char *name,
		 const struct policy_keys *keys, const struct pull_callbacks *callbacks,
		 struct err *e)
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
	p->verify = (struct pull_verify){.keys = *keys};
	p->result = (struct pull_result){0};
	p->config = (struct image_config){0};
	for (size_t i = 0; i < ARRAY_LEN(p->layer_mem); i++)
		p->layer_mem[i] = (struct pull_layer){.pull = p};
	p->layer = p->layer_mem;
	p->tail = NULL;
	p->image_bytes = 0;
	p->depth = 0;
	p->has_want = false;
	p->mirrors_known = p->layers_known = false;
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
	       const struct policy_keys *keys, const struct pull_callbacks *callbacks,
	       struct err *e)
{
	char name[REFERENCE_TEXT_CAP];

	return begin(env, ref, reference_short(name, ref), keys, callbacks, e);
}

int pull_start_layout(const struct pull_env *env, int layout_fd, bool archive, const char *label,
		      const char *pick, const struct reference *ref, const struct policy_keys *keys,
		      const struct pull_callbacks *callbacks, struct err *e)
{
	int fd, r;

	if (pull_active())
		return err_text(e, -EBUSY, "another pull is under way");
	fd = sys_dup(layout_fd, 0);
	if (fd < 0)
		return err_set(e, fd, "%s", label);
	r = begin(env, ref, label, keys, callbacks, e);
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
