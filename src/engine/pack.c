/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pack.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "engine/engine.h"
#include "engine/event.h"
#include "role/role.h"
#include "sys/fd.h"
#include "sys/watch.h"
#include "unpack/unpack.h"

#define MAX_PACKS 4

static struct pack {
	struct role_proc proc; /* pid 0: free */
	struct loop_io io;
} packs[MAX_PACKS];

static struct err failure; /* of the last one */

/* its answer, or its end: the reader of the pipe has noticed either */
static void on_pack(struct loop_io *io, uint32_t events)
{
	struct pack *p = io->data;
	uint8_t frame[512], strings[512];
	struct msg m = {0};
	struct arena arena;
	struct dec d;
	const char *text;

	(void)events;
	if (role_recv(&p->proc, frame, sizeof(frame), &m, MSG_DONTWAIT) > 0 &&
	    m.type == PACK_ERROR) {
		arena_init(&arena, strings, sizeof(strings));
		dec_init(&d, m.payload, m.len, &arena);
		dec_i64(&d);
		text = dec_str_req(&d);
		failure = (struct err){0};
		err_text(&failure, -EIO, "%s", dec_done(&d) < 0 ? "the pack role broke" : text);
		event_err("pack-failed", &failure, "%s", "");
	}
	msg_close_fds(&m);
	loop_io_fini(&p->io);
	role_end(&p->proc, NULL);
}

const struct err *pack_failure(void)
{
	for (struct pack *p = packs; p < packs + MAX_PACKS; p++)
		if (p->proc.pid && sys_poll_one(p->proc.peer_fd, POLLIN, 0) > 0)
			on_pack(&p->io, EPOLLIN);
	return &failure;
}

static int spawn(struct pack *p, const int fds[static 3], const char *const *cgroup_procs,
		 struct err *e)
{
	int r = role_spawn(ROLE_PACK, fds, 3, cgroup_procs, &p->proc, e);

	if (r < 0)
		return r;
	r = loop_io_init(&p->io, &engine.loop, p->proc.peer_fd, EPOLLIN, on_pack, p);
	if (r < 0) {
		err_set(e, r, "watch the pack role");
		role_end(&p->proc, NULL);
	}
	return r;
}

int pack_start(const struct digest *layer, const char *const *cgroup_procs, struct err *e)
{
	auto_close int split_fd = store_layer_part(&engine.store, layer, STORE_LAYER_SPLIT, e);
	auto_close int tree_fd = -1;
	auto_close int out_fd = -1;
	struct pack *p = packs;
	int fds[2], r;

	while (p < packs + MAX_PACKS && p->proc.pid)
		p++;
	if (p == packs + MAX_PACKS)
		return err_text(e, -EBUSY, "%d layers are being packed already", MAX_PACKS);
	if (split_fd < 0)
		return split_fd;
	tree_fd = store_layer_open(&engine.store, layer, e);
	if (tree_fd < 0)
		return tree_fd;
	r = sys_pipe(fds, 0);
	if (r < 0)
		return err_set(e, r, "make a pipe");
	out_fd = fds[1];
	failure = (struct err){0};
	r = spawn(p, (const int[]){split_fd, tree_fd, out_fd}, cgroup_procs, e);
	if (r < 0)
		sys_close(fds[0]);
	return r < 0 ? r : fds[0];
}
