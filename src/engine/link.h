/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "loop/loop.h"

/** struct link_watch - who waits for the network is told when a route or an address appears */
struct link_watch {
	struct loop_io io;
	struct loop_timer timer;
	int64_t told_ms;
	void (*fn)(void *data);
	void *data;
};

/**
 * link_watch_start() - call @fn from the loop shortly after a change, at most every two seconds
 *
 * Best effort: without it a wait only lasts to its end. Watched only while somebody waits, as each container
 * that starts makes addresses and routes too.
 */
void link_watch_start(struct link_watch *w, struct loop *loop, void (*fn)(void *data), void *data);
void link_watch_stop(struct link_watch *w); /* idempotent */
