/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan.h"

#include "base/str.h"

#define NONE SIZE_MAX

const char *plan_state_name(enum plan_state s)
{
	static const char *const names[] = {
#define X(symbol, name) [PLAN_##symbol] = name,
		PLAN_STATES(X)
#undef X
	};

	return names[s];
}

const char *plan_action_name(enum plan_action a)
{
	static const char *const names[] = {
#define X(symbol, name) [PLAN_##symbol] = name,
		PLAN_ACTIONS(X)
#undef X
	};

	return names[a];
}

static void add(struct plan *p, enum plan_action action, size_t index)
{
	p->steps[p->n_steps++] = (struct plan_step){action, index};
}

static size_t find_want(const struct plan_want *want, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(want[i].name, name))
			return i;
	return NONE;
}

static size_t find_have(const struct plan_have *have, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (have[i].state != PLAN_ABSENT && str_eq(have[i].name, name))
			return i;
	return NONE;
}

/* does another container that has to go still need this one? */
static bool needed(const struct plan_have *have, size_t n_have, const bool *goes, size_t index)
{
	for (size_t i = 0; i < n_have; i++)
		if (i != index && goes[i] && have[i].state != PLAN_ABSENT &&
		    (have[i].needs & (UINT64_C(1) << index)) &&
		    !(have[index].needs & (UINT64_C(1) << i)))
			return true;
	return false;
}

static void plan_removals(const struct plan_want *want, size_t n_want, const struct plan_have *have,
			  size_t n_have, struct plan *p)
{
	bool goes[PLAN_MAX];

	for (size_t i = 0; i < n_have; i++)
		goes[i] = have[i].state != PLAN_ABSENT &&
			  find_want(want, n_want, have[i].name) == NONE;
	for (size_t i = 0; i < n_have; i++) {
		if (!goes[i])
			continue;
		if (have[i].state == PLAN_BUSY)
			p->n_busy++;
		else if (needed(have, n_have, goes, i))
			p->n_blocked++;
		else
			add(p, PLAN_REMOVE, i);
	}
}

/* a dependency counts only in the form that is wanted now, not while it waits for replacement */
static bool satisfied(const struct plan_want *want, size_t n_want, const struct plan_have *have,
		      size_t n_have, size_t dep, bool completed)
{
	size_t h;

	if (dep >= n_want)
		return false;
	h = find_have(have, n_have, want[dep].name);
	if (h == NONE || !digest_eq(&have[h].hash, &want[dep].hash))
		return false;
	if (completed)
		return have[h].state == PLAN_COMPLETED;
	return have[h].state == PLAN_RUNNING ||
	       ((have[h].state == PLAN_COMPLETED || have[h].state == PLAN_FAILED) && have[h].ran);
}

static bool may_start(const struct plan_want *want, size_t n_want, const struct plan_have *have,
		      size_t n_have, size_t index)
{
	for (size_t dep = 0; dep < PLAN_MAX; dep++) {
		uint64_t bit = UINT64_C(1) << dep;

		if ((want[index].after_started & bit) &&
		    !satisfied(want, n_want, have, n_have, dep, false))
			return false;
		if ((want[index].after_completed & bit) &&
		    !satisfied(want, n_want, have, n_have, dep, true))
			return false;
	}
	return true;
}

static void plan_service(const struct plan_want *want, size_t n_want, const struct plan_have *have,
			 size_t n_have, size_t index, struct plan *p)
{
	size_t h = find_have(have, n_have, want[index].name);

	if (h != NONE && have[h].state == PLAN_BUSY) {
		p->n_busy++;
		return;
	}
	if (!want[index].ready) {
		/* an older container of this service goes on until the image is here */
		p->n_blocked++;
		return;
	}
	if (h == NONE) {
		add(p, PLAN_CREATE, index);
		return;
	}
	if (!digest_eq(&have[h].hash, &want[index].hash)) {
		add(p, PLAN_REMOVE, h);
		return;
	}
	if (have[h].state != PLAN_IDLE)
		return;
	if (may_start(want, n_want, have, n_have, index))
		add(p, PLAN_START, index);
	else
		p->n_blocked++;
}

void plan_make(const struct plan_want *want, size_t n_want, const struct plan_have *have,
	       size_t n_have, struct plan *ret_plan)
{
	ret_plan->n_steps = ret_plan->n_busy = ret_plan->n_blocked = 0;
	plan_removals(want, n_want, have, n_have, ret_plan);
	for (size_t i = 0; i < n_want; i++)
		plan_service(want, n_want, have, n_have, i, ret_plan);
}
