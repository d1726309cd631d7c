/* SPDX-License-Identifier: Apache-2.0 */
/* CHECK and CONFIG: what the parse role says of a manifest, and its canonical form. Nothing changes. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "engine/desired.h"
#include "engine/engine.h"
#include "sys/fd.h"

#define MAX_CHECKS 4
#define PARSE_MS   10000
#define CHUNK_CAP  (32 * 1024)

static struct check {
	struct client *client; /* NULL = free */
	int document_fd;
	char name[256];
	struct parse_call call;
	struct loop_io io;
	struct loop_timer timer;
} checks[MAX_CHECKS];

static struct client *end(struct check *k)
{
	struct client *c = k->client;

	loop_io_fini(&k->io);
	loop_timer_fini(&k->timer);
	sys_close(take_fd(&k->document_fd));
	k->client = NULL;
	return c;
}

static void print(struct client *c, const struct manifest *m)
{
	static char chunk[CHUNK_CAP + 1];
	char *mem = arena_alloc(&engine.scratch, CONFIG_MANIFEST_KIB * 1024);
	struct buf b;

	if (!mem) {
		client_error(c, 1, "no memory for the answer (CONFIG_ENGINE_SCRATCH_KIB)");
		return;
	}
	buf_init(&b, mem, CONFIG_MANIFEST_KIB * 1024);
	manifest_print(&b, m);
	if (!buf_ok(&b)) {
		client_error(c, 1, "the canonical form is larger than CONFIG_MANIFEST_KIB=%d",
			     CONFIG_MANIFEST_KIB);
		return;
	}
	for (size_t at = 0; at < b.len; at += CHUNK_CAP) {
		str_copy_n(chunk, sizeof(chunk), b.p + at,
			   b.len - at < CHUNK_CAP ? b.len - at : CHUNK_CAP);
		client_text(c, chunk);
	}
	client_done(c);
}

static void parsed(struct loop_io *io, uint32_t events)
{
	auto_scratch size_t mark = scratch_mark();
	struct check *k = io->data;
	struct manifest m;
	struct err e = {0};
	int r = parse_finish_manifest(&k->call, &engine.scratch, &m, &e);
	struct client *c = end(k);

	(void)mark;
	(void)events;
	if (r < 0)
		client_error(c, 1, "%s", e.msg);
	else if (c->verb == CTL_CONFIG)
		print(c, &m);
	else
		client_done(c);
}

static void late(struct loop_timer *t)
{
	struct check *k = t->data;

	parse_cancel(&k->call);
	client_error(end(k), 1, "%s: reading it took longer than %d s", k->name, PARSE_MS / 1000);
}

static int begin(struct check *k, struct client *c, struct err *e)
{
	int r = parse_start(&k->call, PARSE_MANIFEST, k->name, NULL, k->document_fd, -1, NULL, e);

	k->client = c;
	if (r < 0)
		return r;
	loop_timer_init(&k->timer, &engine.loop, late, k);
	loop_timer_set(&k->timer, PARSE_MS);
	r = loop_io_init(&k->io, &engine.loop, k->call.proc.peer_fd, EPOLLIN, parsed, k);
	if (r < 0) {
		parse_cancel(&k->call);
		err_set(e, r, "watch the parse role");
	}
	return r;
}

void verb_check(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct check *k = checks;
	struct digest ignored;
	struct err e = {0};

	while (k < checks + MAX_CHECKS && k->client)
		k++;
	if (k == checks + MAX_CHECKS) {
		client_error(c, 1, "%d manifests are being checked already; try again", MAX_CHECKS);
		return;
	}
	if (m->n_fds != 1) {
		client_error(c, 2, "%s: no manifest came with the request", ctl_verb_name(r->verb));
		return;
	}
	memset(k, 0, sizeof(*k));
	str_printf(k->name, sizeof(k->name), "%.250s", r->name ? r->name : "manifest");
	k->document_fd = desired_document(m->fds[0], k->name, &ignored, &e);
	if (k->document_fd < 0) {
		client_error(c, 1, "%s", e.msg);
		return;
	}
	client_watch(c, CLIENT_PARSE, NULL);
	if (begin(k, c, &e) < 0)
		client_error(end(k), 1, "%s", e.msg);
}

void verb_config(struct client *c, const struct ctl_request *r, struct msg *m)
{
	verb_check(c, r, m);
}

void check_client_gone(const struct client *c)
{
	for (struct check *k = checks; k < checks + MAX_CHECKS; k++)
		if (k->client == c) {
			parse_cancel(&k->call);
			end(k);
		}
}
