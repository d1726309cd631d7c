/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/link.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>

#include "base/str.h"
#include "msg/netlink.h"
#include "sys/fd.h"
#include "sys/netlink.h"
#include "sys/proc.h"

#define SETTLE_MS 300  /* an address comes with several routes: try when all are there */
#define EVERY_MS  2000 /* a link that flaps must not make us hammer the registry */

static void settled(struct loop_timer *t)
{
	struct link_watch *w = t->data;

	w->told_ms = sys_now_ms();
	w->fn(w->data);
}

static bool is_news(const uint8_t *p, size_t len)
{
	struct nl_view rest = {p, len};
	const struct nlmsghdr *m;

	while ((m = nl_next(&rest)))
		if (m->nlmsg_type == RTM_NEWADDR || m->nlmsg_type == RTM_NEWROUTE)
			return true;
	return false;
}

static void on_change(struct loop_io *io, uint32_t events)
{
	struct link_watch *w = io->data;
	_Alignas(8) uint8_t buf[2048];
	bool news = false;
	int64_t early_ms;
	ssize_t n;

	(void)events;
	/* what does not fit or was lost is news, too */
	while ((n = sys_netlink_recv(io->fd, buf, sizeof(buf), false)) != -EAGAIN) {
		news |= n < 0 || is_news(buf, (size_t)n);
		if (n < 0 && n != -EMSGSIZE && n != -ENOBUFS) {
			link_watch_stop(w);
			return;
		}
	}
	if (!news || w->timer.due_ms)
		return;
	early_ms = w->told_ms ? w->told_ms + EVERY_MS - sys_now_ms() : 0;
	loop_timer_set(&w->timer, early_ms > SETTLE_MS ? early_ms : SETTLE_MS);
}

void link_watch_start(struct link_watch *w, struct loop *loop, void (*fn)(void *data), void *data)
{
	static const int groups[] = {RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR,
				     RTNLGRP_IPV6_ROUTE};
	auto_close int fd = -1;

	link_watch_stop(w);
	w->told_ms = 0;
	w->fn = fn;
	w->data = data;
	fd = sys_netlink_open(-1, NETLINK_ROUTE);
	for (size_t i = 0; fd >= 0 && i < ARRAY_LEN(groups); i++)
		sys_netlink_join(fd, groups[i]);
	if (fd < 0 || loop_io_init(&w->io, loop, fd, EPOLLIN, on_change, w) < 0)
		return;
	take_fd(&fd);
	loop_timer_init(&w->timer, loop, settled, w);
}

void link_watch_stop(struct link_watch *w)
{
	int fd = w->io.loop ? w->io.fd : -1;

	loop_timer_fini(&w->timer);
	loop_io_fini(&w->io);
	sys_close(fd);
}
