/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a layer needs of the layers below it. Copied here and not in the unpack role, piece by piece so
 * that a large file does not keep the engine from its containers.
 */
#include <errno.h>

#include "engine/pull_job.h"

static void answer(struct pull *p, int code, const struct err *why)
{
	struct err e = {0};
	int r;

	if (code == -EIO || code == -ENOSPC || code == -EDQUOT || code == -EBADMSG) {
		pull_fail(p, why); /* the role knows only the number */
		return;
	}
	r = pull_unpack_lower_is(p, code, p->layer.lower.bytes);
	if (r == 0)
		return;
	err_set(&e, r, "answer the unpack role");
	pull_fail(p, &e);
}

static void copy_on(struct loop_timer *t)
{
	struct pull *p = t->data;
	struct err e = {0};
	int r = store_lower_step(&p->layer.lower, &e);

	if (r > 0)
		loop_timer_set(t, 0);
	else
		answer(p, r, &e);
}

void pull_lower_asked(struct pull *p, struct dec *d)
{
	struct pull_layer *l = &p->layer;
	const char *path = dec_str_req(d);
	bool dir = dec_bool(d);
	uint64_t max_bytes = dec_u64(d);
	struct err e = {0};
	int r;

	if (dec_done(d) < 0) {
		pull_broken(&p->unpack, &e);
		pull_fail(p, &e);
		return;
	}
	l->depends = true;
	pull_lower_drop(p); /* a role that asks twice has its first wish dropped */
	r = store_lower_begin(p->env.store, l->staged, p->layers, l->index, path, dir, max_bytes,
			      &l->lower, &e);
	if (r <= 0) {
		answer(p, r, &e);
		return;
	}
	loop_timer_init(&l->lower_timer, p->env.loop, copy_on, p);
	loop_timer_set(&l->lower_timer, 0);
}

void pull_lower_drop(struct pull *p)
{
	loop_timer_fini(&p->layer.lower_timer);
	store_lower_end(&p->layer.lower);
}
