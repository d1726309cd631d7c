/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a layer needs of the layers below it. Copied here and not in the unpack role, piece by piece so
 * that a large file does not keep the engine from its containers.
 */
#include <errno.h>

#include "engine/pull_job.h"

static void answer(struct pull_layer *l, int code, const struct err *why)
{
	struct err e = {0};
	int r;

	if (code == -EIO || code == -ENOSPC || code == -EDQUOT || code == -EBADMSG) {
		pull_fail(l->pull, why); /* the role knows only the number */
		return;
	}
	r = pull_unpack_lower_is(l, code, l->lower.bytes);
	if (r == 0)
		return;
	err_set(&e, r, "answer the unpack role");
	pull_fail(l->pull, &e);
}

static void copy_on(struct loop_timer *t)
{
	struct pull_layer *l = t->data;
	struct err e = {0};
	int r = store_lower_step(&l->lower, &e);

	if (r > 0)
		loop_timer_set(t, 0);
	else
		answer(l, r, &e);
}

void pull_lower_begin(struct pull_layer *l)
{
	struct pull *p = l->pull;
	struct err e = {0};
	int r;

	if (!l->asked)
		return;
	l->asked = false;
	pull_lower_drop(l); /* a role that asks twice has its first wish dropped */
	r = store_lower_begin(p->env.store, l->staged, p->layers, l->index, l->wish.path,
			      l->wish.dir, l->wish.max_bytes, &l->lower, &e);
	if (r <= 0) {
		answer(l, r, &e);
		return;
	}
	loop_timer_init(&l->lower_timer, p->env.loop, copy_on, l);
	loop_timer_set(&l->lower_timer, 0);
}

void pull_lower_asked(struct pull_layer *l, struct dec *d)
{
	struct pull_wish *w = &l->wish;
	const char *path = dec_str_req(d);
	struct err e = {0};

	w->dir = dec_bool(d);
	w->max_bytes = dec_u64(d);
	if (dec_done(d) < 0 || str_copy(w->path, sizeof(w->path), path) < 0) {
		pull_broken(&l->unpack, &e);
		pull_fail(l->pull, &e);
		return;
	}
	l->depends = l->asked = true;
	if (l == l->pull->tail || !l->pull->tail)
		pull_lower_begin(l);
}

void pull_lower_drop(struct pull_layer *l)
{
	loop_timer_fini(&l->lower_timer);
	store_lower_end(&l->lower);
}
