/* SPDX-License-Identifier: Apache-2.0 */
/* "cleat history": the parse role reads an image's configuration; the layers' sizes are the store's. */
#include <errno.h>
#include <sys/epoll.h>

#include "engine/engine.h"
#include "engine/server.h"
#include "parse/client.h"
#include "sys/fd.h"

#define PARSE_MS  10000
#define LINE_CAP  8192 /* longer ones are cut */
#define N_COLUMNS IMAGE_HISTORY_LINES

enum { CREATED, CREATED_BY, COMMENT, NO_LAYER };

static struct {
	bool active;
	struct parse_call call;
	struct loop_io io;
	struct loop_timer timer;
	struct digest image;
} job; /* one at a time */

static char *cut(char *line)
{
	if (span_of(line).len >= LINE_CAP)
		line[LINE_CAP - 1] = '\0';
	return line;
}

static uint64_t layer_bytes(const struct digest *layer)
{
	struct store_layer_meta meta = {0};

	(void)store_layer_meta(&engine.store, layer, &meta, NULL); /* fsck tells */
	return meta.unpacked_bytes;
}

static void send_rows(struct client *c, const struct store_image *img, struct image_history *h)
{
	size_t layer = img->config.n_diff_ids;

	/* the newest first, as docker has it */
	for (size_t i = h->n / N_COLUMNS; i-- > 0;) {
		char **line = h->lines + i * N_COLUMNS;
		struct ctl_reply row = {.type = CTL_IMAGE};
		uint64_t bytes = 0;

		if (!line[NO_LAYER][0] && layer > 0)
			bytes = layer_bytes(&img->layers[--layer]);
		row.image = (struct ctl_image){.repository = cut(line[CREATED_BY]),
					       .tag = cut(line[COMMENT]),
					       .digest = job.image,
					       .id = img->config.digest,
					       .created = cut(line[CREATED]),
					       .bytes = bytes};
		client_send(c, &row);
	}
	client_done(c);
}

static void finish(const struct err *e, const struct store_image *img, struct image_history *h)
{
	job.active = false;
	for (struct client *c = NULL; (c = client_each(c));) {
		if (c->wait != CLIENT_HISTORY)
			continue;
		if (e->code)
			client_error(c, 1, "%s", e->msg);
		else
			send_rows(c, img, h);
	}
}

static void end(bool late)
{
	auto_scratch size_t mark = scratch_mark();
	struct image_history h = {0};
	struct store_image img = {0};
	struct err e = {0};

	(void)mark;
	loop_io_fini(&job.io);
	loop_timer_fini(&job.timer);
	if (late) {
		parse_cancel(&job.call);
		err_text(&e, -ETIMEDOUT, "the parse role did not answer");
	} else if (parse_finish_history(&job.call, &engine.scratch, &h, &e) == 0) {
		store_image_get(&engine.store, &job.image, &engine.scratch, &img, &e);
	}
	finish(&e, &img, &h);
}

static void on_parsed(struct loop_io *io, uint32_t events)
{
	(void)io, (void)events;
	end(false);
}

static void on_late(struct loop_timer *t)
{
	(void)t;
	end(true);
}

static int begin(const char *name, struct err *e)
{
	auto_close int fd = -1;
	int r = store_find(&engine.store, name, &job.image, e);

	if (r == 0)
		r = fd = store_image_raw(&engine.store, &job.image, "config", e);
	if (r >= 0)
		r = parse_start(&job.call, PARSE_IMAGE_HISTORY, name, NULL, fd, -1, NULL, e);
	if (r < 0)
		return r;
	r = loop_io_init(&job.io, &engine.loop, job.call.proc.peer_fd, EPOLLIN, on_parsed, NULL);
	if (r < 0) {
		parse_cancel(&job.call);
		return err_set(e, r, "watch the parse role");
	}
	loop_timer_init(&job.timer, &engine.loop, on_late, NULL);
	loop_timer_set(&job.timer, PARSE_MS);
	return 0;
}

void verb_history(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct err e = {0};

	(void)m;
	if (job.active)
		err_text(&e, -EBUSY, "another 'cleat history' is under way");
	else
		begin(r->name ? r->name : "", &e);
	if (e.code) {
		client_error(c, 1, "%s", e.msg);
		return;
	}
	job.active = true;
	client_watch(c, CLIENT_HISTORY, NULL);
}
