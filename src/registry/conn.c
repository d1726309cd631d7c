/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/conn.h"

#include <errno.h>
#include <poll.h>

#include "sys/fd.h"
#include "sys/inet.h"
#include "sys/proc.h"
#include "sys/watch.h"

void conns_init(struct conns *cs, const struct tls_trust *trust, int stall_ms)
{
	for (size_t i = 0; i < ARRAY_LEN(cs->slots); i++)
		cs->slots[i].fd = -1;
	cs->trust = *trust;
	cs->stall_ms = stall_ms;
}

void conn_close(struct conn *c)
{
	if (c->tls && c->fd >= 0)
		tls_close(&c->tls_stream);
	sys_close(take_fd(&c->fd));
}

bool conn_pending(struct conn *c)
{
	if (c->tls)
		return tls_pending(&c->tls_stream);
	return c->plain.pos != c->plain.len || sys_poll_one(c->fd, POLLIN, 0) != 0;
}

static struct conn *find(struct conns *cs, const char *origin)
{
	struct conn *oldest = &cs->slots[0];

	for (size_t i = 0; i < ARRAY_LEN(cs->slots); i++) {
		struct conn *c = &cs->slots[i];

		if (c->fd >= 0 && str_eq(c->origin, origin))
			return c;
		if (c->fd < 0 || (oldest->fd >= 0 && c->last_use_ms < oldest->last_use_ms))
			oldest = c;
	}
	conn_close(oldest);
	return oldest;
}

static int handshake(struct conns *cs, struct conn *c, const struct url *url,
		     enum conn_fail *ret_fail, struct err *e)
{
	enum tls_class class = TLS_E_NETWORK;
	/* shown to whom it is for alone: not to token servers and storage elsewhere */
	bool ours = cs->own.host && str_eq(cs->own.host, url->host);
	int r;

	r = tls_connect(&c->tls_stream, &cs->checker, &cs->trust, ours ? &cs->own : NULL, c->fd,
			url->host, cs->stall_ms, &class, e);
	if (r == 0)
		return 0;
	switch (class) {
	case TLS_E_NETWORK:
		err_wrap(e, "TLS handshake");
		*ret_fail = CONN_F_NETWORK;
		break;
	case TLS_E_PEER:
		*ret_fail = CONN_F_TLS;
		break;
	case TLS_E_CLOCK:
		*ret_fail = CONN_F_CLOCK;
		break;
	}
	conn_close(c);
	return r;
}

int conn_open(struct conns *cs, const struct url *url, enum dial_zone from, struct conn **ret_conn,
	      enum conn_fail *ret_fail, struct err *e)
{
	const struct proxy *proxy = proxies_for(&cs->proxies, url);
	char origin[URL_ORIGIN_CAP];
	struct conn *c = find(cs, url_origin(origin, url));
	int r;

	if (c->fd >= 0 && conn_pending(c)) /* what nobody asked for */
		conn_close(c);
	c->waited_ms = 0;
	c->waited_bytes = 0;
	c->last_use_ms = sys_now_ms();
	if (c->fd >= 0 && dial_allowed(from, c->zone)) {
		*ret_conn = c;
		return 0;
	}
	conn_close(c);
	r = proxy ? proxies_dial(proxy, url, from, &c->zone, e)
		  : dial(url->host, url->port, from, &c->zone, e);
	*ret_fail = r == -EACCES ? CONN_F_REFUSED : CONN_F_NETWORK;
	if (r < 0)
		return r;
	c->fd = r;
	c->tls = false;
	c->used = false;
	c->stall_ms = cs->stall_ms;
	c->plain.pos = c->plain.len = 0;
	str_copy(c->origin, sizeof(c->origin), origin);
	if (url->https && proxy) {
		r = proxies_tunnel(proxy, c, &cs->connect, url, e);
		if (r < 0) {
			*ret_fail = r == -EACCES ? CONN_F_PROXY : CONN_F_NETWORK;
			conn_close(c);
			return r;
		}
	}
	c->tls = url->https;
	if (c->tls) {
		r = handshake(cs, c, url, ret_fail, e);
		if (r < 0)
			return r;
	}
	*ret_conn = c;
	return 0;
}

static int wait_for(struct conn *c, short events, struct err *e)
{
	int r = sys_poll_one(c->fd, events, c->stall_ms);

	if (r < 0)
		return err_set(e, r, "wait for %s", c->origin);
	if (r == 0)
		return err_text(e, -ETIMEDOUT, "%s was silent for %d s", c->origin,
				c->stall_ms / 1000);
	return 0;
}

int conn_send(struct conn *c, const void *data, size_t len, struct err *e)
{
	const char *p = data;

	if (c->tls)
		return tls_send(&c->tls_stream, data, len, e);
	while (len) {
		ssize_t n = sys_send(c->fd, p, len);

		if (n == -EAGAIN) {
			n = wait_for(c, POLLOUT, e);
			if (n < 0)
				return (int)n;
			continue;
		}
		if (n < 0)
			return err_set(e, (int)n, "send to %s", c->origin);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int plain_peek(struct conn *c, struct span *ret_data, struct err *e)
{
	while (c->plain.pos == c->plain.len) {
		ssize_t n = sys_recv(c->fd, c->plain.data, sizeof(c->plain.data));

		if (n == 0)
			return 0;
		if (n == -EAGAIN)
			n = wait_for(c, POLLIN, e);
		else if (n < 0)
			return err_set(e, (int)n, "receive from %s", c->origin);
		else
			c->plain.pos = 0, c->plain.len = (size_t)n;
		if (n < 0)
			return (int)n;
	}
	*ret_data = (struct span){c->plain.data + c->plain.pos, c->plain.len - c->plain.pos};
	return 1;
}

int conn_peek(struct conn *c, struct span *ret_data, struct err *e)
{
	int64_t start = sys_now_ms();
	int r;

	r = c->tls ? tls_peek(&c->tls_stream, ret_data, e) : plain_peek(c, ret_data, e);
	c->waited_ms += sys_now_ms() - start;
	if (r > 0 && c->waited_ms > c->stall_ms) {
		if (c->waited_bytes < CONN_MIN_BYTES)
			return err_text(e, -ETIMEDOUT, "%s sends less than %d bytes in %d s",
					c->origin, CONN_MIN_BYTES, c->stall_ms / 1000);
		c->waited_ms = 0;
		c->waited_bytes = 0;
	}
	return r;
}

void conn_skip(struct conn *c, size_t len)
{
	c->waited_bytes += len;
	if (c->tls)
		tls_skip(&c->tls_stream, len);
	else
		c->plain.pos += len;
}
