/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: figures at an interval, and the kernel's kills for lack of memory. v1 counts them into an event
 * descriptor, v2 wakes who polls memory.events. The end of the first process ends the loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/num.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/runtime.h"
#include "runtime/statedir.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/watch.h"

#define LINE_CAP (256 * 1024)
#define LOOK_MS	 1000 /* without pidfds (Linux 5.3): how often we look whether it has ended */

struct watching {
	struct found f;
	struct cgroup c;
	const struct cgroup_hierarchy *memory; /* NULL: no memory controller */
	int oom_fd, control_fd, pidfd, epoll_fd;
	uint64_t kills; /* v2: so far */
	runtime_event_fn *fn;
	void *data;
};

static char line[LINE_CAP];

static void put_head(struct buf *b, const struct watching *w, const char *type)
{
	buf_init(b, line, sizeof(line));
	buf_printf(b, "{\"type\":\"%s\",\"id\":", type);
	buf_json(b, w->f.state.id);
}

static void send_line(struct watching *w, struct buf *b)
{
	buf_puts(b, "}\n");
	if (buf_ok(b))
		w->fn(w->data, (struct span){b->p, b->len});
}

static void send_stats(struct watching *w)
{
	struct buf b;

	put_head(&b, w, "stats");
	buf_puts(&b, ",\"data\":");
	cgroup_stats(&b, &w->c);
	send_line(w, &b);
}

/* "oom_kill N" of memory.events; read by this descriptor, so that its next poll waits for the next change */
static uint64_t count_kills(int fd)
{
	char text[512], *at;
	ssize_t n = sys_pread(fd, text, sizeof(text) - 1, 0);
	uint64_t kills = 0;

	text[n < 0 ? 0 : n] = '\0';
	at = strstr(text, "oom_kill ");
	if (at)
		num_u64((struct span){at + 9, strcspn(at + 9, "\n")}, UINT64_MAX, &kills);
	return kills;
}

static bool killed(struct watching *w)
{
	uint64_t n = 0;

	if (w->oom_fd < 0)
		return false;
	if (w->memory->v2) {
		n = count_kills(w->oom_fd);
		if (n <= w->kills)
			return false;
		w->kills = n;
		return true;
	}
	/* the removal of the cgroup counts too */
	return sys_read(w->oom_fd, &n, sizeof(n)) == sizeof(n) && n &&
	       cgroup_has(w->memory, "cgroup.event_control");
}

static int watch_v1(struct watching *w, struct err *e)
{
	char order[32];
	int r;

	w->control_fd = sys_open(w->memory->fd, "memory.oom_control", O_RDONLY, 0);
	w->oom_fd = w->control_fd < 0 ? w->control_fd : sys_eventfd();
	r = w->oom_fd;
	if (r >= 0) {
		snprintf(order, sizeof(order), "%d %d", w->oom_fd, w->control_fd);
		r = cgroup_write(w->memory, "cgroup.event_control", order, NULL);
	}
	return r < 0 ? err_set(e, r, "watch memory.oom_control") : 0;
}

static int watch(struct watching *w, struct err *e)
{
	int r = w->epoll_fd = sys_epoll_create();

	w->memory = w->c.n && w->c.h[0].v2 ? &w->c.h[0] : cgroup_with(&w->c, "memory");
	w->pidfd = sys_pidfd_open(w->f.state.pid);
	if (r >= 0 && w->pidfd >= 0)
		r = sys_epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->pidfd, EPOLLIN, NULL);
	if (r < 0)
		return err_set(e, r, "epoll");
	if (!w->memory)
		return 0;
	if (w->memory->v2) {
		/* not there: the controller is off */
		w->oom_fd = sys_open(w->memory->fd, "memory.events", O_RDONLY, 0);
		w->kills = w->oom_fd < 0 ? 0 : count_kills(w->oom_fd);
	} else {
		r = watch_v1(w, e);
	}
	if (r >= 0 && w->oom_fd >= 0)
		r = sys_epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->oom_fd,
				  w->memory->v2 ? EPOLLPRI : EPOLLIN, w);
	return r < 0 ? err_set(e, r, "watch the container's memory") : 0;
}

static int loop(struct watching *w, unsigned int interval_ms, struct err *e)
{
	int64_t next = sys_now_ms() + interval_ms;
	bool ended = false;

	while (!ended) {
		int64_t left = next - sys_now_ms();
		struct epoll_event event;
		int r;

		if (w->pidfd < 0 && left > LOOK_MS)
			left = LOOK_MS;
		r = sys_epoll_wait(w->epoll_fd, &event, 1, left > 0 ? (int)left : 0);
		if (r < 0)
			return err_set(e, r, "wait for events");
		/* asked before the kills are counted: none is lost when a kill was the end */
		ended = statedir_alive(&w->f.state) == 0;
		if (killed(w)) {
			struct buf b;

			put_head(&b, w, "oom");
			send_line(w, &b);
		}
		if (!ended && sys_now_ms() >= next) {
			send_stats(w);
			next += interval_ms;
		}
	}
	return 0;
}

int runtime_events(struct runtime *rt, const char *id, unsigned int interval_ms,
		   runtime_event_fn *fn, void *data, struct err *e)
{
	struct watching w = {.oom_fd = -1,
			     .control_fd = -1,
			     .pidfd = -1,
			     .epoll_fd = -1,
			     .fn = fn,
			     .data = data};
	int r = statedir_find(rt, id, &w.f, e);

	if (r < 0)
		return r;
	if (w.f.status == OCI_STOPPED || w.f.status == OCI_CREATING)
		r = err_text(e, -EINVAL, "container with id %s is not running", id);
	if (r == 0)
		r = cgroup_reopen(&w.c, &w.f.state.cgroups, &rt->arena, e);
	if (r == 0 && !interval_ms)
		send_stats(&w);
	if (r == 0 && interval_ms) {
		r = watch(&w, e);
		if (r == 0)
			r = loop(&w, interval_ms, e);
	}
	sys_close(w.oom_fd);
	sys_close(w.control_fd);
	sys_close(w.pidfd);
	sys_close(w.epoll_fd);
	cgroup_close(&w.c);
	sys_close(w.f.dir_fd);
	return r;
}
