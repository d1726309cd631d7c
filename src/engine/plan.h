/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

/*
 * What to do next, as a pure function of what is wanted and what is there. It is level-triggered: the
 * engine asks again after every change, so no sequence of failures, crashes or adoptions needs a
 * path of its own. A step is given only when it may be taken now; steps of one answer are independent
 * of each other's success.
 */

#define PLAN_MAX 64 /* services: one bit each in a dependency mask */

/* X(symbol, name) */
#define PLAN_STATES(X)                                                                             \
	X(ABSENT, "absent") /* no container */                                                     \
	X(IDLE, "idle")	    /* container exists and may be started */                              \
	X(BUSY, "busy")	    /* starting, stopping or being removed: wait */                        \
	X(RUNNING, "running")                                                                      \
	X(RETRYING, "retrying")	  /* waits for its back-off */                                     \
	X(COMPLETED, "completed") /* ran and ended with 0; not to be started again */              \
	X(FAILED, "failed") /* ran and ended otherwise, or never ran; not to be started again */   \
	X(HELD, "held")	    /* stopped by the user */

enum plan_state {
#define X(symbol, name) PLAN_##symbol,
	PLAN_STATES(X)
#undef X
		PLAN_STATE_COUNT
};

/** struct plan_want - a service of the manifest; the position in the array is its bit in masks */
struct plan_want {
	const char *name;
	struct digest hash; /* of everything that needs a new container when it changes */
	bool ready;	    /* its image is in the store */
	uint64_t after_started, after_completed; /* services it depends on */
};

/** struct plan_have - a container of some manifest, present or earlier */
struct plan_have {
	const char *name;
	struct digest hash;
	enum plan_state state;
	bool ran;	/* has been running since it was created */
	uint64_t needs; /* positions in the have array that this one depends on */
};

/* X(symbol, name) */
#define PLAN_ACTIONS(X)                                                                            \
	X(REMOVE, "remove") /* @index into have: stop if it runs, then remove */                   \
	X(CREATE, "create") /* @index into want */                                                 \
	X(START, "start")   /* @index into want */

enum plan_action {
#define X(symbol, name) PLAN_##symbol,
	PLAN_ACTIONS(X)
#undef X
};

struct plan_step {
	enum plan_action action;
	size_t index;
};

struct plan {
	struct plan_step steps[2 * PLAN_MAX];
	size_t n_steps;
	size_t n_busy;	  /* under way */
	size_t n_blocked; /* want to start and wait for an image or for others */
};

/**
 * plan_make() - steps that may be taken now
 * @want: services in dependency order, at most PLAN_MAX
 * @have: containers, at most PLAN_MAX
 *
 * What is no longer wanted goes first, dependents before what they depend on; a changed service is
 * removed and made again; a service starts when those it depends on, in their new form, have started
 * or completed. With no step, nothing busy and nothing blocked the wish is fulfilled.
 */
void plan_make(const struct plan_want *want, size_t n_want, const struct plan_have *have,
	       size_t n_have, struct plan *ret_plan);

const char *plan_state_name(enum plan_state s);
const char *plan_action_name(enum plan_action a);
