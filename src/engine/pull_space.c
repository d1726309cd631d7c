/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does it fit? Nobody declares what layers take once they are unpacked. They hardly take less than what is
 * fetched: without so much room nothing is begun. They likely take two or three times that: without so
 * much room, what nobody needs goes first. What is between the two is tried; unpack stops at the reserve
 * (file/space.h).
 */
#include <errno.h>

#include "base/kconfig.h"
#include "engine/pull_job.h"
#include "file/space.h"

#define WAIT_MS	   50
#define MAX_BYTES  ((uint64_t)1 << 60)
#define FEW_INODES 16 /* of the store's own, for each layer and the image */

static void decide(struct pull *p)
{
	int fd = p->env.store->root_fd;
	struct err e = {0};

	if (file_room(fd, p->least_bytes, FEW_INODES) == 0) {
		p->space_then(p);
		return;
	}
	err_text(&e, -ENOSPC,
		 "at least %llu MiB are needed, likely %llu (%llu MiB to fetch or to read)",
		 (unsigned long long)(p->least_bytes >> 20) + 1,
		 (unsigned long long)(p->likely_bytes >> 20) + 1,
		 (unsigned long long)p->given_bytes >> 20);
	file_no_space(fd, &e);
	pull_fail(p, &e);
}

static void on_timer(struct loop_timer *t)
{
	struct pull *p = t->data;

	if (p->env.make_room(false))
		loop_timer_set(&p->space_timer, WAIT_MS);
	else
		decide(p);
}

static void check(struct pull *p, pull_step_fn *then)
{
	p->space_then = then;
	if (file_room(p->env.store->root_fd, p->likely_bytes, FEW_INODES) == 0) {
		then(p);
		return;
	}
	p->state = PULL_ROOM;
	loop_timer_init(&p->space_timer, p->env.loop, on_timer, p);
	loop_timer_set(&p->space_timer, p->env.make_room(true) ? WAIT_MS : 0);
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > MAX_BYTES || b > MAX_BYTES ? MAX_BYTES : a + b;
}

void pull_space_archive(struct pull *p, uint64_t bytes, pull_step_fn *then)
{
	p->given_bytes = p->least_bytes = sum(bytes, 0);
	p->likely_bytes = 3 * p->given_bytes;
	check(p, then);
}

void pull_space_layers(struct pull *p, pull_step_fn *then)
{
	p->given_bytes = p->likely_bytes = 0;
	for (p->layer->index = 0; p->layer->index < p->manifest.n_layers; p->layer->index++) {
		const struct image_descriptor *d = &p->manifest.layers[p->layer->index];
		unsigned int halves = d->compression == IMAGE_TAR ? 2 : 5;

		if (pull_layer_stored(p) || p->docker)
			continue;
		p->given_bytes = sum(p->given_bytes, d->size);
		p->likely_bytes = sum(p->likely_bytes, sum(d->size, 0) / 2 * halves);
	}
	p->layer->index = 0;
	p->layers_known = true;
	if (IS_ENABLED(CONFIG_STORE_BLOBS))
		p->likely_bytes += p->given_bytes;
	p->least_bytes = p->given_bytes << IS_ENABLED(CONFIG_STORE_BLOBS);
	check(p, then);
}
