/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way through a proxy. The proxy resolves names, so the address that is connected to cannot be judged here. What
 * is judged is what the registry names: an address by its zone, a name by its form (dial_named()). A registry behind
 * a proxy counts as public, so that what is asked for directly, past the proxy, keeps the rule of dial().
 */
#include "registry/proxies.h"

#include <errno.h>
#include <string.h>

#include "registry/conn.h"

#define REQUEST_CAP (2 * URL_ORIGIN_CAP + PROXY_LOGIN_CAP + 128)

int proxies_init(struct proxies *p, const char *https, const char *http, const char *no_proxy,
		 struct err *e)
{
	int r = proxy_parse(https, &p->https, e);

	if (r == 0)
		r = proxy_parse(http, &p->http, e);
	if (r < 0)
		return err_wrap(e, "proxy");
	if (str_copy(p->no_proxy, sizeof(p->no_proxy), no_proxy ? no_proxy : "") < 0)
		return err_text(e, -EINVAL,
				"the list of hosts without proxy is longer than %zu bytes",
				sizeof(p->no_proxy) - 1);
	return 0;
}

const struct proxy *proxies_for(const struct proxies *p, const struct url *url)
{
	const struct proxy *proxy = url->https ? &p->https : &p->http;

	return proxy->host[0] && !proxy_bypassed(p->no_proxy, url) ? proxy : NULL;
}

int proxies_dial(const struct proxy *p, const struct url *url, enum dial_zone from,
		 enum dial_zone *ret_zone, struct err *e)
{
	enum dial_zone zone = dial_named(url->host), ignored;
	int r;

	if (from != DIAL_UNKNOWN && !dial_allowed(from, zone))
		return dial_refused(url->host, "behind the proxy", from, zone, e);
	r = dial(p->host, p->port, DIAL_UNKNOWN, &ignored, e);
	if (r < 0)
		return err_wrap(e, "proxy");
	*ret_zone = zone;
	return r;
}

static int refused(const struct proxy *p, unsigned int status, const struct url *url, struct err *e)
{
	if (status == 407)
		return err_text(
			e, -EACCES,
			"the proxy %s %s (HTTP 407): http://user:password@%s in its setting",
			p->host,
			p->login[0] ? "does not accept this user and password"
				    : "asks for user and password",
			p->host);
	return err_text(e, status >= 500 ? -EAGAIN : -EACCES,
			"the proxy %s does not connect us to %s (HTTP %u)", p->host, url->host,
			status);
}

static int read_head(struct conn *c, struct http_parser *http, struct err *e)
{
	struct http_event ev = {.type = HTTP_NEED_MORE};
	struct span data;
	size_t used;
	int r = 0;

	http_parser_init(http, true); /* as to a HEAD: no body */
	while (r == 0 && ev.type != HTTP_DONE) {
		r = conn_peek(c, &data, e);
		if (r == 0)
			return err_text(e, -ECONNRESET, "closed the connection");
		if (r < 0)
			break;
		do {
			r = http_parse(http, data.p, data.len, &ev, &used, e);
			if (r < 0)
				return r;
			conn_skip(c, used);
			data = (struct span){data.p + used, data.len - used};
		} while (ev.type != HTTP_NEED_MORE && ev.type != HTTP_DONE);
	}
	return r;
}

int proxies_tunnel(const struct proxy *p, struct conn *c, struct http_parser *scratch,
		   const struct url *url, struct err *e)
{
	char request[REQUEST_CAP], host[URL_ORIGIN_CAP];
	struct buf b;
	int r;

	str_printf(host, sizeof(host), url->ipv6 ? "[%s]:%u" : "%s:%u", url->host, url->port);
	buf_init(&b, request, sizeof(request));
	buf_printf(&b, "CONNECT %s HTTP/1.1\r\n", host);
	r = http_request_header(&b, "Host", host, e);
	if (r == 0 && p->login[0])
		r = http_request_header(&b, "Proxy-Authorization", p->login, e);
	if (r == 0)
		r = http_request_end(&b, e);
	if (r == 0)
		r = conn_send(c, request, b.len, e);
	explicit_bzero(request, sizeof(request));
	if (r == 0)
		r = read_head(c, scratch, e);
	if (r < 0)
		return err_wrap(e, "proxy %s", p->host);
	if (scratch->status < 200 || scratch->status > 299)
		return refused(p, scratch->status, url, e);
	/* nobody has spoken to the host yet: these bytes are not from it */
	if (c->plain.pos != c->plain.len)
		return err_text(e, -EBADMSG, "proxy %s: talks into the connection", p->host);
	return 0;
}
